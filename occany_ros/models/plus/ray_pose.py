"""
Pose and pinhole matrix of a view from its rays (OccAny+ spec, section 6).

The directions of a pinhole camera are a homography of its image plane. It is found by RANSAC over
the surest pixels and taken apart into a rotation and a triangular matrix.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

HYPOTHESES: Final = 100
SAMPLE: Final = 8
CANDIDATES: Final = 0.3
"""Share of the pixels, the surest ones, from which hypotheses are drawn."""
INLIER: Final = 0.2
"""Largest error of an inlier, in units of the distance to the image plane."""
MOST_INLIERS: Final = 8000
KEPT_INLIERS: Final = 0.95
FLATTEST: Final = 1e-4
"""Rays with a smaller forward part hit no image plane, and have no vote."""
HYPOTHESES_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class RayCameras:
    """
    Cameras that explain rays.

    :param world_from_camera: (v, 4, 4) float32.
    :param intrinsics: pinhole matrices in pixels of the image, (v, 3, 3) float32.
    :param homographies: of the image plane, before they were taken apart, (v, 3, 3) float64.
    """

    world_from_camera: Tensor
    intrinsics: Tensor
    homographies: Tensor


def cameras_from_rays(
    rays: Tensor,
    confidence: Tensor,
    size: tuple[int, int],
    generator: torch.Generator,
) -> RayCameras:
    """
    Find the camera of each view.

    Exact where the principal point is the centre of the image; elsewhere the factorisation turns
    the pose a little, as in the released code. A view without a usable ray has no camera: its
    pose is not a number, and the cameras of the others are as without it.

    :param rays: direction, not normalised, then origin, in the world, (v, r, c, 6).
    :param confidence: weight of each ray, (v, r, c).
    :param size: height and width of the image, pixels.
    :param generator: on the CPU; draws the samples, in the order of the released code.
    """
    rays, weight = rays.float(), confidence.float().flatten(1)
    rows, columns = rays.shape[1:3]
    places = _places(rows, columns, rays.device)
    aim = rays[..., :3].flatten(1, 2)  # (v, n, 3)
    is_forward = aim[..., 2].abs() > FLATTEST
    targets = aim[..., :2] / torch.where(is_forward, aim[..., 2], 1.0)[..., None]  # (v, n, 2)
    is_sound = aim.isfinite().all(dim=-1) & targets.isfinite().all(dim=-1) & weight.isfinite()
    targets = torch.where(is_sound[..., None], targets, 0.0)
    weight = torch.where(is_sound & is_forward, weight, 0.0)
    drawn = drawn_samples(len(places), generator).to(rays.device)
    found = torch.stack(
        [
            _homography(places, target, share, drawn, generator)
            for target, share in zip(targets, weight, strict=True)
        ]
    )
    rotation, triangle = _taken_apart(found)
    share = weight[..., None]
    position = (share * rays[..., 3:].flatten(1, 2)).sum(dim=1) / share.sum(dim=1)
    pose = torch.eye(4, device=rays.device).repeat(len(rays), 1, 1)
    pose[:, :3, :3] = rotation.float()
    pose[:, :3, 3] = position
    return RayCameras(pose, _pinholes(triangle, size).float(), found)


def drawn_samples(count: int, generator: torch.Generator) -> Tensor:
    """
    Draw the samples hypotheses are made of.

    :param count: of all pixels.
    :returns: ranks among the surest pixels, (100, 8) int64.
    """
    most = _candidates(count)
    draws = [torch.randperm(most, generator=generator)[:SAMPLE] for _ in range(HYPOTHESES)]
    return torch.stack(draws)


def _candidates(count: int) -> int:
    return max(SAMPLE, int(CANDIDATES * count))


def _places(rows: int, columns: int, device: torch.device) -> Tensor:
    """Centres of the cells of a map over the square from -1 to 1, row-major, (n, 2)."""
    across, down = (
        torch.linspace(-(1 - 1 / count), 1 - 1 / count, count, device=device)
        for count in (columns, rows)
    )
    return torch.stack(
        (across.expand(rows, columns), down[:, None].expand(rows, columns)), dim=-1
    ).reshape(-1, 2)


def _homography(
    places: Tensor, targets: Tensor, weight: Tensor, drawn: Tensor, generator: torch.Generator
) -> Tensor:
    """Fit the homography of one view: places (n, 2) to targets (n, 2), (3, 3) float64."""
    surest = torch.argsort(weight, descending=True)[: _candidates(len(places))]
    sample = surest[drawn]  # (hypotheses, 8)
    hypotheses = _fitted(places[sample], targets[sample], weight[sample]).float()
    is_inlier = [
        _meets(some, places, targets) for some in torch.split(hypotheses, HYPOTHESES_AT_ONCE)
    ]
    scores = torch.cat([(x * weight).sum(dim=-1) for x in is_inlier])
    best = int(scores.argmax())
    inliers = is_inlier[best // HYPOTHESES_AT_ONCE][best % HYPOTHESES_AT_ONCE].nonzero()[:, 0]
    inliers = inliers[torch.argsort(weight[inliers], descending=True)]
    if len(inliers) > MOST_INLIERS:
        kept = max(int(KEPT_INLIERS * len(inliers)), MOST_INLIERS)
        order = torch.randperm(kept, generator=generator)[:MOST_INLIERS]
        inliers = inliers[order.to(inliers.device)]
    return _fitted(places[inliers][None], targets[inliers][None], weight[inliers][None])[0]


def _fitted(places: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """
    Fit homographies by weighted direct linear transforms.

    The smallest singular vector of the equations is the smallest eigenvector of their 9x9 Gram
    matrix, in double precision.

    :param places: (b, n, 2).
    :param targets: (b, n, 2).
    :param weight: (b, n).
    :returns: (b, 3, 3) float64, whose last element is one.
    """
    x, y = places.double().unbind(dim=-1)
    u, v = targets.double().unbind(dim=-1)
    root = weight.double().sqrt()[..., None]
    one, none = torch.ones_like(x), torch.zeros_like(x)
    first = torch.stack((-x, -y, -one, none, none, none, x * u, y * u, u), dim=-1) * root
    second = torch.stack((none, none, none, -x, -y, -one, x * v, y * v, v), dim=-1) * root
    gram = first.mT @ first + second.mT @ second  # (b, 9, 9)
    solution = torch.linalg.eigh(gram).eigenvectors[..., 0]
    return (solution / solution[..., 8:]).unflatten(-1, (3, 3))


def _meets(homographies: Tensor, places: Tensor, targets: Tensor) -> Tensor:
    """
    Tell which targets (n, 2) each homography (b, 3, 3) comes close to: (b, n) bool.

    Both sides are multiplied by what a projection divides by.
    """
    x, y = places.unbind(dim=-1)
    u, v = targets.unbind(dim=-1)
    rows = (row[..., None].unbind(dim=1) for row in homographies.unbind(dim=1))
    across, down, below = (torch.addcmul(c + b * y, a, x) for a, b, c in rows)  # (b, n) each
    across.addcmul_(below, u, value=-1)
    down.addcmul_(below, v, value=-1)
    return across.square_().addcmul_(down, down) < below.mul_(INLIER).square_()


def _taken_apart(homographies: Tensor) -> tuple[Tensor, Tensor]:
    """Factor each matrix into a rotation and a lower triangle with a positive diagonal."""
    matrices = torch.where(
        torch.linalg.det(homographies)[:, None, None] < 0, -homographies, homographies
    )
    orthogonal, upper = torch.linalg.qr(matrices.flip(-1))
    rotation, lower = orthogonal.flip(-1), upper.flip(-1, -2)
    sign = lower.diagonal(dim1=-2, dim2=-1).sign()
    rotation, lower = rotation * sign[:, None, :], lower * sign[:, :, None]
    return rotation, lower / lower[:, 2:, 2:]


def _pinholes(triangles: Tensor, size: tuple[int, int]) -> Tensor:
    """Pinhole matrices of lower triangles, in pixels of an image."""
    height, width = size
    half = torch.tensor((width / 2, height / 2), dtype=triangles.dtype, device=triangles.device)
    matrices = torch.eye(3, dtype=triangles.dtype, device=triangles.device)
    matrices = matrices.repeat(len(triangles), 1, 1)
    focal = half / triangles.diagonal(dim1=-2, dim2=-1)[:, :2]
    matrices[:, 0, 0], matrices[:, 1, 1] = focal.unbind(dim=-1)
    matrices[:, :2, 2] = (triangles[:, 2, :2] + 1) * half
    return matrices
