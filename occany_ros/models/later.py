"""Features that are decoded when somebody looks at them, and for the views looked at only."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import overload

import torch
from torch import Tensor

Levels = tuple[Tensor, ...]


class LaterFeatures(Sequence[Tensor]):
    """
    A pyramid of features that cost much and are seldom wanted of every view.

    To look at a level decodes all levels of all views, once; see `features_of` for less.

    :param decode: makes the levels of some views.
    :param levels: how many there are.
    """

    def __init__(self, decode: Callable[[slice], Levels], levels: int) -> None:
        self._levels_of = decode
        self._count = levels
        self._latest: tuple[slice, Levels] | None = None

    def __len__(self) -> int:
        """Count the levels; nothing is decoded."""
        return self._count

    @overload
    def __getitem__(self, level: int) -> Tensor: ...

    @overload
    def __getitem__(self, level: slice) -> Levels: ...

    def __getitem__(self, level: int | slice) -> Tensor | Levels:
        """Take a level of all views, (v, c, h, w)."""
        whole = self.of(slice(None))
        self._levels_of = partial(_of_some, whole)  # and let go of what they were decoded from
        return whole[level]

    @torch.inference_mode()
    def of(self, views: slice) -> Levels:
        """Take all levels of some views; those that were taken last are at hand."""
        if self._latest is None or self._latest[0] != views:
            self._latest = views, self._levels_of(views)
        return self._latest[1]


def features_of(features: Sequence[Tensor], views: slice) -> Levels:
    """
    Take the features of some views; those that wait to be decoded are decoded for them alone.

    :param features: levels, (v, c, h, w) each.
    :returns: the same levels of fewer views.
    """
    return features.of(views) if isinstance(features, LaterFeatures) else _of_some(features, views)


def _of_some(levels: Sequence[Tensor], views: slice) -> Levels:
    return tuple(level[views] for level in levels)
