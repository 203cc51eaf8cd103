"""What makes a network faster at the price of a slow first set: `model.compile`."""

import logging
from typing import Final, get_args, Literal

from occany_ros.layers.block import DecoderBlock, EncoderBlock
from occany_ros.models.graphs import GraphedPasses, record_cuda_graph
from occany_ros.models.occany import OccAny
from occany_ros.models.plus.backbone import ScaledBlock
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch
from torch import nn

Acceleration = Literal['off', 'compile', 'graphs']
ACCELERATIONS: Final = get_args(Acceleration)


def accelerate(network: object, name: str, device: torch.device) -> str:
    """
    Prepare a network in place.

    ``compile`` fuses what lies between the products of each transformer block, one block for all
    of a kind; ``graphs`` records whole passes as CUDA graphs for every set of shapes. Where a
    network or a device has no use for it, or the compiler does not work, one warning says so and
    the network runs as it is.

    :param network: on its device.
    :param name: ``off``, ``compile`` or ``graphs``.
    :returns: what is in use.
    :raises ValueError: if the name is unknown.
    """
    check_acceleration(name)
    if name == 'off':
        return 'off'
    problem = _problem(network, name, device)
    if problem is not None or not isinstance(network, OccAny | OccAnyPlus):
        can_compile = name == 'graphs' and isinstance(network, OccAnyPlus)
        logging.getLogger(__name__).warning(
            'model.compile: %s is not used: %s; set it to %s',
            name,
            problem,
            'compile or off' if can_compile else 'off',
        )
        return 'off'
    if name == 'graphs' and isinstance(network, OccAny):
        network.passes = GraphedPasses(record_cuda_graph)
    else:
        _compile_blocks(network)
    return name


def check_acceleration(name: str) -> None:
    """
    Refuse unknown names.

    :raises ValueError: it names the known ones.
    """
    if name not in ACCELERATIONS:
        raise ValueError(
            f'model.compile: expected one of {", ".join(ACCELERATIONS)}, got {name!r}'
        )


def _problem(network: object, name: str, device: torch.device) -> str | None:
    """Say why a network cannot be accelerated; None if it can."""
    if not isinstance(network, OccAny | OccAnyPlus):
        return 'the variant tiny has no transformers'
    if name == 'graphs':
        if isinstance(network, OccAnyPlus):
            return 'CUDA graphs are recorded of the variants occany and must3r alone'
        return None if device.type == 'cuda' else f'CUDA graphs need a GPU, and this is {device}'
    try:
        torch.compile(_probe)(torch.zeros(2, device=device))
    except Exception as error:  # noqa: BLE001 - compilers fail in ways of their own
        return f'the compiler does not work here ({str(error).splitlines()[0][:200]})'
    return None


def _probe(x: torch.Tensor) -> torch.Tensor:
    return x + 1.0


def _compile_blocks(network: nn.Module) -> None:
    """Compile the blocks, not the whole: all of a kind share what is compiled once."""
    for module in network.modules():
        if isinstance(module, EncoderBlock | DecoderBlock | ScaledBlock):
            module.compile()
