"""Groups of parameters: each a dotted prefix in a YAML file."""

from dataclasses import dataclass

from occany_ros.ros.setting import setting


@dataclass(frozen=True, slots=True)
class QosParameters:
    """Quality of service of the topics."""

    image_reliability: str = setting(
        'best_effort',
        'Reliability asked of the image publishers; best_effort matches all of them',
        choices=('best_effort', 'reliable'),
    )
    image_depth: int = setting(2, 'Images kept per camera while the node is busy', limits=(1, 100))
    output_reliability: str = setting(
        'reliable', 'Reliability of the outputs', choices=('best_effort', 'reliable')
    )


@dataclass(frozen=True, slots=True)
class SyncParameters:
    """How images of several cameras become a set."""

    slop: float = setting(
        0.05, 'Largest difference of stamps in a set', unit='s', limits=(0.0, 10.0), runtime=True
    )
    min_cameras: int = setting(1, 'Fewest cameras in a set', limits=(1, 64), runtime=True)
    max_wait: float = setting(
        0.10,
        'Longest wait for the missing cameras of a set',
        unit='s',
        limits=(0.0, 10.0),
        runtime=True,
    )
    stale_after: float = setting(
        1.0,
        'A camera silent for longer is not waited for',
        unit='s',
        limits=(0.01, 60.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """The network."""

    variant: str = setting('tiny', 'Network to run', choices=('tiny', 'occany', 'must3r'))
    checkpoint: str = setting(
        '', 'File with the weights; empty takes the packaged ones, which only tiny has'
    )
    device: str = setting(
        'auto', 'Device to run on: auto (a GPU where there is one), cpu, cuda, cuda:1, …'
    )
    precision: str = setting(
        'auto', 'Number format of the network', choices=('auto', 'fp32', 'bf16', 'fp16')
    )
    compile: str = setting(  # noqa: A003
        'off', 'Fuse blocks or record CUDA graphs', choices=('off', 'compile', 'graphs')
    )
    image_size: int = setting(
        0,
        "Longer side of the network's images, a multiple of 16; 0 takes what it was trained with",
        unit='pixels',
        limits=(0, 4096),
    )
    threads: int = setting(
        0, 'CPU threads of the network; 0 leaves the choice to torch', limits=(0, 256)
    )


@dataclass(frozen=True, slots=True)
class MemoryParameters:
    """The rolling window of frame sets."""

    frames: int = setting(5, 'Frame sets remembered', limits=(1, 100), runtime=True)
    min_interval: float = setting(
        0.5, 'Least time between remembered sets', unit='s', limits=(0.0, 60.0), runtime=True
    )
    min_translation: float = setting(
        0.0, 'Least motion between remembered sets', unit='m', limits=(0.0, 100.0), runtime=True
    )
    max_age: float = setting(
        30.0, 'Sets older than this are forgotten', unit='s', limits=(0.1, 3600.0), runtime=True
    )
    max_gap: float = setting(
        2.0,
        'A longer gap between sets starts memory and odometry anew',
        unit='s',
        limits=(0.1, 3600.0),
        runtime=True,
    )
    anchor: str = setting(
        'newest', 'Set whose time and place the grid has', choices=('newest', 'first')
    )


@dataclass(frozen=True, slots=True)
class RenderParameters:
    """Views that nobody took, rendered around every view in memory."""

    views_per_frame: int = setting(
        0,
        'Steps ahead of each view in mode quality; 0 takes what suits the network',
        limits=(0, 200),
        runtime=True,
    )
    rotate_deg: float = setting(
        -1.0,
        'Turn of the two views beside each step; 0 leaves them out, -1 takes what suits the '
        'network',
        unit='deg',
        limits=(-1.0, 180.0),
        runtime=True,
    )
    forward_m: float = setting(
        0.0,
        'Length of a step, negative to go back; 0 takes what suits the network',
        unit='m',
        limits=(-100.0, 100.0),
        runtime=True,
    )
    lateral_m: float = setting(
        -1.0,
        'How far beside each step its two views stand; -1 takes what suits the network',
        unit='m',
        limits=(-1.0, 100.0),
        runtime=True,
    )
    batch: int = setting(
        0,
        'Views rendered at once at most; 0 takes as many as memory allows. It does not change '
        'the result',
        limits=(0, 10_000),
        runtime=True,
    )
    merge: str = setting(
        'evaluation',
        'How seen and rendered points share the grid where grid.fusion is trilinear: evaluation '
        'puts all into one grid, demo shows rendered ones only where no seen one is; with carve '
        'rendered views add rays instead',
        choices=('evaluation', 'demo'),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class ConfidenceParameters:
    """Thresholds."""

    recon: float = setting(
        0.0,
        'Points fill voxels with more confidence than this, 1 being none; 0 takes what suits the '
        'network',
        limits=(0.0, 1000.0),
        runtime=True,
    )
    render: float = setting(
        0.0,
        'The same for points of rendered views; 0 takes what suits the network',
        limits=(0.0, 1000.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class SemanticsParameters:
    """Classes."""

    class_set: str = setting(
        'auto', "Classes of the grid; auto takes the network's", choices=('auto', 'occ3d', 'kitti')
    )
    traversable: tuple[str, ...] = setting(
        (),
        'Classes that are ground and no obstacle; empty takes those of the class set',
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class GridParameters:
    """The voxel grid around the robot."""

    preset: str = setting(
        'nuscenes',
        'Size, resolution and origin of the grid; custom takes the three parameters below',
        choices=('nuscenes', 'kitti', 'demo', 'indoor', 'custom'),
    )
    size: tuple[int, ...] = setting(
        (200, 200, 16), 'Voxels along x, y, z', unit='voxels', limits=(1, 2048)
    )
    resolution: float = setting(0.4, 'Edge of a voxel', unit='m', limits=(0.01, 10.0))
    origin: tuple[float, ...] = setting(
        (-40.0, -40.0, -1.0), 'Minimum corner in base_frame', unit='m', limits=(-1000.0, 1000.0)
    )
    fusion: str = setting(
        'auto',
        'trilinear leaves every voxel without a point free, as the released models are '
        'evaluated; carve frees what rays pass and leaves the rest unknown; auto takes what '
        'suits the network',
        choices=('auto', 'trilinear', 'carve'),
        runtime=True,
    )
    pooling: str = setting(
        'none',
        'What voxels take from the 26 around them: geometry also occupies each one beside an '
        'occupied one, as geometry is scored in the paper; classes gives each occupied one the '
        'most frequent class around it',
        choices=('none', 'geometry', 'classes'),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class LevelParameters:
    """Where the ground is."""

    camera_height: float = setting(
        0.0,
        'Height of the reference camera over the ground, used where /tf does not give it',
        unit='m',
        limits=(-100.0, 100.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class CostmapParameters:
    """The two-dimensional grid for planners."""

    z_min: float = setting(
        0.2, 'Obstacles start this high', unit='m', limits=(-100.0, 100.0), runtime=True
    )
    z_max: float = setting(
        2.0, 'Obstacles end this high', unit='m', limits=(-100.0, 100.0), runtime=True
    )
    min_voxels: int = setting(
        1, 'Obstacle voxels in a column that make a cell occupied', limits=(1, 1000), runtime=True
    )


@dataclass(frozen=True, slots=True)
class ObstacleParameters:
    """The obstacle cloud for planners."""

    z_min: float = setting(0.2, 'Lowest point', unit='m', limits=(-100.0, 100.0), runtime=True)
    z_max: float = setting(2.0, 'Highest point', unit='m', limits=(-100.0, 100.0), runtime=True)
    max_points: int = setting(
        20000, 'Most points; the nearest ones stay', limits=(1, 10_000_000), runtime=True
    )


@dataclass(frozen=True, slots=True)
class PointsParameters:
    """The dense cloud."""

    max_points: int = setting(
        200000, 'Most points; evenly thinned', limits=(1, 10_000_000), runtime=True
    )


@dataclass(frozen=True, slots=True)
class PathParameters:
    """The path for displays."""

    max_size: int = setting(
        1024, 'Most poses; the oldest ones go first', limits=(1, 1_000_000), runtime=True
    )


@dataclass(frozen=True, slots=True)
class TransformParameters:
    """Reading /tf."""

    timeout: float = setting(
        0.05, 'Longest wait for a transform', unit='s', limits=(0.0, 10.0), runtime=True
    )


@dataclass(frozen=True, slots=True)
class WatchdogParameters:
    """Explaining silence."""

    first_output_s: float = setting(
        10.0,
        'Without output for this long, the log and /diagnostics say why',
        unit='s',
        limits=(0.5, 3600.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class DiagnosticsParameters:
    """Reporting."""

    period: float = setting(1.0, 'Time between reports', unit='s', limits=(0.1, 60.0))
