"""How a mapper works: the window it remembers, what it believes, the grid it fills."""

from dataclasses import dataclass
import math
from typing import Final, get_args, Literal

from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.occupancy.fusion_parameters import FusionParameters
from occany_ros.occupancy.grid import GridSpec
from occany_ros.occupancy.pooling import Pooling
from occany_ros.pipeline.imagination import plan_in
from occany_ros.pipeline.label_rules import DEFAULT_LABELS, LabelRules
from occany_ros.pipeline.modes import Mode, MODES

Anchor = Literal['newest', 'first']
Fusion = Literal['trilinear', 'carve']
Merge = Literal['evaluation', 'demo']
LevelMode = Literal['none', 'tf', 'ground_plane']
ScaleSource = Literal['model', 'odom', 'camera_height']

DEFAULT_GRID: Final = GridSpec(origin=(-40.0, -40.0, -1.0), resolution=0.4, shape=(200, 200, 16))

DEFAULT_CARVING: Final = FusionParameters(
    depth_error=0.04,
    depth_shift=0.5,
    margin=0.0,
    threshold=0.03,
    balance=0.0,
    unseen_is_unknown=True,
    novel_weight=1.25,
    novel_depth_error=0.035,
    novel_threshold=0.08,
)
"""Chosen for the embedded network on synthetic drives 510 to 525, which no table reports."""


@dataclass(frozen=True, slots=True)
class MapperConfig:
    """
    Settings of a `Mapper`; every value is checked.

    :param frames: frame sets in the rolling memory, the newest included; with 1 there is no ego
        motion, because nothing is shared by two windows.
    :param min_interval_s: a set stays in memory only if it is this much newer than the last that
        stayed.
    :param min_translation_m: and only if the robot moved this far since.
    :param max_age_s: older sets leave the memory.
    :param max_gap_s: a longer hole in the stamps forgets memory and odometry.
    :param anchor: which set is remembered first, and so defines the network's world.
    :param confidence: points need more than this; a network's confidence is at least 1.
    :param novel: novel views to render around each view, where the network can; None for none.
    :param mode: how much of that is rendered, see `occany_ros.pipeline.imagination.plan_in`.
    :param novel_confidence: points of novel views need more than this.
    :param novel_batch: novel views rendered at once; 0 lets the network decide by the memory there
        is. It changes the answer of networks whose novel views see each other, and of no other.
    :param merge: how seen and novel points share a ``trilinear`` grid. ``evaluation``: all
        points, those of seen views first, fill one grid; ``demo``: each kind fills its own, and
        the novel grid shows where the seen one is free. With ``carve`` novel views add rays,
        which ``carving`` weighs, and this has no effect.
    :param grid: the voxels, in the base frame of the newest set.
    :param fusion: ``trilinear`` as the released models are evaluated: every cell without a point
        is free; ``carve``: points mark only their own cell, rays clear what they pass, and what
        no ray reached is unknown.
    :param carving: how ``carve`` weighs evidence.
    :param pooling: what happens to the filled grid, see `occany_ros.pipeline.grids.pooled`.
    :param max_rays: rays of a view ``carve`` works with; larger maps are thinned.
    :param max_points: points in the cloud at most; more are thinned evenly.
    :param cameras: names in the order that says which is the first; the others follow as they
        are seen.
    :param assumed_height_m: height of the first camera over the ground. It is used where no
        extrinsics are given (zero puts the base at the camera), and to find the scale.
    :param level: how the grid is made level, see `occany_ros.pipeline.level.levelled`.
    :param scale: what makes lengths metric, see `occany_ros.pipeline.metric.in_metres`.
    :param is_metric: whether the network's lengths are metres, and not known up to a factor only.
    :param labels: how labels are made and kept.
    :param features: whether the semantic features of the newest set are handed out.
    :raises ValueError: a value is out of range; the message names it as the node's parameters do.
    """

    frames: int = 5
    min_interval_s: float = 0.5
    min_translation_m: float = 0.0
    max_age_s: float = 30.0
    max_gap_s: float = 2.0
    anchor: Anchor = 'newest'
    confidence: float = 2.0
    novel: NovelViewPlan | None = None
    mode: Mode = 'quality'
    novel_confidence: float = 2.0
    novel_batch: int = 0
    merge: Merge = 'evaluation'
    grid: GridSpec = DEFAULT_GRID
    fusion: Fusion = 'trilinear'
    carving: FusionParameters = DEFAULT_CARVING
    pooling: Pooling = 'none'
    max_rays: int = 8192
    max_points: int = 200_000
    cameras: tuple[str, ...] = ()
    assumed_height_m: float = 0.0
    level: LevelMode = 'tf'
    scale: ScaleSource = 'model'
    is_metric: bool = True
    labels: LabelRules = DEFAULT_LABELS
    features: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        _require('memory.frames', 'at least 1', self.frames, self.frames >= 1)
        _require('max_rays', 'at least 1', self.max_rays, self.max_rays >= 1)
        for name, value in (
            ('memory.min_interval', self.min_interval_s),
            ('memory.min_translation', self.min_translation_m),
            ('points.max_points', self.max_points),
            ('render.batch', self.novel_batch),
        ):
            _require(name, 'a finite number, zero or more', value, 0 <= value < math.inf)
        for name, value in (
            ('memory.max_age', self.max_age_s),
            ('memory.max_gap', self.max_gap_s),
            ('grid.resolution', self.grid.resolution),
        ):
            _require(name, 'more than zero', value, value > 0)
        for name, choice, choices in (
            ('memory.anchor', self.anchor, get_args(Anchor)),
            ('grid.fusion', self.fusion, get_args(Fusion)),
            ('grid.pooling', self.pooling, get_args(Pooling)),
            ('render.merge', self.merge, get_args(Merge)),
            ('mode', self.mode, MODES),
            ('level.mode', self.level, get_args(LevelMode)),
            ('scale.source', self.scale, get_args(ScaleSource)),
        ):
            _require(name, f'one of {choices}', choice, choice in choices)
        for name, threshold in (
            ('confidence.recon', self.confidence),
            ('confidence.render', self.novel_confidence),
        ):
            is_confidence = 1 <= threshold < math.inf
            _require(name, 'a finite number, 1 or more', threshold, is_confidence)
        is_height = math.isfinite(self.assumed_height_m)
        _require('assumed_height_m', 'finite metres', self.assumed_height_m, is_height)
        has_cells = min(self.grid.shape) >= 1
        _require('grid.size', 'at least one cell a side', self.grid.shape, has_cells)

    @property
    def plan(self) -> NovelViewPlan | None:
        """Say what to render around each view in this mode; None for nothing."""
        return plan_in(self.mode, self.novel)


def _require(name: str, expected: str, got: object, is_right: bool) -> None:  # noqa: FBT001
    if not is_right:
        raise ValueError(f'{name}: expected {expected}, got {got!r}')
