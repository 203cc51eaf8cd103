"""
Checks of novel views hold for other sizes, batches and options, and fail for wrong numbers.

Files are written by the plainest code that gives their content.
"""

import math

from occany_ros.evaluation.parity import pipeline
from occany_ros.evaluation.parity.deterministic import drawn, drawn_images
from occany_ros.evaluation.parity.fixture import settings
from occany_ros.evaluation.parity.poses import plan_of, recorded_options, renamed
from occany_ros.evaluation.parity.registry import check_file
from occany_ros.evaluation.parity.scene import corridor
import pytest
from safetensors.torch import save_file
import torch
from torch.nn.functional import conv2d, interpolate, layer_norm

HEIGHT, WIDTH = 16, 32


def write(folder, stem, tensors, metadata=None):
    path = folder / f'{stem}.safetensors'
    save_file({name: x.contiguous().clone() for name, x in tensors.items()}, str(path), metadata)
    return path


def failures(path):
    return [entry.name for entry in check_file(path) if not entry.has_passed]


def turned(angle_deg, position):
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    pose = torch.eye(4)
    pose[:3, :3] = torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    pose[:3, 3] = torch.tensor(position)
    return pose


def test_poses_of_any_options(tmp_path):
    seen = torch.stack([turned(10.0, (1.0, 0.0, 0.0)), turned(0.0, (0.0, 0.0, 5.0))]).unsqueeze(0)
    ahead = [seen[0, i] @ turned(0.0, (0.0, 0.0, -2.0 * s)) for i in (0, 1) for s in (1, 2)]
    right = [pose @ turned(90.0, (-1.0, 0.0, 0.0)) for pose in ahead]
    left = [pose @ turned(-90.0, (1.0, 0.0, 0.0)) for pose in ahead]
    option = (
        "{'views_per_interval': 2, 'forward': -2.0, 'rotate_angle': 90,"
        " 'seed_translation_distance': -1.0}"
    )
    golden = torch.stack(ahead + right + left).unsqueeze(0)
    mapping = "[{'0': [0, 1, 4, 5, 8, 9], '1': [2, 3, 6, 7, 10, 11]}]"
    notes = {'options': f'[{option}]', 'recon_2_gen_mapping': mapping}
    path = write(tmp_path, 'poses_back', {'camera_poses': seen, 'opt0': golden}, notes)
    assert failures(path) == []
    notes['recon_2_gen_mapping'] = mapping.replace('11', '3')
    path = write(tmp_path, 'poses_back', {'camera_poses': seen, 'opt0': golden + 1e-4}, notes)
    assert failures(path) == ['opt0', 'recon_2_gen_mapping[0]']


def test_turns_by_list_or_by_step_and_defaults():
    assert plan_of(renamed({'views_per_interval': 3})).forward_m == 1.0
    listed = plan_of(
        renamed({'num_seed_rotations': 2, 'seed_rotation_angle': [-20, 0], 'lateral': 1.5})
    )
    assert listed.seeds.angles_deg == (-20, 0)
    assert listed.seeds.lateral_m == (-1.5, 0.0)
    spread = plan_of(renamed({'num_seed_rotations': 2}))
    assert spread.seeds.angles_deg == (-7.5, 7.5)
    assert recorded_options('3 images; vpi=1 fwd=3 rot=60, lateral=-2.5 chunk=3') == {
        'views': 1,
        'forward': 3,
        'rotate': 60,
        'lateral': -2.5,
        'chunk': 3,
    }


