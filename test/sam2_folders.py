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


def save_small_grounding(folder, *, seed=0):
    """Save a detector and its tokenizer, which knows the words of the class sets."""
    import transformers

    small_grounding(seed=seed).save_pretrained(folder)
    names = {index: f'[unused{index}]' for index in range(1100)} | SPECIAL
    names |= dict(enumerate(WORDS, 1020))
    vocabulary = {word: index for index, word in names.items()}
    transformers.BertTokenizer(vocab=vocabulary).save_pretrained(folder)
    return folder


def sam2_sizes():
    """Sizes of the parts that images need."""
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
        'fpn_hidden_size': WIDTH,
    }
    return {
        'vision_config': vision,
        'prompt_encoder_config': {'hidden_size': WIDTH},
        'mask_decoder_config': {
            'hidden_size': WIDTH,
            'mlp_dim': 32,
            'num_attention_heads': 2,
            'iou_head_hidden_dim': 32,
        },
    }


def small_sam2(*, seed=0):
    """Draw the weights of the network for videos, which the real folder holds."""
    import transformers

    torch.manual_seed(seed)
    config = transformers.Sam2VideoConfig(
        **sam2_sizes(),
        memory_attention_hidden_size=WIDTH,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_num_layers=1,
        memory_encoder_hidden_size=WIDTH,
        memory_encoder_output_channels=16,
        mask_downsampler_embed_dim=WIDTH,
        memory_fuser_embed_dim=WIDTH,
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


def save_small_sam2(folder, *, seed=0):
    """Save the network for videos."""
    small_sam2(seed=seed).save_pretrained(folder)
    return folder


def save_small_masks(folder, *, seed=0):
    """Save both networks below one folder, as `semantics.weights` wants them."""
    save_small_grounding(folder / 'grounding-dino-base', seed=seed)
    save_small_sam2(folder / 'sam2.1-hiera-large', seed=seed)
    return folder
