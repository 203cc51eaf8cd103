"""Sizes, weights and inputs of the networks behind a golden file."""

from collections.abc import Callable
from dataclasses import replace
import math
import re
from typing import TypeVar

from occany_ros.evaluation.parity.deterministic import drawn_images, fill
from occany_ros.evaluation.parity.fixture import Fixture, relatives, settings
from occany_ros.models.checkpoint_keys import RENDERING
from occany_ros.models.config import Activation, DecoderConfig, EncoderConfig, RayMapConfig
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.heads import Heads
from occany_ros.models.novel_decoder import reading_decoder
from occany_ros.models.ray_maps import RayMapEncoder
import torch
from torch import nn, Tensor

ModuleT = TypeVar('ModuleT', bound=nn.Module)
ConfigT = TypeVar('ConfigT')

# What the golden files call `small`, for files that record no sizes and lie beside none that does.
SMALL_ENCODER = EncoderConfig(width=128, depth=3, heads=2)
SMALL_DECODER = DecoderConfig(encoder_width=128, width=96, depth=4, heads=4, feature_size=128)
SMALL_IMAGES = 5
NOVEL_DECODER = RENDERING[0]


def weight_scale(fixture: Fixture) -> float:
    """Spread of the weights: as recorded, else by the name, else as recorded beside it."""
    if 'weight_scale' in fixture.metadata:
        return float(fixture.metadata['weight_scale'])
    if 'sharp' in fixture.stem.split('_'):
        return 0.12
    recorded = (other.metadata.get('weight_scale') for other in relatives(fixture, 'dec'))
    return float(next(filter(None, recorded), 0.02))