def conditioning_file(batch=2, views=2):
    """Points on a fronto-parallel wall, looked at from its middle by one camera a scene."""
    focal = torch.full((batch,), 20.0)
    rows, columns = torch.meshgrid(
        torch.arange(HEIGHT) - HEIGHT / 2, torch.arange(WIDTH) - WIDTH / 2, indexing='ij'
    )
    wall = torch.stack((columns / 20, rows / 20, torch.ones_like(rows)), dim=-1) * 4.0
    # The second view stands behind the first and sees the same from farther away.
    points = torch.stack((wall, wall * 2)).expand(batch, -1, -1, -1, -1)
    conf = 1 + torch.rand(batch, views, HEIGHT, WIDTH)
    rgb = torch.rand(batch, views, HEIGHT, WIDTH, 3) * 2 - 1
    shapes = [(batch, views, c, e, e) for c, e in ((256, 4), (64, 8), (32, 16))]
    names = [f'input.cond_wall.sam{c}' for c in (256, 64, 32)]
    resized = [
        interpolate(drawn(name, shape)[:, 0], (HEIGHT, WIDTH), mode='bilinear').movedim(1, -1)
        for name, shape in zip(names, shapes, strict=True)
    ]
    first = torch.cat(
        (points[:, 0], points[:, 0], rgb[:, 0], conf[:, 0, ..., None] - 1, *resized), dim=-1
    )
    pix = torch.tensor([0, 7, 100, HEIGHT * WIDTH - 1])
    winners = torch.arange(HEIGHT * WIDTH).reshape(1, 1, HEIGHT, WIDTH).repeat(batch, 1, 1, 1)
    rest = ', '.join(f'sam{shape[2]} {shape}' for shape in shapes[1:])
    note = f"sam maps = det_tensor('{names[0]}',{shapes[0]}), {rest}"
    tensors = {
        'pts3d': points,
        'conf': conf,
        'rgb': rgb,
        'focal': focal,
        'novel_c2w': torch.eye(4).repeat(batch, 1, 1, 1),
        'argmin_index': winners,
        'pix': pix,
        'cond_ch0_10': first[..., :10].unsqueeze(1),
        'cond_all_at_pix': first.flatten(1, 2)[:, None, pix],
    }
    return tensors, {'note': note}


def test_conditioning_of_any_size_and_batch(tmp_path):
    tensors, notes = conditioning_file()
    assert failures(write(tmp_path, 'cond_wall', tensors, notes)) == []
    tensors['argmin_index'][1, 0, 0, :3] = -1
    wrong = failures(write(tmp_path, 'cond_wall', tensors, notes))
    assert wrong == ['argmin_index', 'cond_all_at_pix', 'cond_ch0_10']


def test_ray_maps_of_any_size_and_batch(tmp_path):
    shape, width, out, scale = (2, 1, 362, HEIGHT, WIDTH), 48, 64, 0.12
    maps = drawn('input.ray_odd_sharp.cond', shape)
    maps = maps * (drawn('input.ray_odd_sharp.mask', (2, 1, 1, HEIGHT, WIDTH)) > 0)

    def matrix(key, *size):
        return scale * drawn(f'raymap_encoder.{key}.weight', size)

    def vector(key, size, gain=0.0, leaf='bias'):
        return gain + 0.02 * drawn(f'raymap_encoder.{key}.{leaf}', (size,))

    names = ('pts3d_local', 'pts3d', 'rgb', 'conf', 'sam_256', 'sam_64', 'sam_32')
    counts = (3, 3, 3, 1, 256, 64, 32)
    pieces = maps.flatten(0, 1).split(counts, dim=1)
    tokens = torch.cat(
        [
            conv2d(
                piece,
                matrix(f'patch_embed_{name}.proj', 256, count, 16, 16),
                vector(f'patch_embed_{name}.proj', 256),
                stride=16,
            ).flatten(2)
            for name, count, piece in zip(names, counts, pieces, strict=True)
        ],
        dim=1,
    ).mT
    tokens = tokens @ matrix('patch_embed_proj', width, 1792).T + vector('patch_embed_proj', width)
    tokens = tokens @ matrix('proj', out, width).T + vector('proj', out)
    gain = vector('norm_enc', out, 1.0, 'weight')
    golden = layer_norm(tokens, (out,), gain, vector('norm_enc', out), 1e-6)
    notes = {
        'config': f'Rays(img_size=(16,32),embed_dim={width},output_embed_dim={out},parts=a,b)',
        'note': f"cond = det_tensor('input.ray_odd_sharp.cond',{shape}) * "
        "(det_tensor('input.ray_odd_sharp.mask',(2,1,1,16,32))>0)",
    }
    tensors = {
        'x': golden.reshape(2, 1, 2, out),
        'pos': torch.tensor([[0, 0], [0, 1]]).expand(2, 1, 2, 2),
        'cond_slice': maps[0, :, ::60, ::8, ::8],
        'mem_tokens': torch.zeros(2, 3, 2, out),
    }
    assert failures(write(tmp_path, 'ray_odd_sharp', tensors, notes)) == []
    tensors['x'] = tensors['x'] + 1e-3
    assert failures(write(tmp_path, 'ray_odd_sharp', tensors, notes)) == ['x']


