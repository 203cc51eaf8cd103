"""A batch of short sequences with their truth, and the ways it is varied."""

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Final

from occany_ros.layers.colour import centred
import torch
from torch import Tensor
from torch.nn import functional

MIRROR_BASE: Final = torch.diag(torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64))
MIRROR_CAMERA: Final = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0], dtype=torch.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """
    ``b`` sequences of ``t`` frames of one camera.

    :param images: RGB, (b, t, h, w, 3) uint8.
    :param depth: true depth at the pixels ``4 i + 2``, metres, 0 = sky, (b, t, h/4, w/4).
    :param labels: true class at the same pixels, (b, t, h/4, w/4) uint8.
    :param coarse_depth: true depth at the pixels ``8 i + 4``, (b, t, h/8, w/8).
    :param intrinsics: pixels of the images, (b, t, 3, 3) float64.
    :param base_from_camera: (b, t, 4, 4) float64.
    :param world_from_base: (b, t, 4, 4) float64.
    """

    images: Tensor
    depth: Tensor
    labels: Tensor
    coarse_depth: Tensor
    intrinsics: Tensor
    base_from_camera: Tensor
    world_from_base: Tensor

    def to(self, device: str) -> 'Batch':
        """Move every tensor to a device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return type(self)(**moved)

    @property
    def world_from_camera(self) -> Tensor:
        """Pose of each frame's optical frame, (b, t, 4, 4) float64."""
        return self.world_from_base @ self.base_from_camera


def mirrored(batch: Batch) -> Batch:
    """
    Mirror a batch left to right.

    The images are also moved by one pixel, so that the truth's pixels map onto each other.
    """
    width = batch.images.shape[3]
    intrinsics = batch.intrinsics.clone()
    intrinsics[..., 0, 2] = width - intrinsics[..., 0, 2]
    base, camera = (m.to(intrinsics.device) for m in (MIRROR_BASE, MIRROR_CAMERA))
    return Batch(
        images=batch.images.flip(3).roll(1, dims=3),
        depth=batch.depth.flip(3),
        labels=batch.labels.flip(3),
        coarse_depth=batch.coarse_depth.flip(3),
        intrinsics=intrinsics,
        base_from_camera=base @ batch.base_from_camera @ camera,
        world_from_base=base @ batch.world_from_base @ base,
    )


def cropped(batch: Batch, rows: slice, columns: slice) -> Batch:
    """
    Cut a window out of every image, as a camera with another principal point would see it.

    :param rows: of the images, from and to multiples of 8.
    :param columns: the same across.
    """
    intrinsics = batch.intrinsics.clone()
    intrinsics[..., 0, 2] -= columns.start
    intrinsics[..., 1, 2] -= rows.start

    def window(maps: Tensor, stride: int) -> Tensor:
        """Cut the window out of maps at a stride of the images, (b, t, h, w)."""
        down = slice(rows.start // stride, rows.stop // stride)
        across = slice(columns.start // stride, columns.stop // stride)
        return maps[:, :, down, across]

    return replace(
        batch,
        images=window(batch.images, 1),
        depth=window(batch.depth, 4),
        labels=window(batch.labels, 4),
        coarse_depth=window(batch.coarse_depth, 8),
        intrinsics=intrinsics,
    )


def network_images(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """
    Images as the network takes them, varied in colour when a generator is given.

    :param images: RGB, (b, t, h, w, 3) uint8.
    :param generator: source of the variation, on the images' device; one draw a sequence and
        noise a pixel.
    :returns: (b * t, 3, h, w) in [-1, 1], channels last in memory.
    """
    x = images.float() / 255
    if generator is not None:
        sequences = images.shape[0]
        draw = partial(torch.rand, generator=generator, device=x.device)
        gain = draw(sequences, 1, 1, 1, 3) * 0.3 + 0.85
        light = draw(sequences, 1, 1, 1, 1) * 0.6 + 0.7
        contrast = draw(sequences, 1, 1, 1, 1) * 0.5 + 0.75
        noise = torch.randn(x.shape, generator=generator, device=x.device) * 0.01
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = ((x - mean) * contrast + mean) * light * gain + noise
        x = x.clamp(0, 1)
    x = centred(x).flatten(0, 1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)


def jittered(
    poses: Tensor, *, angle_deg: float, metres: float, scale: float, generator: torch.Generator
) -> Tensor:
    """
    Poses with small errors, as an estimate would have.

    :param poses: (v, 4, 4).
    :param angle_deg: standard deviation of the rotation about each axis.
    :param metres: standard deviation of the translation along each axis.
    :param scale: standard deviation of the relative error of the translation.
    :param generator: source of the errors, on the poses' device.
    :returns: (v, 4, 4).
    """
    views = poses.shape[0]
    draw = partial(torch.randn, generator=generator, dtype=poses.dtype, device=poses.device)
    turn = draw(views, 3) * angle_deg
    shift = draw(views, 3) * metres
    stretch = 1 + draw(views, 1) * scale
    x, y, z = torch.deg2rad(turn).unbind(-1)
    zero = torch.zeros_like(x)
    rows = ((zero, -z, y), (z, zero, -x), (-y, x, zero))
    skew = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
    noisy = poses.clone()
    noisy[:, :3, :3] = torch.linalg.matrix_exp(skew) @ poses[:, :3, :3]
    noisy[:, :3, 3] = poses[:, :3, 3] * stretch + shift
    return noisy


def match_targets(batch: Batch, first: int, second: int) -> tuple[Tensor, Tensor, Tensor]:
    """
    Where each coarse cell of one frame truly lies in another.

    :param first: index of the frame whose cells are followed.
    :param second: index of the frame they are looked for in.
    :returns: pixels (column, row) in the second image, (b, n, 2) float32; whether that frame
        sees the same surface there, (b, n); whether the cell is sky or outside it, (b, n).
    """
    depth = batch.coarse_depth[:, first].double()  # b h w
    rows, columns = depth.shape[-2:]
    v = torch.arange(rows, device=depth.device, dtype=torch.float64) * 8 + 4
    u = torch.arange(columns, device=depth.device, dtype=torch.float64) * 8 + 4
    columns_at, rows_at = torch.meshgrid(u, v, indexing='xy')
    pixels = torch.stack((columns_at, rows_at, torch.ones_like(u[None] * v[:, None])), dim=-1)
    rays = torch.einsum('bij,hwj->bhwi', batch.intrinsics[:, first].inverse(), pixels)
    points = (rays * depth[..., None]).flatten(1, 2)  # b n 3
    poses = batch.world_from_camera
    relative = poses[:, second].inverse() @ poses[:, first]
    moved = points @ relative[:, :3, :3].mT + relative[:, None, :3, 3]
    image = moved @ batch.intrinsics[:, second].mT
    z = image[..., 2]
    found = image[..., :2] / z.clamp(min=0.1)[..., None]
    cells = (found - 4) / 8
    limit = cells.new_tensor([columns - 1, rows - 1])
    grid = (cells / limit * 2 - 1).clamp(-2, 2)[:, None]
    there = functional.grid_sample(
        batch.coarse_depth[:, second][:, None].double(), grid, mode='nearest', align_corners=True
    )[:, 0, 0]
    solid = (depth.flatten(1) > 0) & (z > 0.3)
    within = solid & ((cells >= 0) & (cells <= limit)).all(-1)
    near = solid & ((cells >= -0.5) & (cells <= limit + 0.5)).all(-1)
    return found.float(), within & ((there - z).abs() < 0.08 * z), ~near
