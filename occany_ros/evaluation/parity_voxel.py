"""Voxelisation, pooling, merging and metrics against a golden file of the released code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.metrics import (
    class_iou,
    completion_iou,
    count_voxels,
    mean_iou,
    precision,
    recall,
)
from occany_ros.occupancy.points import concatenate, LabelledPoints, transform_points
from occany_ros.occupancy.pooling import merge_demo, pool_classes, pool_geometry, pool_unified
from occany_ros.occupancy.voxelize import collect_votes, voxelize
from occany_ros.semantics.classes import ClassSet, KITTI, OCC3D

Check = tuple[str, float, float]
Arrays = Mapping[str, NDArray[Any]]
SETS: Final = (('kitti', KITTI), ('nusc', OCC3D))
FLOAT_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class _EveryClassVotes:
    """A class set in which empty and other vote as well: the raw scores are stored like that."""

    count: int
    empty: int = 254
    other: int = 254


def _worst(got: NDArray[Any], stored: NDArray[Any]) -> float:
    """Largest absolute difference; infinite where the shapes differ."""
    if got.shape != stored.shape:
        return float('inf')
    difference = np.abs(got.astype(np.float64) - stored.astype(np.float64))
    return float(difference.max(initial=0.0))


def _cloud(arrays: Arrays, labels: NDArray[Any] | None) -> LabelledPoints:
    """Points of the file with the given classes."""
    native = None if labels is None else labels.astype(np.uint8)
    return LabelledPoints(arrays['pts'], arrays['conf'], native)


def _grids(
    arrays: Arrays, spec: GridSpec, key: str, classes: ClassSet
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Voxelised grids of one class set and everything pooled from them."""
    labels = arrays[f'{key}.sem']
    nobody = np.full(labels.shape, classes.empty)
    geometry = voxelize(_cloud(arrays, None), spec, classes)
    semantic = voxelize(_cloud(arrays, labels), spec, classes)
    yield f'{key}.vox_geometry', geometry
    yield f'{key}.vox_semantic', semantic
    yield f'{key}.vox_no_valid_sem', voxelize(_cloud(arrays, nobody), spec, classes)
    for kind, grid in (('geo', geometry), ('sem', semantic)):
        name = f'{key}.{kind}.pool'
        yield f'{name}_geom_dilate', pool_geometry(grid, classes)
        yield f'{name}_geom_majority', pool_geometry(grid, classes, rule='majority')
        yield f'{name}_sem', pool_classes(grid, classes)
        yield f'{name}_sem_other_only', pool_classes(grid, classes, only_other=True)
        yield f'{name}_unified_dilate', pool_unified(grid, classes)
        yield f'{name}_unified_majority', pool_unified(grid, classes, rule='majority')


def _raw(arrays: Arrays, spec: GridSpec) -> Iterator[tuple[str, NDArray[Any]]]:
    """Splat weights and scores as dense arrays; the file may hold only the lowest layers."""
    stored = arrays['p2v.sem']
    layers, count = stored.shape[2:]
    votes = collect_votes(_cloud(arrays, arrays['nusc.sem']), spec, _EveryClassVotes(count))
    weight = np.zeros(int(np.prod(spec.shape)), np.float32)
    weight[votes.voxels] = votes.weight
    yield 'p2v.occ', np.minimum(weight, 1).reshape(spec.shape)
    scores = np.zeros((len(weight), count), np.float32)
    scores[votes.voxels] = votes.scores
    yield 'p2v.sem', scores.reshape(*spec.shape, count)[:, :, :layers]


def _merged(arrays: Arrays, spec: GridSpec) -> Iterator[tuple[str, NDArray[Any]]]:
    """Both merge rules: grid over grid, and all points at once."""
    first = int(arrays['merge.n_recon_points'])
    labels = arrays['nusc.sem'].astype(np.uint8)
    seen, imagined = (
        LabelledPoints(arrays['pts'][part], arrays['conf'][part], labels[part])
        for part in (slice(None, first), slice(first, None))
    )
    grids = [voxelize(cloud, spec, OCC3D) for cloud in (seen, imagined)]
    yield 'merge.demo', merge_demo(grids[0], grids[1], OCC3D)
    yield 'merge.eval', voxelize(concatenate([seen, imagined]), spec, OCC3D)


def _metrics(arrays: Arrays, key: str, classes: ClassSet) -> Iterator[tuple[str, NDArray[Any]]]:
    """Scores over all frames of the file."""
    name = f'metric.{key}'
    frames = sum(stored.startswith(f'{name}.pred') for stored in arrays)
    counts = [
        count_voxels(
            arrays[f'{name}.pred{frame}'],
            arrays[f'{name}.gt{frame}'],
            count=classes.count,
            empty=classes.empty,
        )
        for frame in range(frames)
    ]
    total = counts[0]
    for more in counts[1:]:
        total = total + more
    yield f'{name}.iou_per_class_valid', np.delete(class_iou(total), classes.empty)
    summary = (precision(total), recall(total), completion_iou(total))
    yield f'{name}.PRI_mIoU', np.array([*summary, mean_iou(total, empty=classes.empty)])


def check(tensors: Mapping[str, Any], metadata: Mapping[str, str]) -> list[Check]:
    """
    Recompute every output a golden voxel file holds; sizes and class sets are those of the file.

    :param tensors: the file's arrays by name; tensors on the CPU will do.
    :param metadata: the file's strings; this kind of file needs none of them.
    :returns: name, largest deviation and tolerance of each output.
    :raises KeyError: for a file without points, confidence or grid.
    """
    del metadata
    arrays = {name: np.asarray(value) for name, value in tensors.items()}
    spec = GridSpec(
        tuple(arrays['origin'].tolist()),
        float(arrays['voxel_size']),
        tuple(arrays['grid'].tolist()),
    )
    exact: list[tuple[str, NDArray[Any]]] = []
    close: list[tuple[str, NDArray[Any]]] = []
    for key, classes in SETS:
        if f'{key}.sem' in arrays:
            exact += _grids(arrays, spec, key, classes)
        if f'metric.{key}.pred0' in arrays:
            close += _metrics(arrays, key, classes)
    if 'merge.n_recon_points' in arrays:
        exact += _merged(arrays, spec)
    if 'p2v.sem' in arrays:
        close += _raw(arrays, spec)
    if 'T' in arrays:
        close.append(('T.pts', transform_points(arrays['pts'], arrays['T'])))
    return [
        (name, _worst(got, arrays[name]), tolerance)
        for tolerance, outputs in ((0.0, exact), (FLOAT_TOLERANCE, close))
        for name, got in outputs
        if name in arrays
    ]
