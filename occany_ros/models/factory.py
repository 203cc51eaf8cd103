"""From the parameters `model.*` to a network that is ready to run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.acceleration import accelerate, check_acceleration
from occany_ros.models.checkpoint import file_digest, load_occany
from occany_ros.models.checkpoint_file import CheckpointError, WHERE_TO_GET_IT
from occany_ros.models.config import Family
from occany_ros.models.device import PRECISIONS, resolve_device, resolve_precision
from occany_ros.models.licences import da3_licence, LICENCES, UNKNOWN
from occany_ros.models.plus.checkpoint_config import PlusVariant
from occany_ros.models.prediction import Reconstructor
from occany_ros.models.weight_path import obstacle_at
from safetensors import SafetensorError
import torch

SYNTHETIC: Final = 'synthetic'
TINY_PLAN: Final = NovelViewPlan(views_per_frame=1, forward_m=1.5, rotate_deg=0.0, lateral_m=0.0)
"""What suits the embedded network, chosen on synthetic drives 510 to 525."""
PAPER_PLAN: Final = NovelViewPlan(views_per_frame=2, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0)
"""The first two of the ten steps the paper evaluates geometry with (OccAny spec, section 14)."""

MOST_VIEWS: Final = 10_000
"""More novel views than anybody asks for at once."""


@dataclass(frozen=True, slots=True)
class ImageSizeRule:
    """
    What size of images a network wants, see `occany_ros.pipeline.preprocess.network_size`.

    :param long_side: longer side, pixels.
    :param multiple: the shorter side is a multiple of it.
    :param short_side: most the shorter side may have, pixels; None for no limit.
    """

    long_side: int = 512
    multiple: int = 16
    short_side: int | None = None


PLUS_IMAGES: Final = ImageSizeRule(long_side=518, multiple=14)
"""Of OccAny+ and Depth Anything 3 (OccAny+ spec, section 2)."""
PLUS_BATCH: Final = 2
"""Novel views of OccAny+ that see each other in the released demo (OccAny+ spec, section 9)."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """
    A network with weights, and what a user should know about them.

    :param reconstructor: the network.
    :param variant: its name in the parameters.
    :param class_set: class set of the labels it predicts, None if it predicts none.
    :param image_size: the images it wants.
    :param weights: ``synthetic`` for weights that have never seen a real image, else the file.
    :param sha256: digest of the file, hexadecimal.
    :param fusion: how its points become voxels unless the user says otherwise, ``trilinear`` or
        ``carve``, see `occany_ros.pipeline.config.MapperConfig`.
    :param confidence: points with more are used unless the user says otherwise.
    :param stage: ``rendering`` if it can render views that no camera took, else
        ``reconstruction``.
    :param plan: which of them to render unless the user says otherwise.
    :param novel_confidence: as ``confidence``, for points of such views.
    :param novel_batch: how many of them see each other, unless the user says otherwise; 0 where
        they do not know each other, however many are rendered at once.
    :param licence: what the weights may be used for.
    :param has_features: whether it answers semantic features that a network of masks can read.
    :param is_metric: whether its lengths are metres, and not known up to a factor only.
    :param render_weights: file of the rendering stage where that is a second one.
    :param render_sha256: digest of that file.
    :param device: where it runs.
    :param precision: ``fp32``, ``bf16`` or ``fp16``.
    :param acceleration: ``off``, ``compile`` or ``graphs``.
    """

    reconstructor: Reconstructor[Any, Any]
    variant: str
    class_set: str | None
    image_size: ImageSizeRule
    weights: str
    sha256: str
    fusion: Literal['trilinear', 'carve']
    confidence: float
    stage: Literal['reconstruction', 'rendering']
    plan: NovelViewPlan
    novel_confidence: float
    device: torch.device
    precision: str
    acceleration: str = 'off'
    novel_batch: int = 0
    licence: str = UNKNOWN
    has_features: bool = False
    is_metric: bool = True
    render_weights: str = ''
    render_sha256: str = ''


def load_model(
    variant: str,
    *,
    checkpoint: Path | None,
    device: str,
    precision: str,
    acceleration: str = 'off',
    render_checkpoint: Path | None = None,
) -> LoadedModel:
    """
    Load a network by name.

    :param variant: ``tiny`` (ships with the package), or ``occany``, ``occany_plus``, ``must3r``
        or ``da3`` (which need released weights).
    :param checkpoint: weight file; None takes the packaged one where there is one.
    :param device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` ...
    :param precision: ``auto`` (bf16 on a GPU, else fp32), ``fp32``, ``bf16`` or ``fp16``.
    :param acceleration: ``off``, ``compile`` or ``graphs``, see
        `occany_ros.models.acceleration.accelerate`.
    :param render_checkpoint: second weight file, with the rendering stage; of ``occany_plus``
        alone.
    :returns: the network in inference mode on its device.
    :raises ValueError: for an unknown name, an absent device, or an unusable weight file
        (`CheckpointError`, which names missing and unexpected weights).
    """
    loader = _LOADERS.get(variant)
    if loader is None:
        raise ValueError(f'model.variant: expected one of {", ".join(_LOADERS)}, got {variant!r}')
    chosen = resolve_device(device)
    check_acceleration(acceleration)
    files = WeightFiles(checkpoint, render_checkpoint)
    if render_checkpoint is not None and variant != 'occany_plus':
        raise ValueError(
            f'model.render_checkpoint: expected none for the variant {variant}, which has all its '
            f'weights in one file, got {render_checkpoint}; leave it empty'
        )
    model = loader(files, chosen, resolve_precision(precision, chosen))
    in_use = accelerate(model.reconstructor, acceleration, chosen)
    return replace(model, acceleration=in_use)


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """
    Files the weights of a network are in.

    :param checkpoint: the first one; None takes the packaged one where there is one.
    :param render_checkpoint: the second one; None for a network that is whole without, or renders
        no novel views.
    """

    checkpoint: Path | None
    render_checkpoint: Path | None = None

    def first(self, variant: str) -> Path:
        """
        Take the first file.

        :raises ValueError: if none was named; it says where to get it.
        """
        if self.checkpoint is None:
            raise ValueError(
                f'model.checkpoint: expected the released weights of the variant {variant}, got '
                f'none; {WHERE_TO_GET_IT}'
            )
        return self.checkpoint


def _load_tiny(files: WeightFiles, device: torch.device, precision: str) -> LoadedModel:
    from occany_ros.models.tiny import load_tiny, WEIGHTS

    path = WEIGHTS if files.checkpoint is None else files.checkpoint
    remedy = 'the file ships with the package, and `occany train` makes such files'
    obstacle = obstacle_at(path, remedy)
    if obstacle is not None:
        raise CheckpointError(path, obstacle.problem, remedy=obstacle.remedy)
    try:
        network = load_tiny(device=str(device), dtype=PRECISIONS[precision], weights=path)
    except (RuntimeError, SafetensorError) as error:
        problem = f'it does not hold the weights of the tiny network ({error})'
        raise CheckpointError(path, problem, remedy=remedy) from error
    return LoadedModel(
        reconstructor=network,
        variant='tiny',
        class_set='occ3d',
        image_size=ImageSizeRule(short_side=176),
        weights=SYNTHETIC,
        sha256=file_digest(path),
        fusion='carve',
        confidence=1.0,
        stage='reconstruction' if network.rendering is None else 'rendering',
        plan=TINY_PLAN,
        novel_confidence=1.0,
        device=device,
        precision=precision,
        licence=LICENCES['tiny'],
    )


def _load_released(
    files: WeightFiles, device: torch.device, precision: str, *, family: Family
) -> LoadedModel:
    checkpoint = files.first(family)
    network = load_occany(checkpoint, family=family, precision=PRECISIONS[precision])
    return LoadedModel(
        reconstructor=network.to(device),
        variant=family,
        class_set=None,
        image_size=ImageSizeRule(long_side=network.config.image_size),
        weights=checkpoint.name,
        sha256=file_digest(checkpoint),
        fusion='trilinear',
        confidence=2.0,
        stage='reconstruction' if network.config.ray_maps is None else 'rendering',
        plan=PAPER_PLAN,
        novel_confidence=2.0,
        device=device,
        precision=precision,
        licence=LICENCES[family],
        has_features=family == 'occany',
    )


def _load_plus(
    files: WeightFiles, device: torch.device, precision: str, *, variant: PlusVariant
) -> LoadedModel:
    from occany_ros.models.plus.checkpoint import load_plus

    path, second = files.first(variant), files.render_checkpoint
    network = load_plus(path, second, variant=variant, precision=PRECISIONS[precision])
    # Groups are made where novel views are asked for.
    network.views_at_once = MOST_VIEWS
    is_plain = variant == 'da3'
    return LoadedModel(
        reconstructor=network.to(device),
        variant=variant,
        class_set=None,
        image_size=PLUS_IMAGES,
        weights=path.name,
        sha256=file_digest(path),
        fusion='trilinear',
        confidence=2.0,
        stage='reconstruction' if second is None else 'rendering',
        plan=PAPER_PLAN,
        novel_confidence=6.0,
        device=device,
        precision=precision,
        novel_batch=PLUS_BATCH,
        licence=da3_licence(network.config.backbone.width) if is_plain else LICENCES[variant],
        has_features=network.config.feature_size is not None,
        is_metric=not is_plain,
        render_weights='' if second is None else second.name,
        render_sha256='' if second is None else file_digest(second),
    )


_LOADERS: Final[dict[str, Callable[[WeightFiles, torch.device, str], LoadedModel]]] = {
    'tiny': _load_tiny,
    'occany': partial(_load_released, family='occany'),
    'occany_plus': partial(_load_plus, variant='occany_plus'),
    'must3r': partial(_load_released, family='must3r'),
    'da3': partial(_load_plus, variant='da3'),
}
