"""Seeing what passes through parts of a network, without changing it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, ExitStack
from typing import Any

from torch import nn, Tensor

Call = tuple[Tensor, Tensor]


@contextmanager
def tapped(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, Call]]:
    """
    Record the first input and the output of modules while the context lasts.

    :param modules: by the name they are recorded under.
    :returns: a dictionary that fills up: name -> input and output of the last call.
    """
    seen: dict[str, Call] = {}
    with _heard(modules, seen.__setitem__):
        yield seen


@contextmanager
def every_call(modules: Mapping[str, nn.Module]) -> Iterator[dict[str, list[Call]]]:
    """
    Record every call, as `tapped` records the last.

    :returns: a dictionary whose lists fill up: name -> inputs and outputs, in order.
    """
    calls: dict[str, list[Call]] = {name: [] for name in modules}
    with _heard(modules, lambda name, call: calls[name].append(call)):
        yield calls


@contextmanager
def _heard(
    modules: Mapping[str, nn.Module], record: Callable[[str, Call], None]
) -> Iterator[None]:
    with ExitStack() as stack:
        for name, module in modules.items():

            def hear(
                _module: nn.Module, inputs: tuple[Any, ...], output: Tensor, name: str = name
            ) -> None:
                record(name, (inputs[0], output))

            stack.callback(module.register_forward_hook(hear).remove)
        yield
