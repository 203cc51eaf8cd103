"""The network that is measured, with weights from a file or from a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from occany_ros.evaluation.parity.deterministic import fill
from occany_ros.evaluation.parity.plus_setup import fill as fill_plus
from occany_ros.models.acceleration import accelerate
from occany_ros.models.config import OccAnyConfig, RayMapConfig
from occany_ros.models.device import PRECISIONS, resolve_device, resolve_precision
from occany_ros.models.factory import (
    ImageSizeRule,
    load_model,
    LoadedModel,
    MOST_VIEWS,
    PAPER_PLAN,
    PLUS_BATCH,
    PLUS_IMAGES,
)
from occany_ros.models.occany import OccAny
from occany_ros.models.plus.checkpoint import first_shared, share
from occany_ros.models.plus.config import PlusConfig
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch
from torch import nn, Tensor

RANDOM: Final = 'random'
SPREAD: Final = 0.02
FULL_SIZE: Final = OccAnyConfig(ray_maps=RayMapConfig())
FULL_SIZES: Final[dict[str, OccAnyConfig | PlusConfig]] = {
    'occany': FULL_SIZE,
    'occany_plus': PlusConfig(imagines=True),
    'da3': PlusConfig(feature_size=None, is_plain=True),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """
    What to measure.

    :param variant: as the parameter `model.variant`.
    :param checkpoint: weight file; None takes the packaged one where there is one.
    :param is_random: give a variant whose weights are released ones that follow from their names
        instead, so that nothing need be downloaded; times do not depend on weights.
    :param device: as the parameter `model.device`.
    :param acceleration: as the parameter `model.compile`.
    :param config: sizes of a network with random weights; None for those of the released one.
    :param render_checkpoint: as the parameter `model.render_checkpoint`.
    :raises ValueError: random weights were asked for, and a file too, or of another variant.
    """

    variant: str = 'tiny'
    checkpoint: Path | None = None
    is_random: bool = False
    device: str = 'auto'
    acceleration: str = 'off'
    config: OccAnyConfig | PlusConfig | None = None
    render_checkpoint: Path | None = None

    def __post_init__(self) -> None:
        """Refuse contradictions."""
        if not self.is_random:
            return
        if self.variant not in FULL_SIZES:
            raise ValueError(
                f'random: expected one of the variants {", ".join(FULL_SIZES)}, got '
                f'{self.variant}; take one of them, or leave random out'
            )
        files = {'checkpoint': self.checkpoint, 'render_checkpoint': self.render_checkpoint}
        for name, path in files.items():
            if path is not None:
                raise ValueError(
                    f'{name}: expected none where weights are random, got {path}; leave random '
                    'or the file out'
                )

    @property
    def sizes(self) -> OccAnyConfig | PlusConfig:
        """Give the sizes of a network with random weights."""
        return self.config or FULL_SIZES[self.variant]


def loader(subject: Subject) -> Callable[[str], LoadedModel]:
    """
    Prepare a network for loading in several precisions.

    :returns: from the parameter `model.precision` to the network. Random weights are drawn once,
        whatever the number of precisions.
    """
    if not subject.is_random:
        return lambda precision: load_model(
            subject.variant,
            checkpoint=subject.checkpoint,
            device=subject.device,
            precision=precision,
            acceleration=subject.acceleration,
            render_checkpoint=subject.render_checkpoint,
        )
    device = resolve_device(subject.device)
    weights = random_network(subject.sizes).to(device).state_dict()

    def load(precision: str) -> LoadedModel:
        chosen = resolve_precision(precision, device)
        network = _with_weights(subject.sizes, weights, PRECISIONS[chosen])
        is_plus = isinstance(network, OccAnyPlus)
        return LoadedModel(
            reconstructor=network,
            variant=subject.variant,
            class_set=None,
            image_size=PLUS_IMAGES if is_plus else ImageSizeRule(),
            weights=RANDOM,
            sha256='',
            fusion='trilinear',
            confidence=1.0,
            stage='rendering' if _renders(subject.sizes) else 'reconstruction',
            plan=PAPER_PLAN,
            novel_confidence=1.0,
            device=device,
            precision=chosen,
            acceleration=accelerate(network, subject.acceleration, device),
            novel_batch=PLUS_BATCH if is_plus else 0,
        )

    return load


def random_network(config: OccAnyConfig | PlusConfig) -> OccAny | OccAnyPlus:
    """
    Build a network whose weights follow from their released names.

    Sources: OccAny spec, section 19; OccAny+ spec, section 15. What OccAny+ was not trained for
    rendering is as in the reconstruction, and kept once.

    :param config: its size.
    :returns: the network, on the processor.
    """
    network = _unfilled(config, torch.float32)
    network.to_empty(device='cpu')
    if isinstance(network, OccAny):
        for prefix, section in network.named_children():
            fill(section, prefix, SPREAD)
    else:
        is_gated = network.config.backbone.is_gated
        for part in filter(None, (network.seeing, network.imagining)):
            fill_plus(part, 'B', is_gated=is_gated)
        if network.imagining is not None:
            with torch.no_grad():
                for block in network.imagining.backbone.blocks[: first_shared(network)]:
                    for parameter in block.parameters():
                        parameter.neg_()
        share(network)
    return network.eval().requires_grad_(requires_grad=False)


def _unfilled(config: OccAnyConfig | PlusConfig, precision: torch.dtype) -> OccAny | OccAnyPlus:
    with torch.device('meta'):
        if isinstance(config, PlusConfig):
            return OccAnyPlus(config, precision=precision)
        return OccAny(config, precision=precision)


def _with_weights(
    config: OccAnyConfig | PlusConfig, weights: Mapping[str, Tensor], precision: torch.dtype
) -> OccAny | OccAnyPlus:
    network = _unfilled(config, precision)
    fitting = {name: weights[name].to(x.dtype) for name, x in network.state_dict().items()}
    network.load_state_dict(fitting, assign=True)
    if isinstance(network, OccAnyPlus):
        network.views_at_once = MOST_VIEWS
        share(network)
    return network.eval().requires_grad_(requires_grad=False)


def _renders(config: OccAnyConfig | PlusConfig) -> bool:
    return config.imagines if isinstance(config, PlusConfig) else config.ray_maps is not None


def parts_of(network: object) -> dict[str, int]:
    """Count the weights of each part of a network; what parts share counts for the first."""
    return {name: sum(x.numel() for x in own) for name, own in _weights(network).items()}


def weight_bytes(network: object) -> int:
    """Bytes of the weights of a network."""
    return sum(x.numel() * x.element_size() for own in _weights(network).values() for x in own)


def _weights(network: object) -> dict[str, list[nn.Parameter]]:
    """List the weights of each part that no part before it has."""
    seen: set[int] = set()
    found = {}
    for name, module in _modules(network).items():
        own = [x for x in module.parameters() if id(x) not in seen]
        seen |= {id(x) for x in own}
        found[name] = own
    return found


def _modules(network: object) -> dict[str, nn.Module]:
    """Find the parts of a network that is a module, or that holds modules."""
    held = network.named_children() if isinstance(network, nn.Module) else vars(network).items()
    return {name: part for name, part in held if isinstance(part, nn.Module)}
