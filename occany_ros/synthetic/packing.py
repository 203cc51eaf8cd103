"""Scenes and cameras packed into tensors that can be rendered together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from occany_ros.synthetic.primitives import Primitives
from occany_ros.synthetic.scene import Scene
import torch
from torch import Tensor

FAR = 130.0
"""Solids farther than this from a camera are left out, metres."""

_SIGNS = np.stack(np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0], indexing='ij'), -1)
CORNERS = _SIGNS.reshape(8, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """
    The solids near every camera, padded to one length, in camera-centred world axes.

    :param kind: shape, -1 for padding, (b, p) int64.
    :param unit_from_world: linear part, world axes to unit space, (b, p, 3, 3).
    :param origin: the camera in unit space, (b, p, 3).
    :param half: half extents, metres, (b, p, 3).
    :param shape: shape numbers, (b, p, 4).
    :param planes: outward normals of a wedge's six sides, world axes, (b, p, 6, 3).
    :param reach: how far each side is from the camera along its normal, (b, p, 6).
    :param corners: corners of the boxes around, camera-centred world axes, metres, (b, p, 8, 3).
    :param label: class, (b, p) int64.
    :param material: material, (b, p) int64.
    :param paint: two colours and the style, (b, p, 10).
    :param ground: numbers of the ground, (b, g), or (1, g) when
        all cameras look at one scene.
    :param light: numbers of the light, (b, q) or (1, q).
    :param camera: camera centres, world, metres, (b, 3).
    """

    kind: Tensor
    unit_from_world: Tensor
    origin: Tensor
    half: Tensor
    shape: Tensor
    planes: Tensor
    reach: Tensor
    corners: Tensor
    label: Tensor
    material: Tensor
    paint: Tensor
    ground: Tensor
    light: Tensor
    camera: Tensor


def flattened(packed: Packed) -> Packed:
    """
    Put the solids of all cameras into one list.

    :param packed: (b, p, ...) fields.
    :returns: the same with the solids' fields (b * p, ...).
    """
    return Packed(
        packed.kind.flatten(0, 1),
        packed.unit_from_world.flatten(0, 1),
        packed.origin.flatten(0, 1),
        packed.half.flatten(0, 1),
        packed.shape.flatten(0, 1),
        packed.planes.flatten(0, 1),
        packed.reach.flatten(0, 1),
        packed.corners.flatten(0, 1),
        packed.label.flatten(0, 1),
        packed.material.flatten(0, 1),
        packed.paint.flatten(0, 1),
        packed.ground,
        packed.light,
        packed.camera,
    )


def _wedge_planes(
    solids: Primitives, unit: NDArray[np.float64], origin: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = len(solids)
    lean = solids.shape[:, :3] / 2  # unit x loses lean * (z + 1)
    normal = np.zeros((count, 6, 3))
    offset = np.ones((count, 6))
    for row, (axis, sign, column) in enumerate(
        ((0, 1.0, 0), (0, -1.0, 1), (1, 1.0, 2), (1, -1.0, 2))
    ):
        normal[:, row, axis] = sign
        normal[:, row, 2] = lean[:, column]
        offset[:, row] = 1 - lean[:, column]
    normal[:, 4, 2] = 1.0
    normal[:, 5, 2] = -1.0
    reach = offset - np.einsum('pkc,pc->pk', normal, origin)
    return normal @ unit, reach


def pack(
    scenes: Sequence[Scene], cameras: NDArray[np.float64], device: torch.device | str
) -> Packed:
    """
    Gather what each camera may see.

    :param scenes: the scene of each camera, b of them.
    :param cameras: camera centres, world frame, metres, (b, 3).
    :param device: where the tensors go.
    :returns: everything the renderer reads.
    """
    chosen = []
    for scene, camera in zip(scenes, cameras, strict=True):
        gap = np.linalg.norm(scene.solids.centre[:, :2] - camera[:2], axis=1)
        chosen.append(scene.solids.subset(np.flatnonzero(gap - scene.solids.radius < FAR)))
    longest = max(1, *(len(solids) for solids in chosen))
    rows = [_rows(solids, camera) for solids, camera in zip(chosen, cameras, strict=True)]

    def stacked(column: int, fill: int = 0) -> Tensor:
        return _tensor(np.stack([_padded(row[column], longest, fill) for row in rows]), device)

    different = scenes[:1] if all(scene is scenes[0] for scene in scenes) else scenes
    return Packed(
        stacked(0, -1),
        stacked(1),
        stacked(2),
        stacked(3),
        stacked(4),
        stacked(5),
        stacked(6),
        stacked(7),
        stacked(8),
        stacked(9),
        stacked(10),
        _tensor(np.stack([scene.ground.row() for scene in different]), device),
        _tensor(np.stack([scene.light.row() for scene in different]), device),
        _tensor(cameras, device),
    )


def _rows(solids: Primitives, camera: NDArray[np.float64]) -> list[NDArray[Any]]:
    """Columns of :class:`Packed` for one camera, in the order of its fields."""
    unit = solids.axes / solids.half[:, :, None]
    middle = solids.centre - camera
    origin = -np.einsum('pij,pj->pi', unit, middle)
    planes, reach = _wedge_planes(solids, unit, origin)
    corners = middle[:, None] + CORNERS @ (solids.axes * solids.half[:, :, None])
    paint = np.concatenate([solids.colour.reshape(-1, 6), solids.style], 1)
    label = solids.label.astype(np.int64)
    half, shape, material = solids.half, solids.shape, solids.material
    return [solids.kind, unit, origin, half, shape, planes, reach, corners, label, material, paint]


def _padded(values: NDArray[Any], length: int, fill: int) -> NDArray[Any]:
    out = np.full((length, *values.shape[1:]), fill, values.dtype)
    out[: len(values)] = values
    return out


def _tensor(values: NDArray[Any], device: torch.device | str) -> Tensor:
    if np.issubdtype(values.dtype, np.floating):
        values = values.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)
