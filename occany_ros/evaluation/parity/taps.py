"""Seeing what passes through parts of a network, without changing it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, ExitStack
from typing import Any

from torch import nn, Tensor


@contextmanager
def tapped(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """
    Record the first input and the output of modules while the context lasts.

    :param modules: by the name they are recorded under.
    :returns: a dictionary that fills up: name -> input and output of the last call.
    """
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    with ExitStack() as stack:
        for name, module in modules.items():

            def record(
                _module: nn.Module, inputs: tuple[Any, ...], output: Tensor, name: str = name
            ) -> None:
                seen[name] = (inputs[0], output)

            stack.callback(module.register_forward_hook(record).remove)
        yield seen
