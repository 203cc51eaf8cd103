"""Groups of parameters about what goes out: grid, level, scale, clouds, reports."""

from dataclasses import dataclass

from occany_ros.ros.settings.setting import setting


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
        (-40.0, -40.0, -1.0), 'Minimum corner in grid.frame', unit='m', limits=(-1000.0, 1000.0)
    )
    frame: str = setting(
        '',
        'Frame of the robot the grid hangs on, found through /tf, e.g. base_footprint; until its '
        'transform is there, and where this is empty, it is base_frame',
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
        'most frequent class around it; unified does both, one after the other',
        choices=('none', 'geometry', 'classes', 'unified'),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class LevelParameters:
    """Where the ground is."""

    mode: str = setting(
        'tf',
        'How the grid is made level: none hangs it on the first camera by the axis swap from '
        'optical to body axes; tf takes the mounting of the cameras where it is known, else that '
        'axis swap; ground_plane lays the ground that is seen at z = 0, and is like tf until '
        'then',
        choices=('none', 'tf', 'ground_plane'),
    )
    camera_height: float = setting(
        0.0,
        'Height of the first camera over the ground: for the axis swap, and for scale.source '
        'camera_height, where 0 takes it from the mounting',
        unit='m',
        limits=(-100.0, 100.0),
        runtime=True,
    )


@dataclass(frozen=True, slots=True)
class ScaleParameters:
    """How long a metre is."""

    source: str = setting(
        'model',
        'What makes lengths metric: model believes the network; odom compares it with '
        'odom_frame <- base_frame on /tf while the robot moves; camera_height with the known '
        'height of the camera over the ground that is seen. Without evidence the network is '
        'believed, and /diagnostics says why',
        choices=('model', 'odom', 'camera_height'),
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
