"""How labels are made and kept: the settings alone."""

from dataclasses import dataclass
from typing import Final, get_args, Literal

from occany_ros.occupancy.grid import Classes

LabelSource = Literal['off', 'distill', 'pretrained']


@dataclass(frozen=True, slots=True)
class LabelRules:
    """
    How labels are made and kept.

    :param source: ``distill`` takes them from the network's own features, ``pretrained`` from the
        images themselves (which takes a reader), ``off`` does without: every occupied voxel is
        ``other``.
    :param moving: native ids of classes that move by themselves; None takes those of the class
        set. See `occany_ros.pipeline.moved`.
    :param votes: grids that vote on the label of a voxel, the newest included; 0 and 1 take the
        newest alone. See `occany_ros.occupancy.voting`.
    :param every: sets from one labelling to the next. Those between take the labels of the last
        labelled grid at the same places of the world; what stood nowhere near is ``other``, and
        things that move lag behind.
    :raises ValueError: a value is out of range.
    """

    source: LabelSource = 'distill'
    moving: frozenset[int] | None = None
    votes: int = 0
    every: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.source not in get_args(LabelSource):
            raise ValueError(
                f'semantics.mode: expected one of {", ".join(get_args(LabelSource))}, got '
                f'{self.source!r}; choose one'
            )
        for name, value, least in (('temporal_vote', self.votes, 0), ('every', self.every, 1)):
            if value < least:
                raise ValueError(
                    f'semantics.{name}: expected {least} or more, got {value}; raise it'
                )

    def moving_in(self, classes: Classes) -> frozenset[int]:
        """Native ids of what moves."""
        return classes.dynamic if self.moving is None else self.moving


DEFAULT_LABELS: Final = LabelRules()
"""Every set labelled by the network's own features, and no vote."""
