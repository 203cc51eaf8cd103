"""The golden file of what stands around the OccAny+ networks: rays, poses, images, voxels."""

import ast
from dataclasses import dataclass, replace
import json
import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.evaluation.parity.plus_losses import check_plus_losses, PREFIX
from occany_ros.evaluation.parity.poses import mapping_comparison, plan_of
from occany_ros.geometry.novel_views import novel_poses, NovelPoses
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.points import LabelledPoints
from occany_ros.occupancy.pooling import pool_classes, pool_geometry, pool_unified
from occany_ros.occupancy.voxelize import collect_votes, voxelize
from occany_ros.pipeline.preprocess import fit_image, network_size, oriented_size
import torch
from torch import Tensor

TOLERANCE: Final = 1e-5
OPTIONS: Final = {
    'vpi': 'views',
    'fwd': 'forward',
    'rot': 'rotate',
    'nseed': 'seeds',
    'seedrot': 'seed_angle',
    'trans': 'lateral',
}
"""Words of the names of pose tensors, and ours, see `occany_ros.evaluation.parity.poses`."""
SIZES: Final = 'resolution_table'
MAPPING: Final = 'mapping_'


@dataclass(frozen=True, slots=True)
class Ids:
    """How many classes there are, and which two do not vote."""

    count: int
    empty: int
    other: int


OCC3D_IDS: Final = Ids(18, empty=17, other=0)
EVERYONE_VOTES: Final = Ids(18, empty=254, other=254)


def check_parts(fixture: Fixture) -> list[Comparison]:
    """Recompute rays, poses around views, a trajectory, images, voxels and losses."""
    tensors = fixture.tensors
    planned = around(tensors)
    outputs = ray_maps(tensors) | {'traj.out': trajectory(tensors['traj.c2w'])} | images(tensors)
    outputs |= {name: poses.world_from_camera for name, poses in planned.items()}
    outputs |= {name: torch.from_numpy(x) for name, x in voxels(fixture).items()}
    answers = {name: Answer(value, _tolerance(name)) for name, value in outputs.items()}
    inputs = {'raymap.K', 'raymap.c2w', 'traj.c2w', 'vox.points', 'vox.conf', 'vox.semantic'}
    inputs |= {name for name in tensors if name.startswith(('pre.in', PREFIX))} - {*outputs}
    sizes = {SIZES: Answer(*_sizes(fixture.metadata))} if SIZES in fixture.metadata else {}
    golden = replace(fixture, tensors=tensors | _recorded_sizes(fixture.metadata))
    comparisons = matched(golden, answers | sizes, inputs) + mappings(fixture, planned)
    return comparisons + check_plus_losses(fixture)


