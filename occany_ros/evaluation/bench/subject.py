"""The network that is measured, with weights from a file or from a rule."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from occany_ros.evaluation.parity.deterministic import fill
from occany_ros.models.acceleration import accelerate
from occany_ros.models.config import OccAnyConfig, RayMapConfig
from occany_ros.models.device import PRECISIONS, resolve_device, resolve_precision
from occany_ros.models.factory import (
    DEMO_PLAN,
    ImageSizeRule,
    load_model,
    LoadedModel,
)
from occany_ros.models.occany import OccAny
import torch
from torch import nn

RANDOM: Final = 'random'
SPREAD: Final = 0.02
FULL_SIZE: Final = OccAnyConfig(ray_maps=RayMapConfig())


@dataclass(frozen=True, slots=True)
class Subject:
    """
    What to measure.

    :param variant: as the parameter `model.variant`.
    :param checkpoint: weight file; None takes the packaged one where there is one.
    :param is_random: give the variant ``occany`` weights that follow from their names instead, so
        that nothing need be downloaded; times do not depend on weights.
    :param device: as the parameter `model.device`.
    :param acceleration: as the parameter `model.compile`.
    :param config: sizes of a network with random weights.
    :raises ValueError: random weights were asked for, and a file or another variant too.
    """

    variant: str = 'tiny'
    checkpoint: Path | None = None
    is_random: bool = False
    device: str = 'auto'
    acceleration: str = 'off'
    config: OccAnyConfig = FULL_SIZE

    def __post_init__(self) -> None:
        """Refuse contradictions."""
        if self.is_random and (self.variant != 'occany' or self.checkpoint is not None):
            raise ValueError(
                'random: expected the variant occany without a checkpoint, '
                f'got {self.variant} with {self.checkpoint}'
            )


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
        )
    device = resolve_device(subject.device)
    weights = random_network(subject.config).to(device).state_dict()

    def load(precision: str) -> LoadedModel:
        chosen = resolve_precision(precision, device)
        with torch.device('meta'):
            network = OccAny(subject.config, precision=PRECISIONS[chosen])
        fitting = {name: weights[name].to(x.dtype) for name, x in network.state_dict().items()}
        network.load_state_dict(fitting, assign=True)
        network.eval().requires_grad_(requires_grad=False)
        return LoadedModel(
            reconstructor=network,
            variant=subject.variant,
            class_set=None,
            image_size=ImageSizeRule(),
            weights=RANDOM,
            sha256='',
            fusion='trilinear',
            confidence=1.0,
            stage='reconstruction' if subject.config.ray_maps is None else 'rendering',
            plan=DEMO_PLAN,
            novel_confidence=1.0,
            device=device,
            precision=chosen,
            acceleration=accelerate(network, subject.acceleration, device),
        )

    return load


def random_network(config: OccAnyConfig) -> OccAny:
    """
    Build a network whose weights follow from their released names (OccAny spec, section 19).

    :param config: its size.
    :returns: the network, on the processor.
    """
    with torch.device('meta'):
        network = OccAny(config)
    network.to_empty(device='cpu')
    for prefix, section in network.named_children():
        fill(section, prefix, SPREAD)
    return network.eval().requires_grad_(requires_grad=False)


def parts_of(network: object) -> dict[str, int]:
    """Count the weights of each part of a network."""
    return {
        name: sum(x.numel() for x in module.parameters())
        for name, module in _modules(network).items()
    }


def weight_bytes(network: object) -> int:
    """Bytes of the weights of a network."""
    return sum(
        x.numel() * x.element_size()
        for module in _modules(network).values()
        for x in module.parameters()
    )


def _modules(network: object) -> dict[str, nn.Module]:
    """Find the parts of a network that is a module, or that holds modules."""
    held = network.named_children() if isinstance(network, nn.Module) else vars(network).items()
    return {name: part for name, part in held if isinstance(part, nn.Module)}
