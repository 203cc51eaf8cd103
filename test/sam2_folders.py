"""Folders of a small GroundingDINO and a small SAM 2, laid out as the model hub lays them out."""

from occany_ros.semantics.classes import CLASS_SETS
import torch

WIDTH = 64
WORDS = sorted(
    {word for one in CLASS_SETS.values() for name, _ in one.flat_prompts for word in name.split()}
)
SPECIAL = {0: '[PAD]', 100: '[UNK]', 101: '[CLS]', 102: '[SEP]', 103: '[MASK]', 1012: '.'}


def small_grounding(*, seed=0):
    """Draw a detector's weights, large enough that names and boxes differ."""
    import transformers

    torch.manual_seed(seed)
    backbone = transformers.SwinConfig(
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=['stage2', 'stage3', 'stage4'],
    )
    text = transformers.BertConfig(
        vocab_size=1100,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=256,
    )
    network = transformers.GroundingDinoForObjectDetection(
        transformers.GroundingDinoConfig(
            backbone_config=backbone,
            text_config=text,
            d_model=32,
            num_queries=12,
            encoder_layers=1,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
        )
    )
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.dim() > 1 and 'sampling_offsets' not in name:
                weight.normal_(std=0.7 / weight[0].numel() ** 0.5)
    return network.eval()


def tokenizer():
    """Make a tokenizer that knows the words of the class sets."""
    import transformers

    names = {index: f'[unused{index}]' for index in range(1100)} | SPECIAL
    names |= dict(enumerate(WORDS, 1020))
    return transformers.BertTokenizer(vocab={word: index for index, word in names.items()})


def save_small_grounding(folder, *, seed=0):
    """Save a detector and its tokenizer."""
    small_grounding(seed=seed).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def sam2_sizes(width=WIDTH):
    """Sizes of the parts that images need; ``width`` is that of the features it decodes."""
    backbone = {
        'model_type': 'sam2_hiera_det_model',
        'hidden_size': 8,
        'blocks_per_stage': [1, 1, 2, 1],
        'embed_dim_per_stage': [8, 16, 32, 64],
        'num_attention_heads_per_stage': [1, 2, 2, 2],
        'window_size_per_stage': [8, 4, 4, 2],
        'global_attention_blocks': [3],
    }
    vision = {
        'backbone_config': backbone,
        'backbone_channel_list': [64, 32, 16, 8],
        'fpn_hidden_size': width,
    }
    return {
        'vision_config': vision,
        'prompt_encoder_config': {'hidden_size': width},
        'mask_decoder_config': {
            'hidden_size': width,
            'mlp_dim': 32,
            'num_attention_heads': 2,
            'iou_head_hidden_dim': 32,
        },
    }


def small_sam2(*, seed=0, width=WIDTH):
    """Draw the weights of the network for videos, which the real folder holds."""
    import transformers

    torch.manual_seed(seed)
    config = transformers.Sam2VideoConfig(
        **sam2_sizes(width),
        memory_attention_hidden_size=width,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_num_layers=1,
        memory_encoder_hidden_size=width,
        memory_encoder_output_channels=16,
        mask_downsampler_embed_dim=width,
        memory_fuser_embed_dim=width,
        memory_fuser_intermediate_dim=32,
        memory_fuser_num_layers=1,
    )
    network = transformers.Sam2VideoModel(config)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.dim() > 1:
                weight.normal_(std=1.0 / weight[0].numel() ** 0.5)
            elif 'norm' not in name:
                weight.normal_(std=0.1)
    return network.eval()


def save_small_sam2(folder, **how):
    """Save the network for videos; ``how`` as in `small_sam2`."""
    small_sam2(**how).save_pretrained(folder)
    return folder


def save_small_masks(folder, *, seed=0, width=WIDTH):
    """Save both networks below one folder, as `semantics.weights` wants them."""
    save_small_grounding(folder / 'grounding-dino-base', seed=seed)
    save_small_sam2(folder / 'sam2.1-hiera-large', seed=seed, width=width)
    return folder


def sam2_features(views=2, edge=8, seed=5):
    """Draw features of the small network's widths, coarsest first."""
    drawn = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(views, WIDTH // narrower, scale * edge, scale * edge, generator=drawn)
        for narrower, scale in ((1, 1), (4, 2), (8, 4))
    )


def released_grounding():
    """Draw a detector of the size of grounding-dino-base."""
    import transformers

    backbone = transformers.SwinConfig(
        embed_dim=128,
        depths=[2, 2, 18, 2],
        num_heads=[4, 8, 16, 32],
        window_size=12,
        image_size=384,
        out_features=['stage2', 'stage3', 'stage4'],
    )
    config = transformers.GroundingDinoConfig(backbone_config=backbone)
    torch.manual_seed(0)
    return transformers.GroundingDinoForObjectDetection(config).eval()


def released_sam2():
    """Draw a network of the size of sam2.1-hiera-large."""
    import transformers

    backbone = {
        'model_type': 'sam2_hiera_det_model',
        'hidden_size': 144,
        'blocks_per_stage': [2, 6, 36, 4],
        'embed_dim_per_stage': [144, 288, 576, 1152],
        'num_attention_heads_per_stage': [2, 4, 8, 16],
        'window_size_per_stage': [8, 4, 16, 8],
        'global_attention_blocks': [23, 33, 43],
    }
    vision = {'backbone_config': backbone, 'backbone_channel_list': [1152, 576, 288, 144]}
    torch.manual_seed(0)
    return transformers.Sam2Model(transformers.Sam2Config(vision_config=vision)).eval()