def encoder_config(fixture: Fixture) -> EncoderConfig:
    """Size of the image encoder, as recorded in the file or in one beside it."""
    known = _recorded(fixture, 'enc')
    if not known:
        return EncoderConfig() if fixture.stem.startswith('full') else SMALL_ENCODER
    width = _number(known, 'embed_dim', 1024)
    return EncoderConfig(
        width=width,
        depth=_number(known, 'depth', 24),
        heads=_number(known, 'num_heads', max(width // 64, 1)),
    )


def decoder_config(fixture: Fixture) -> DecoderConfig:
    """Size of the decoder, as recorded in the file or in one beside it."""
    known = _recorded(fixture, 'dec')
    if not known:
        return _measured_decoder(fixture)
    activation = str(known.get('pointmaps_activation', 'LINEAR')).rpartition('.')[2].lower()
    kind: Activation = 'norm_exp' if activation == 'norm_exp' else 'linear'
    return DecoderConfig(
        encoder_width=_number(known, 'enc_embed_dim', 1024),
        width=_number(known, 'embed_dim', 768),
        depth=_number(known, 'depth', 12),
        heads=_number(known, 'num_heads', 12),
        feature_size=_number(known, 'distill_img_size', 512),
        activation=kind,
    )


def build_encoder(fixture: Fixture) -> ImageEncoder:
    """Build the image encoder of a file, with its weights."""
    encoder = _unset(ImageEncoder, encoder_config(fixture))
    fill(encoder, 'encoder', weight_scale(fixture))
    return encoder


def build_decoder(fixture: Fixture) -> tuple[MemoryDecoder, Heads]:
    """Build decoder and heads of a file, with their weights."""
    config, scale = decoder_config(fixture), weight_scale(fixture)
    decoder, heads = _unset(MemoryDecoder, config), _unset(Heads, config)
    fill(decoder, 'decoder', scale)
    fill(heads, 'heads', scale)
    return decoder, heads


def ray_map_config(fixture: Fixture) -> RayMapConfig:
    """Size of the ray-map encoder, as recorded or as the other networks of the file go with."""
    known = _recorded(fixture, 'ray')
    return RayMapConfig(
        encoder_width=_number(known, 'output_embed_dim', encoder_config(fixture).width),
        width=_number(known, 'embed_dim', decoder_config(fixture).width),
    )


def build_ray_maps(fixture: Fixture) -> RayMapEncoder:
    """Build the ray-map encoder of a file, with its weights."""
    encoder = _unset(RayMapEncoder, ray_map_config(fixture))
    fill(encoder, 'ray_maps', weight_scale(fixture))
    return encoder


def build_novel_decoder(fixture: Fixture) -> tuple[MemoryDecoder, Heads]:
    """Build the decoder of novel views of a file, and all of its heads, with their weights."""
    config, scale = decoder_config(fixture), weight_scale(fixture)
    decoder, heads = _unset(reading_decoder, config), _unset(Heads, config)
    fill(decoder, 'novel_decoder', scale)
    fill(heads, 'heads', scale, section=NOVEL_DECODER)
    return decoder, heads


def patch_grid(positions: Tensor) -> tuple[int, int]:
    """Rows and columns of the patches whose places are given, (..., 2)."""
    rows, columns = (positions.reshape(-1, 2).amax(dim=0) + 1).tolist()
    return int(rows), int(columns)


def encoded_images(fixture: Fixture, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Encode tokens (b, v, n, e) of images (b, v, 3, h, w), and their grid."""
    tokens = build_encoder(fixture)(images.flatten(0, 1))
    grid = (images.shape[-2] // 16, images.shape[-1] // 16)
    return tokens.reshape(*images.shape[:2], *tokens.shape[1:]), grid


def input_tokens(fixture: Fixture) -> tuple[Tensor, tuple[int, int]]:
    """
    Find the encoder tokens a decoder file starts from, (b, v, n, e), and their grid.

    They are in the file, or its images are; a file about one view may leave them to the file it
    varies, or to the rule for images.
    """
    tensors = fixture.tensors
    if 'x' in tensors:
        return tensors['x'], patch_grid(tensors['pos'])
    if 'img' in tensors:
        return encoded_images(fixture, tensors['img'])
    for other in relatives(fixture, 'dec'):
        if 'x' in other.tensors or 'img' in other.tensors:
            tokens, grid = input_tokens(other)
            return tokens[:, : _views(fixture)], grid
    rows, columns = _grid_from_maps(fixture)
    shape = (1, SMALL_IMAGES, 3, 16 * rows, 16 * columns)
    images = drawn_images(f'input.enc_{fixture.family}.img', shape)
    return encoded_images(fixture, images[:, : _views(fixture)])


def _unset(make: Callable[[ConfigT], ModuleT], config: ConfigT) -> ModuleT:
    """Build a network whose weights are still to be drawn, without drawing others first."""
    with torch.device('meta'):
        network = make(config)
    return network.to_empty(device='cpu').eval()


def _views(fixture: Fixture) -> int:
    return fixture.tensors['render.raw'].shape[1]


def _grid_from_maps(fixture: Fixture) -> tuple[int, int]:
    """Rows and columns from the number of memory tokens and the aspect of the maps."""
    entries = next(x for name, x in fixture.tensors.items() if re.fullmatch(r'mem\d+', name))
    patches = entries.shape[1] // _views(fixture) - 1
    height, width = fixture.tensors['render.raw'].shape[2:4]
    rows = round(math.sqrt(patches * height / width))
    return rows, patches // rows


def _recorded(fixture: Fixture, kind: str) -> dict[str, object]:
    """Arguments recorded for the encoder or the decoder; empty if nowhere."""
    own = [fixture] if fixture.stem.split('_')[0] in (kind, 'full') else []
    for source in own + relatives(fixture, kind):
        if 'config' in source.metadata:
            known = settings(source.metadata['config'])
            if kind == 'dec' or 'enc_embed_dim' not in known:
                return known
    return {}


def _measured_decoder(fixture: Fixture) -> DecoderConfig:
    """Take the small decoder, with the sizes the file's own tensors show."""
    memories = {
        int(found[1]): x.shape[-1] // 2
        for name, x in fixture.tensors.items()
        if (found := re.fullmatch(r'(?:step\d+\.)?mem(\d+)(?:\.new)?', name))
    }
    config = SMALL_DECODER
    if memories:
        width = memories[max(memories)]
        heads = width // 24 if width % 24 == 0 else width // 64
        config = replace(config, width=width, heads=max(heads, 1), depth=max(memories) + 1)
    for name in ('x', 'x_ray'):
        if name in fixture.tensors:
            config = replace(config, encoder_width=fixture.tensors[name].shape[-1])
    return config


def _number(known: dict[str, object], name: str, fallback: int) -> int:
    value = known.get(name, fallback)
    if not isinstance(value, int):
        raise ValueError(f'{name}: expected an integer in the configuration, got {value!r}')
    return value
