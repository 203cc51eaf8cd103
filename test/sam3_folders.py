"""Folders of a small SAM 3 with drawn weights, laid out as the model hub lays out the real one."""

import string

import torch

WIDTH = 32
QUERIES = 6
PATCHES = 4
LAYER = {'num_layers': 2, 'num_attention_heads': 2, 'intermediate_size': 48}


def small_sizes(width=WIDTH):
    """Sizes of its parts; ``width`` is that of the features it decodes."""
    backbone = {
        'model_type': 'sam3_vit_model',
        'hidden_size': 32,
        'intermediate_size': 64,
        'num_hidden_layers': 2,
        'num_attention_heads': 2,
        'image_size': 14 * PATCHES,
        'pretrain_image_size': 28,
        'window_size': 2,
        'global_attn_indexes': [1],
    }
    text = {
        'model_type': 'clip_text_model',
        'vocab_size': 2 * len(string.ascii_lowercase) + 4,
        'bos_token_id': 0,
        'eos_token_id': 1,
        'hidden_size': 24,
        'intermediate_size': 48,
        'projection_dim': 16,
        'num_hidden_layers': 2,
        'num_attention_heads': 2,
        'max_position_embeddings': 32,
    }
    return {
        'vision_config': {'fpn_hidden_size': width, 'backbone_config': backbone},
        'text_config': text,
        'geometry_encoder_config': {'hidden_size': width, **LAYER},
        'detr_encoder_config': {'hidden_size': width, **LAYER},
        'detr_decoder_config': {'hidden_size': width, 'num_queries': QUERIES, **LAYER},
        'mask_decoder_config': {'hidden_size': width, 'num_attention_heads': 2},
    }


def small_tracker():
    """Sizes of the part that follows objects through videos, which the real folder has too."""
    return {
        'image_size': 14 * PATCHES,
        'vision_config': small_sizes()['vision_config'],
        'prompt_encoder_config': {'hidden_size': 32, 'image_size': 14 * PATCHES},
        'mask_decoder_config': {
            'hidden_size': 32,
            'mlp_dim': 48,
            'num_attention_heads': 2,
            'iou_head_hidden_dim': 32,
        },
        'memory_attention_hidden_size': 32,
        'memory_attention_feed_forward_hidden_size': 48,
        'memory_attention_num_layers': 1,
        'memory_attention_rope_feat_sizes': [PATCHES, PATCHES],
        'memory_encoder_hidden_size': 32,
        'memory_encoder_output_channels': 16,
        'mask_downsampler_embed_dim': 32,
        'memory_fuser_embed_dim': 32,
        'memory_fuser_intermediate_dim': 48,
        'memory_fuser_num_layers': 1,
    }


def small_sam3(*, video=False, width=WIDTH, seed=0):
    """Draw its weights; as part of the network for videos, or alone."""
    import transformers

    torch.manual_seed(seed)
    sizes = small_sizes(width)
    if video:
        config = transformers.Sam3VideoConfig(
            detector_config=sizes, tracker_config=small_tracker()
        )
        network = transformers.Sam3VideoModel(config)
        spread(network.detector_model)
    else:
        network = transformers.Sam3Model(transformers.Sam3Config(**sizes))
        spread(network)
    return network.eval()


def spread(network):
    """Draw large enough weights that prompts and queries differ in score."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if 'vision_encoder' in name:
                continue
            if weight.dim() > 1:
                weight.normal_(std=1.5 / weight[0].numel() ** 0.5)
            elif name.endswith('bias'):
                weight.normal_(std=0.1)
            else:
                weight.fill_(1)


def save_small_tokenizer(folder):
    """Save a tokenizer that knows letters and nothing longer."""
    import transformers

    words = ['<|startoftext|>', '<|endoftext|>', *string.ascii_lowercase]
    words += [f'{letter}</w>' for letter in string.ascii_lowercase]
    vocabulary = {word: index for index, word in enumerate(words)}
    transformers.CLIPTokenizer(vocab=vocabulary, merges=[]).save_pretrained(folder)


def save_small_sam3(folder, **how):
    """Save network and tokenizer; ``how`` as in `small_sam3`."""
    small_sam3(**how).save_pretrained(folder)
    save_small_tokenizer(folder)
    return folder


def sam3_features(views=2, edge=5, seed=5):
    """Draw features of the small network's width, finest first."""
    drawn = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(views, WIDTH, scale * edge, scale * edge, generator=drawn)
        for scale in (4, 2, 1)
    )