def test_unquoted_settings_are_read():
    assert settings('Rays(img_size=(16,32),embed_dim=48,on=False,parts=a,b,last=c)') == {
        'img_size': (16, 32),
        'embed_dim': 48,
        'on': False,
        'parts': 'a,b',
        'last': 'c',
    }
    with pytest.raises(ValueError, match='configuration'):
        settings('no call at all')


def test_whole_run_of_any_size_and_batch(tmp_path, monkeypatch):
    images = drawn_images('input.anything.img', (2, 3, 3, HEIGHT, WIDTH))
    offset = corridor(3, HEIGHT, WIDTH, 30.0).repeat(2, 1, 1, 1, 1)
    poses = torch.stack([turned(5.0 * k, (0.2 * k, 0.0, 1.5 * k)) for k in range(9)])
    tensors = {
        'img': images,
        'head_offset': offset,
        'gen.c2w_input': poses.expand(2, 9, 4, 4),
        'recon.focal': torch.full((2, 3), 30.0),
    }
    notes = {
        'options': 'views_per_interval=1, forward=3, rotate=60, seed_translation=2, chunk=4',
        'mapping': '{"0": [0, 3, 6], "1": [1, 4, 7], "2": [2, 5, 8]}',
    }
    ours = {}
    real = pipeline.novel_answers

    def kept(*arguments):
        answers, comparisons = real(*arguments)
        ours.update(answers)
        return answers, comparisons

    monkeypatch.setattr(pipeline, 'novel_answers', kept)
    check_file(write(tmp_path, 'e2e_small_odd', tensors, notes))
    assert ours['gen.pts3d'].value.shape == (2, 9, HEIGHT, WIDTH, 3)
    assert ours['x_ray_last_batch'].value.shape[:2] == (2, 1)
    assert len({*ours['gen.focal'].value[0, :4].tolist()}) == 1
    parts = {name: ours[name].value for name in ('gen.conf', 'gen.c2w', 'cond_sum_b3')}
    stored = tensors | parts | {'unheard_of': images}
    stored['splat_index_views_1_3'] = torch.full((2, 2, HEIGHT, WIDTH), -1, dtype=torch.int32)
    wrong = failures(write(tmp_path, 'e2e_small_odd', stored, notes))
    # Planned poses stand elsewhere than these, and two views are told to see nothing.
    assert {'gen.c2w_input', 'splat_index_views_1_3', 'unheard_of'} <= set(wrong)
    assert {'gen.conf [1, 3]', 'gen.conf'} <= set(wrong)
    assert 'mapping' not in wrong
    del stored['splat_index_views_1_3']
    wrong = failures(write(tmp_path, 'e2e_small_odd', stored, notes))
    assert {'gen.conf', 'gen.c2w', 'cond_sum_b3'}.isdisjoint(wrong)
    # Where no winners are recorded a patch may be off, but not a view.
    stored['gen.conf'] = parts['gen.conf'].clone()
    stored['gen.conf'][:, 2, :8, :8] += 1.0
    assert 'gen.conf' not in failures(write(tmp_path, 'e2e_small_odd', stored, notes))
    stored['gen.conf'][:, 2] += 1.0
    assert 'gen.conf' in failures(write(tmp_path, 'e2e_small_odd', stored, notes))