def ray_maps(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Aim the rays of all cameras of the file."""
    named = {}
    for name, cameras in (('raymap.out', 'raymap'), ('loss.gt_raymap', 'loss')):
        if name in tensors:
            pose, intrinsics = tensors[f'{cameras}.c2w'], tensors[f'{cameras}.K']
            rows, columns = tensors[name].shape[2:4]
            named[name] = ray_map(pose, intrinsics, (rows, columns))
    return named


def ray_map(pose: Tensor, intrinsics: Tensor, size: tuple[int, int]) -> Tensor:
    """
    Aim rays of pinhole cameras, pixel centres at integers.

    :param pose: world from camera, (b, v, 4, 4).
    :param intrinsics: (b, v, 3, 3).
    :param size: rows and columns.
    :returns: direction, then origin, (b, v, h, w, 6).
    """
    rows, columns = size
    pixels = torch.stack(
        torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing='xy'), dim=-1
    ).float()
    pixels = torch.cat((pixels, torch.ones(rows, columns, 1)), dim=-1)
    rotation = pose[..., :3, :3] @ torch.linalg.inv(intrinsics)
    direction = torch.einsum('bvij,hwj->bvhwi', rotation, pixels)
    origin = pose[..., None, None, :3, 3].expand_as(direction)
    return torch.cat((direction, origin), dim=-1)


def trajectory(world_from_camera: Tensor) -> Tensor:
    """Right and forward of each camera from the first, and the heading of its optical axis."""
    last = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(*world_from_camera.shape[:-2], 1, 4)
    pose = torch.cat((world_from_camera, last), dim=-2)
    relative = torch.linalg.inv(pose[:, :1]) @ pose
    heading = torch.atan2(relative[..., 2, 2], relative[..., 0, 2])
    return torch.stack((relative[..., 0, 3], relative[..., 2, 3], heading), dim=-1)


def around(tensors: dict[str, Tensor]) -> dict[str, NovelPoses]:
    """Plan the poses each name tells, around the cameras of the ray map."""
    named = {}
    for name in tensors:
        if name.startswith('poses.'):
            words = re.findall(r'([a-z]+)(\d+)', name.partition('(')[2])
            options = {OPTIONS[word]: ast.literal_eval(number) for word, number in words}
            named[name] = novel_poses(tensors['raymap.c2w'], plan_of(options))
    return named


def mappings(fixture: Fixture, planned: dict[str, NovelPoses]) -> list[Comparison]:
    """Compare whose view each is, where the file tells it of poses whose name has that word."""
    return [
        mapping_comparison(key, poses, json.loads(text))
        for key, text in fixture.metadata.items()
        if key.startswith(MAPPING)
        for name, poses in planned.items()
        if key.removeprefix(MAPPING) in name
    ]


def images(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fit the images to the size their outputs have."""
    named = {}
    for name, golden in tensors.items():
        if name.startswith('pre.out'):
            source = tensors[name.partition('(')[0].replace('out', 'in')].numpy()
            fitted = fit_image(source, (golden.shape[1], golden.shape[0]))
            named[name] = torch.from_numpy(fitted.image.copy())
    return named


def voxels(fixture: Fixture) -> dict[str, NDArray[Any]]:
    """Fill and pool the grids."""
    arrays = {name: x.numpy() for name, x in fixture.tensors.items() if name.startswith('vox.')}
    grid = json.loads(fixture.metadata['vox'])
    spec = GridSpec(tuple(grid['origin']), grid['voxel_size'], tuple(grid['grid']))
    points, confidence = arrays['vox.points'], arrays['vox.conf']
    labelled = LabelledPoints(points, confidence, arrays['vox.semantic'].astype(np.uint8))
    bare = voxelize(LabelledPoints(points, confidence, None), spec, OCC3D_IDS)
    semantic = voxelize(labelled, spec, OCC3D_IDS)
    votes = collect_votes(labelled, spec, EVERYONE_VOTES)
    weight = np.zeros(int(np.prod(spec.shape)), np.float32)
    weight[votes.voxels] = votes.weight
    scores = np.zeros((len(weight), EVERYONE_VOTES.count), np.float32)
    scores[votes.voxels] = votes.scores
    return {
        'vox.geometry_only(n18,other0,empty17)': bare,
        'vox.semantic_out(n18,other0,empty17)': semantic,
        'vox.semantic_out(n19,other19,empty0)': voxelize(labelled, spec, Ids(19, 0, 19)),
        'vox.pool_geometry_dilate': pool_geometry(semantic, OCC3D_IDS),
        'vox.pool_geometry_majority': pool_geometry(semantic, OCC3D_IDS, rule='majority'),
        'vox.pool_semantic': pool_classes(semantic, OCC3D_IDS),
        'vox.pool_unified': pool_unified(semantic, OCC3D_IDS),
        'vox.splat_occ': np.minimum(weight, 1).reshape(spec.shape),
        'vox.splat_sem_argmax': scores.argmax(axis=-1).reshape(spec.shape),
        'vox.splat_sem_max': scores.max(axis=-1).reshape(spec.shape),
    }


def _recorded_sizes(metadata: dict[str, str]) -> dict[str, Tensor]:
    if SIZES not in metadata:
        return {}
    table = json.loads(metadata[SIZES])
    return {SIZES: torch.tensor([x['resolution'] + x['actual_size'] for x in table.values()])}


def _sizes(metadata: dict[str, str]) -> tuple[Tensor, float]:
    """Choose the size of images of every recorded shape, for the scene and for the image."""
    rows = []
    for key in json.loads(metadata[SIZES]):
        width, height = ast.literal_eval(key)
        size = network_size(width, height, long_side=518, multiple=14)
        rows.append([*size, *oriented_size(size, (width, height), np.random.default_rng(0))])
    return torch.tensor(rows), 0.0


def _tolerance(name: str) -> float:
    is_exact = name.startswith('pre.') or 'out(' in name or 'pool' in name or 'argmax' in name
    return 0.0 if is_exact else TOLERANCE
