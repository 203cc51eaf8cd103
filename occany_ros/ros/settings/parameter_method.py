"""Groups of parameters about the method: network, memory, rendered views, classes."""

from dataclasses import dataclass

from occany_ros.ros.settings.setting import setting


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """The network."""

    variant: str = setting(
        'tiny',
        'Network to run; da3 is the plain Depth Anything 3 that occany_plus grew from, of which '
        'lengths are known up to a factor (scale.source)',
        choices=('tiny', 'occany', 'occany_plus', 'must3r', 'da3'),
    )
    checkpoint: str = setting(
        '', 'File with the weights; empty takes the packaged ones, which only tiny has'
    )
    render_checkpoint: str = setting(
        '',
        'Second file of occany_plus, with its rendering stage; empty renders no novel views. The '
        'other variants have all in one file',
    )
    device: str = setting(
        'auto', 'Device to run on: auto (a GPU where there is one), cpu, cuda, cuda:1, …'
    )
    precision: str = setting(
        'auto', 'Number format of the network', choices=('auto', 'fp32', 'bf16', 'fp16')
    )
    compile: str = setting(  # noqa: A003
        'off',
        'Fuse blocks, or record CUDA graphs (of occany and must3r alone); tiny can do without',
        choices=('off', 'compile', 'graphs'),
    )
    image_size: int = setting(
        0,
        "Longer side of the network's images, a multiple of 16 (of 14 for occany_plus and da3); 0 "
        'takes what it was trained with',
        unit='pixels',
        limits=(0, 4096),
    )
    threads: int = setting(
        0, 'CPU threads of the network; 0 leaves the choice to torch', limits=(0, 256)
    )


@dataclass(frozen=True, slots=True)
class GpuParameters:
    """The device."""

    max_memory_gb: float = setting(
        0.0,
        'Most memory taken on the GPU; 0 is no limit. Without effect on a processor',
        unit='GB',
        limits=(0.0, 1024.0),
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
        'newest',
        'Set that is remembered first; the grid is at the newest one all the same',
        choices=('newest', 'first'),
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
        'Views rendered at once; 0 takes what suits the network. Those of occany_plus see the '
        'others of their batch, so there it changes the result, and nowhere else',
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

    mode: str = setting(
        'distill',
        "Where labels come from: distill reads them from the network's own features, pretrained "
        'from the images themselves, off does without (every occupied voxel is other, which is '
        'cheaper). All networks but tiny need semantics.weights to read them',
        choices=('off', 'distill', 'pretrained'),
    )
    weights: str = setting(
        '',
        'Folder with the networks that read labels, as the model hub lays them out: '
        'grounding-dino-base and sam2.1-hiera-large, or sam3 for occany_plus and da3',
    )
    class_set: str = setting(
        'auto',
        "Classes of the grid; auto takes the network's, custom those of semantics.class_file",
        choices=('auto', 'occ3d', 'kitti', 'custom'),
    )
    class_file: str = setting(
        '',
        'YAML file with the classes of class_set custom, such as config/classes/planner.yaml',
    )
    traversable: tuple[str, ...] = setting(
        (),
        'Classes that are ground and no obstacle; empty takes those of the class set',
        runtime=True,
    )
    dynamic: tuple[str, ...] = setting(
        (),
        'Classes that move by themselves: their older points go where a newer image looks past '
        'them, and they take no part in votes; empty takes those of the class set, none alone '
        'is no class',
        runtime=True,
    )
    temporal_vote: int = setting(
        0,
        'Grids that vote on the class of a voxel, the newest included, each at the same place of '
        'the world; 0 takes the newest alone',
        unit='grids',
        limits=(0, 100),
        runtime=True,
    )
    every: int = setting(
        1,
        'Sets from one labelling to the next; those between take the labels of the last labelled '
        'grid, moved by the ego motion',
        unit='sets',
        limits=(1, 100),
    )
