"""Every parameter of the node: one tree of values with unit, range and description."""

from dataclasses import dataclass, field

from occany_ros.pipeline.modes import MODES
from occany_ros.ros.settings.parameter_inputs import (
    CameraParameters,
    QosParameters,
    SyncParameters,
    TransformParameters,
)
from occany_ros.ros.settings.parameter_method import (
    ConfidenceParameters,
    GpuParameters,
    MemoryParameters,
    ModelParameters,
    RenderParameters,
    SemanticsParameters,
)
from occany_ros.ros.settings.parameter_outputs import (
    CostmapParameters,
    DiagnosticsParameters,
    GridParameters,
    LevelParameters,
    ObstacleParameters,
    PathParameters,
    PointsParameters,
    ScaleParameters,
    WatchdogParameters,
)
from occany_ros.ros.settings.setting import setting


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of the node."""

    cameras: tuple[str, ...] = setting(
        ('front',), 'Names of the cameras; the first one is the reference'
    )
    camera: tuple[CameraParameters, ...] = field(default=(CameraParameters('front'),))
    mode: str = setting(
        'fast',
        'How much is imagined: fast renders only the views that were seen; balanced also the '
        'first step ahead of each and its two neighbours; quality all of render.*, which takes '
        'longest',
        choices=MODES,
        runtime=True,
    )
    max_rate_hz: float = setting(
        0.0,
        'Most sets processed a second; 0 is no limit',
        unit='Hz',
        limits=(0.0, 1000.0),
        runtime=True,
    )
    base_frame: str = setting('base_link', 'Frame of the robot')
    odom_frame: str = setting('odom', 'Frame of the external odometry')
    map_frame: str = setting('map', 'Frame of the map, for publish_tf')
    palette: str = setting(
        'class_set',
        'Colours of the classes in clouds, pictures, markers and ~/grid_info: those of the class '
        'set, or ones that colour-blind eyes tell apart',
        choices=('class_set', 'colour_blind'),
    )
    publish_tf: str = setting(
        'none',
        'Transform to publish; refused while somebody else publishes it. base_to_occany_odom '
        'hangs our odometry below the robot: for displays, beside any other odometry',
        choices=('none', 'odom_to_base', 'map_to_odom', 'base_to_occany_odom'),
    )
    save_dir: str = setting(
        '~/.ros/occany', 'Folder in which the service ~/save makes its folders'
    )
    autostart: bool = setting(default=True, description='Configure and activate at start')
    qos: QosParameters = field(default_factory=QosParameters)
    sync: SyncParameters = field(default_factory=SyncParameters)
    model: ModelParameters = field(default_factory=ModelParameters)
    gpu: GpuParameters = field(default_factory=GpuParameters)
    memory: MemoryParameters = field(default_factory=MemoryParameters)
    render: RenderParameters = field(default_factory=RenderParameters)
    confidence: ConfidenceParameters = field(default_factory=ConfidenceParameters)
    semantics: SemanticsParameters = field(default_factory=SemanticsParameters)
    grid: GridParameters = field(default_factory=GridParameters)
    level: LevelParameters = field(default_factory=LevelParameters)
    scale: ScaleParameters = field(default_factory=ScaleParameters)
    costmap: CostmapParameters = field(default_factory=CostmapParameters)
    obstacles: ObstacleParameters = field(default_factory=ObstacleParameters)
    points: PointsParameters = field(default_factory=PointsParameters)
    path: PathParameters = field(default_factory=PathParameters)
    tf: TransformParameters = field(default_factory=TransformParameters)
    watchdog: WatchdogParameters = field(default_factory=WatchdogParameters)
    diagnostics: DiagnosticsParameters = field(default_factory=DiagnosticsParameters)
