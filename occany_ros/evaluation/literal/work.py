"""The parts of the work, in the released way and in ours, on the same weights and inputs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast, Final

import numpy as np
from occany_ros.evaluation.literal.blocks import linear
from occany_ros.evaluation.literal.conditioning import conditioning_map, point_table
from occany_ros.evaluation.literal.decoder import LiteralMemory, observe, render
from occany_ros.evaluation.literal.heads import outputs
from occany_ros.evaluation.literal.ray_encoder import mixed, read_by_nobody
from occany_ros.evaluation.literal.reconstruction import LiteralScene, reconstruct
from occany_ros.evaluation.literal.voxels import voxelize as dense_voxelize
from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan
from occany_ros.models.conditioning import nearest_pixels, ray_map_tokens, seen_pixels
from occany_ros.models.config import OccAnyConfig, PATCH
from occany_ros.models.decoder import MemoryDecoder
from occany_ros.models.heads import Heads
from occany_ros.models.memory import Memory
from occany_ros.models.occany import groups, OccAny
from occany_ros.models.postprocess import PointMaps, surface_maps
from occany_ros.models.ray_maps import RayMapEncoder
from occany_ros.occupancy.points import BODY_FROM_OPTICAL, LabelledPoints, transform_points
from occany_ros.occupancy.voxelize import voxelize
from occany_ros.pipeline.config import DEFAULT_GRID
from occany_ros.semantics.classes import OCC3D
import torch
from torch import Tensor

FOCAL: Final = 300.0
"""Of images 512 pixels wide, pixels."""
PLAN: Final = NovelViewPlan(views_per_frame=1, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """One part of the work, done in the released way and in ours."""

    name: str
    literal: Callable[[], object]
    ours: Callable[[], object]


def walled_scene(network: OccAny, images: Tensor) -> LiteralScene:
    """Reconstruct images, but take a wavy wall before cameras in a row for what was seen."""
    scene = reconstruct(network, images)
    height, width = images.shape[-2:]
    down, across = torch.meshgrid(
        torch.arange(height) - height / 2, torch.arange(width) - width / 2, indexing='ij'
    )
    focal = FOCAL * width / 512
    depth = 9 + 2 * torch.sin(down / 9) + 2 * torch.cos(across / 31)
    local = torch.stack((across / focal, down / focal, torch.ones_like(down)), dim=-1)
    local = (local * depth[..., None]).expand(len(images), -1, -1, -1)
    poses = torch.eye(4).repeat(len(images), 1, 1)
    poses[:, 2, 3] = 0.5 * torch.arange(len(images))
    maps = PointMaps(
        world_points=local + poses[:, None, None, :3, 3],
        local_points=local,
        confidence=scene.seen.maps.confidence,
    )
    focals = torch.full((len(images),), focal)
    return replace(
        scene, seen=replace(scene.seen, maps=maps, focal=focals, world_from_camera=poses)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """
    The parts of the work, each in the released way and in ours.

    :param network: float32.
    :param encoder: its ray-map encoder.
    :param decoder: its decoder of novel views.
    :param heads: their heads.
    :param scene: what was seen.
    :param fast: what was seen, as we remember it.
    :param poses: of the novel views, (r, 4, 4).
    """

    network: OccAny
    encoder: RayMapEncoder
    decoder: MemoryDecoder
    heads: Heads
    scene: LiteralScene
    fast: Memory
    poses: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        return (self.scene.images.shape[-2], self.scene.images.shape[-1])

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return (self.size[0] // PATCH, self.size[1] // PATCH)

    def pairs(self) -> list[Pair]:
        """Pair both ways for every saving."""
        kind = self.network.config.decoder.activation
        width = self.encoder.projection.in_features
        known = torch.randn(len(self.poses), len(self.scene.tokens[0]), width)
        tokens = torch.randn(len(self.poses), *self.scene.tokens.shape[1:])
        decoded = render(self.decoder, self.scene.memory, tokens, self.grid)
        cloud = self.cloud()
        return [
            Pair(
                'memory pass: no heads, no last block',
                self.remember_literally,
                plainly(self.remember),
            ),
            Pair(
                'novel decoder: one memory for all views',
                lambda: render(self.decoder, self.scene.memory, tokens, self.grid),
                plainly(lambda: self.decoder.render(self.fast, tokens[None], self.grid)),
            ),
            Pair(
                'novel decoder: faster products',
                plainly(lambda: self.decoder.render(self.fast, tokens[None], self.grid)),
                lambda: self.decoder.render(self.fast, tokens[None], self.grid),
            ),
            Pair(
                'conditioning: one z-buffer, gathered patches, multiplied layers',
                self.condition_literally,
                self.condition,
            ),
            Pair(
                'ray maps: no dead transformer',
                lambda: read_by_nobody(known, self.scene.tokens, self.grid),
                lambda: None,
            ),
            Pair(
                'novel heads: surfaces alone',
                lambda: outputs(self.heads, decoded, self.grid, kind),
                lambda: surface_maps(self.heads.surfaces(decoded[None], self.grid)[0], kind),
            ),
            Pair(
                'voxels: sparse votes',
                lambda: dense_voxelize(cloud, DEFAULT_GRID, OCC3D),
                lambda: voxelize(cloud, DEFAULT_GRID, OCC3D),
            ),
        ]

    def remember_literally(self) -> LiteralMemory:
        """Observe group by group, heads and their post-processing included."""
        memory: LiteralMemory | None = None
        kind = self.network.config.decoder.activation
        for first, end in groups(len(self.scene.tokens), is_empty=True):
            views = self.scene.tokens[first:end]
            memory, decoded = observe(self.network.decoder, memory, views, self.grid)
            outputs(self.network.heads, decoded, self.grid, kind)
        return cast('LiteralMemory', memory)

    def remember(self) -> Memory:
        """Remember group by group."""
        memory: Memory | None = None
        for first, end in groups(len(self.scene.tokens), is_empty=True):
            views = self.scene.tokens[None, first:end]
            memory = self.network.decoder.remember(memory, views, self.grid)
        return cast('Memory', memory)

    def condition_literally(self) -> Tensor:
        """Draw the maps of every novel view out of one table, and encode them."""
        seen = self.scene.seen
        points = point_table(self.scene.images, seen)
        maps = [conditioning_map(points, pose, seen.focal[0], self.size) for pose in self.poses]
        return linear(self.encoder.projection, mixed(self.encoder, torch.stack(maps)))

    def condition(self) -> Tensor:
        """Gather what novel views are told where it is encoded."""
        seen = self.scene.seen
        pixels = seen_pixels(
            self.scene.images,
            seen.maps.world_points,
            seen.maps.confidence,
            seen.features,
            seen.focal[0],
        )
        nearest = nearest_pixels(pixels, self.poses)
        return ray_map_tokens(self.encoder, pixels, nearest, self.poses)

    def cloud(self) -> LabelledPoints:
        """Bring the seen points into the axes of the grid."""
        maps = self.scene.seen.maps
        points = maps.world_points.reshape(-1, 3).numpy()
        return LabelledPoints(
            transform_points(points, BODY_FROM_OPTICAL),
            maps.confidence.reshape(-1).numpy() + np.float32(1),
        )


def work_of(network: OccAny, scene: LiteralScene, count: int) -> Work:
    """
    Lay the work out.

    :param network: with a rendering stage, float32.
    :param count: novel views at most.
    :raises ValueError: if the network only reconstructs.
    """
    encoder, decoder, heads = network.ray_maps, network.novel_decoder, network.novel_heads
    if encoder is None or decoder is None or heads is None:
        raise ValueError('network: expected one with a rendering stage, got reconstruction alone')
    grid = (scene.images.shape[-2] // PATCH, scene.images.shape[-1] // PATCH)
    fast = network.decoder.remember(None, scene.tokens[None, :2], grid)
    for index in range(2, len(scene.tokens)):
        fast = network.decoder.remember(fast, scene.tokens[None, [index]], grid)
    poses = novel_poses(scene.seen.world_from_camera, PLAN).world_from_camera[:count]
    return Work(network, encoder, decoder, heads, scene, fast, poses)


def plainly(action: Callable[[], object]) -> Callable[[], object]:
    """Run something with torch's usual products."""

    def run() -> object:
        library: Any = torch.backends.mkldnn
        was_enabled = bool(library.enabled)
        library.enabled = False
        try:
            return action()
        finally:
            library.enabled = was_enabled

    return run


def random_network(config: OccAnyConfig) -> OccAny:
    """Make a network with weights that keep its numbers small."""
    generator = torch.Generator().manual_seed(0)
    network = OccAny(config).eval().requires_grad_(requires_grad=False)
    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            weight.normal_(0.0, 0.02, generator=generator)
        else:
            weight.fill_(float('norm' in name and name.endswith('.weight')))
    return network
