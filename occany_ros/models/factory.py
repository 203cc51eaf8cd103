"""From the parameters `model.*` to a network that is ready to run."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.layers.linear import cpu_multiplies_fp16
from occany_ros.models.acceleration import accelerate, check_acceleration
from occany_ros.models.checkpoint import file_digest, load_occany
from occany_ros.models.checkpoint_file import CheckpointError, WHERE_TO_GET_IT
from occany_ros.models.config import Family
from occany_ros.models.licences import LICENCES, UNKNOWN
from occany_ros.models.prediction import Reconstructor
from safetensors import SafetensorError
import torch

PRECISIONS: Final = {
    'fp32': torch.float32,
    'bf16': torch.bfloat16,
    'fp16': torch.float16,
}
SYNTHETIC: Final = 'synthetic'
TINY_PLAN: Final = NovelViewPlan(views_per_frame=1, forward_m=1.5, rotate_deg=0.0, lateral_m=0.0)
"""What suits the embedded network, chosen on synthetic drives 510 to 525."""
DEMO_PLAN: Final = NovelViewPlan(views_per_frame=2, forward_m=5.0, rotate_deg=30.0, lateral_m=2.0)
"""What the released demo renders around each view (OccAny spec, section 14)."""


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
) -> LoadedModel:
    """
    Load a network by name.

    :param variant: ``tiny`` (ships with the package), or ``occany`` or ``must3r`` (which need
        released weights).
    :param checkpoint: weight file; None takes the packaged one where there is one.
    :param device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` ...
    :param precision: ``auto`` (bf16 on a GPU, else fp32), ``fp32``, ``bf16`` or ``fp16``.
    :param acceleration: ``off``, ``compile`` or ``graphs``, see
        `occany_ros.models.acceleration.accelerate`.
    :returns: the network in inference mode on its device.
    :raises ValueError: for an unknown name, an absent device, or an unusable weight file
        (`CheckpointError`, which names missing and unexpected weights).
    """
    loader = _LOADERS.get(variant)
    if loader is None:
        raise ValueError(f'model.variant: expected one of {", ".join(_LOADERS)}, got {variant!r}')
    chosen = resolve_device(device)
    check_acceleration(acceleration)
    model = loader(checkpoint, chosen, resolve_precision(precision, chosen))
    in_use = accelerate(model.reconstructor, acceleration, chosen)
    return replace(model, acceleration=in_use)


def resolve_device(name: str) -> torch.device:
    """
    Turn the parameter `model.device` into a device of this machine.

    :raises ValueError: if there is no such device.
    """
    has_gpu = torch.cuda.is_available()
    if name == 'auto':
        return torch.device('cuda' if has_gpu else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f'model.device: expected auto, cpu or cuda, got {name!r}') from error
    if device.type == 'cuda' and (not has_gpu or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(
            f'model.device: expected a device of this machine, got {name!r} and '
            f'{torch.cuda.device_count()} GPUs; set it to auto or cpu'
        )
    return device


def resolve_precision(name: str, device: torch.device) -> str:
    """
    Turn the parameter `model.precision` into a number format for a device.

    :raises ValueError: if it is unknown, or the device cannot multiply in it.
    """
    if name == 'auto':
        return 'bf16' if device.type == 'cuda' else 'fp32'
    if name not in PRECISIONS:
        choices = ', '.join(('auto', *PRECISIONS))
        raise ValueError(f'model.precision: expected one of {choices}, got {name!r}')
    if name == 'fp16' and device.type == 'cpu' and not cpu_multiplies_fp16():
        raise ValueError(
            'model.precision: expected auto, fp32 or bf16 on this processor, which has no '
            'products in fp16, got fp16; set it to bf16'
        )
    return name


def _load_tiny(checkpoint: Path | None, device: torch.device, precision: str) -> LoadedModel:
    from occany_ros.models.tiny import load_tiny, WEIGHTS

    path = WEIGHTS if checkpoint is None else checkpoint
    remedy = 'the file ships with the package, and `occany train` makes such files'
    if not path.is_file():
        raise CheckpointError(path, 'there is no such file', remedy=remedy)
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
    checkpoint: Path | None, device: torch.device, precision: str, *, family: Family
) -> LoadedModel:
    if checkpoint is None:
        raise ValueError(
            f'model.checkpoint: expected the released weights of the variant {family}, got none; '
            f'{WHERE_TO_GET_IT}'
        )
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
        plan=DEMO_PLAN,
        novel_confidence=2.0,
        device=device,
        precision=precision,
        licence=LICENCES[family],
        has_features=family == 'occany',
    )


_LOADERS: Final[dict[str, Callable[[Path | None, torch.device, str], LoadedModel]]] = {
    'tiny': _load_tiny,
    'occany': partial(_load_released, family='occany'),
    'must3r': partial(_load_released, family='must3r'),
}
