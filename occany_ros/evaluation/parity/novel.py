"""Golden files of the parts that render novel views: conditioning, ray-map encoder, decoder."""

import ast
from collections.abc import Sequence
import re

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.deterministic import drawn
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.networks import DecoderRun, tolerance_of
from occany_ros.evaluation.parity.setup import (
    build_novel_decoder,
    build_ray_maps,
    patch_grid,
)
from occany_ros.geometry.pointmap import plucker_rays
from occany_ros.layers.embedding import grid_positions
from occany_ros.models.conditioning import (
    conditioning_maps,
    nearest_pixels,
    seen_pixels,
    SeenPixels,
)
from occany_ros.models.config import PATCH, RAY_MAP_CHANNELS
from occany_ros.models.memory import Memory
from occany_ros.models.ray_maps import RayMapEncoder
import torch
from torch import Tensor
from torch.nn.functional import unfold

MAP_TOLERANCE = 1e-5
RAY_TOLERANCE = 1e-6
# Pixels of a view whose winner may be another one: points on the border of two pixels.
FLIPPED_PIXELS = 2
# A golden file shows every 60th conditioning channel.
CHANNEL_STEP = 60


def check_conditioning(fixture: Fixture) -> list[Comparison]:
    """Find the winners of ``novel_c2w``, and gather the channels at the recorded ones."""
    tensors = fixture.tensors
    poses, golden = tensors['novel_c2w'], tensors['argmin_index']
    height, width = golden.shape[-2:]
    sources = _sources(fixture)
    winners = torch.stack([nearest_pixels(seen, poses[b]) for b, seen in enumerate(sources)])
    maps = torch.stack(
        [conditioning_maps(seen, golden[b], poses[b]) for b, seen in enumerate(sources)]
    ).movedim(2, -1)  # (b, r, h, w, 362)
    focal = torch.stack([seen.focal for seen in sources])
    rays = plucker_rays(poses, focal[:, None].expand(poses.shape[:2]), height, width)
    rays = rays.movedim(2, -1)
    values = {'cond_ch0_10': maps[..., :10], 'cond': maps}
    if 'pix' in tensors:
        values['cond_all_at_pix'] = maps.flatten(2, 3)[:, :, tensors['pix']]
    answers = {name: Answer(x, MAP_TOLERANCE) for name, x in values.items()}
    answers |= {
        name: Answer(rays, RAY_TOLERANCE, leading_axis=1) for name in ('raymap_ch', 'raymap_only')
    }
    inputs = {'pts3d', 'conf', 'rgb', 'focal', 'novel_c2w', 'pix', 'argmin_index'}
    flipped = flipped_pixels('argmin_index', winners, golden, FLIPPED_PIXELS)
    return [flipped, *matched(fixture, answers, inputs)]


def check_ray_maps(fixture: Fixture) -> list[Comparison]:
    """Encode conditioning maps that follow from their name; what nobody reads is an input."""
    rules = re.findall(r"det_tensor\('([^']+)',\s*\(([^)]+)\)\)", fixture.metadata['note'])
    (name, shape), (mask_name, mask_shape) = (
        (name, ast.literal_eval(f'({shape},)')) for name, shape in rules[:2]
    )
    maps = drawn(name, shape) * (drawn(mask_name, mask_shape) > 0)  # (b, r, 362, h, w)
    tolerance = tolerance_of(fixture)
    tokens = encoded_maps(build_ray_maps(fixture), maps.flatten(0, 1))
    places = grid_positions(shape[-2] // PATCH, shape[-1] // PATCH)
    answers = {
        'x': Answer(tokens.reshape(*shape[:2], *tokens.shape[1:]), tolerance),
        'pos': Answer(places.expand(*shape[:2], -1, -1), 0.0),
        'cond_slice': Answer(maps[0, :, ::CHANNEL_STEP], 0.0),
    }
    return matched(fixture, answers, {'mem_tokens', 'mem_pos'})


def check_novel_decoder(fixture: Fixture) -> list[Comparison]:
    """Decode ``x_ray`` with the recorded memory in sight."""
    tensors = fixture.tensors
    known = tensors['x_ray']
    names = sorted(filter(_MEMORY.fullmatch, tensors), key=_layer)
    decoder, heads = build_novel_decoder(fixture)
    entries = [_in_heads(tensors[name], decoder.head_width) for name in names]
    # Which view a token came from is nobody's concern here.
    memory = Memory(tuple(entries), torch.zeros(entries[0].shape[3], dtype=torch.int64), 1)
    tolerance = tolerance_of(fixture)
    run = DecoderRun(decoder, heads, patch_grid(tensors['pos_ray']), tolerance)
    outputs = run.render(memory, known)
    outputs['pose_unused'] = outputs['pose']
    answers = {name: Answer(x, tolerance, leading_axis=1) for name, x in outputs.items()}
    return matched(fixture, answers, {'x_ray', 'pos_ray', *names})


def encoded_maps(encoder: RayMapEncoder, maps: Tensor) -> Tensor:
    """Encode whole conditioning maps, (r, 362, h, w) to tokens (r, n, d)."""
    pieces = torch.split(maps, list(RAY_MAP_CHANNELS.values()), dim=1)
    patches = [
        unfold(x, PATCH, stride=PATCH).mT.reshape(-1, x.shape[1], PATCH * PATCH).mT for x in pieces
    ]
    return encoder(patches).reshape(len(maps), -1, encoder.norm.normalized_shape[0])


def flipped_pixels(name: str, ours: Tensor, golden: Tensor, allowed: int) -> Comparison:
    """Compare winners (b, r, h, w); the error is the most differing pixels of a view."""
    counts = (ours != golden).flatten(2).sum(dim=-1)
    return Comparison(name=name, error=float(counts.max()), tolerance=float(allowed))


def _sources(fixture: Fixture) -> list[SeenPixels]:
    """Everything known of the seen views of each scene of a batch."""
    tensors = fixture.tensors
    views = tensors['pts3d'].shape[1]
    features = _features(fixture.metadata.get('note', ''), tensors['pts3d'].shape[0], views)
    return [
        seen_pixels(
            tensors['rgb'][b].movedim(-1, 1),
            tensors['pts3d'][b],
            tensors['conf'][b],
            [level[b] for level in features],
            tensors['focal'][b].reshape(-1)[0],
        )
        for b in range(len(tensors['pts3d']))
    ]


def _features(note: str, batch: int, views: int) -> Sequence[Tensor]:
    """Feature pyramid by the rule in the note, coarsest first, (b, v, c, e, e) each."""
    prefix = re.search(r"'([\w.]+\.)sam256'", note)
    stem = prefix[1] if prefix else 'input.cond.'
    levels = []
    for channels, edge in ((256, 8), (64, 16), (32, 32)):
        shape = re.search(rf"sam{channels}'?\s*,?\s*\(([\d,\s]+)\)", note)
        size = (
            ast.literal_eval(f'({shape[1]},)') if shape else (batch, views, channels, edge, edge)
        )
        levels.append(drawn(f'{stem}sam{channels}', size))
    return levels


def _in_heads(layer: Tensor, head_width: int) -> Tensor:
    """Keys and values along the channels, (b, m, 2 d), to `Memory.entries`."""
    batch, tokens = layer.shape[:2]
    return layer.reshape(batch, tokens, 2, -1, head_width).permute(0, 2, 3, 1, 4)


_MEMORY = re.compile(r'mem(\d+)')


def _layer(name: str) -> int:
    return int(name.removeprefix('mem'))
