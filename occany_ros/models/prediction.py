"""What a network answers, and the verbs every model family shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable, TypeVar

from occany_ros.models.views import Views
import torch
from torch import Tensor

TokensT = TypeVar('TokensT')
MemoryT = TypeVar('MemoryT')


class Referable:
    """Something that others may know of without keeping it alive."""

    __slots__ = ('__weakref__',)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction(Referable):
    """
    Geometry and semantics of ``v`` views in one common world.

    The world is the optical frame (x right, y down, z forward) of the first view that was
    remembered.

    :param world_points: a point for every pixel, world frame, metres, (v, h, w, 3).
    :param local_points: the same in each view's own optical frame, metres, (v, h, w, 3).
    :param confidence: at least 1, (v, h, w).
    :param world_from_camera: pose of each view, (v, 4, 4).
    :param focal: focal length of the network-sized images, pixels, (v,).
    :param labels: class of every pixel in the model's class set, 255 = none, (v, h, w) uint8;
        None where the family leaves labels to `occany_ros.semantics`, or to `labels_of`.
    :param features: semantic features, one map or a pyramid, as the family defines them; perhaps
        `occany_ros.models.later.LaterFeatures`.
    :param scores: of every class, (v, c, h, w), where nobody has decided on labels yet.
    """

    world_points: Tensor
    local_points: Tensor
    confidence: Tensor
    world_from_camera: Tensor
    focal: Tensor
    labels: Tensor | None = None
    features: Sequence[Tensor] = ()
    scores: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NovelViews:
    """
    Geometry and semantics of ``r`` views nobody took, in the world of a `Prediction`.

    :param world_points: a point for every pixel, world frame, metres, (r, h, w, 3).
    :param confidence: at least 1, (r, h, w).
    :param world_from_camera: pose of each view, as asked for, (r, 4, 4).
    :param focal: focal length of the imagined images, pixels of a network-sized image, (r,).
    :param labels: as in `Prediction`, (r, h, w) uint8; None where they are left to others.
    :param features: as in `Prediction`; empty where nobody asked for them.
    :param scores: as in `Prediction`, (r, c, h, w).
    """

    world_points: Tensor
    confidence: Tensor
    world_from_camera: Tensor
    focal: Tensor
    labels: Tensor | None = None
    features: tuple[Tensor, ...] = ()
    scores: Tensor | None = None


def labels_of(views: Prediction | NovelViews) -> Tensor | None:
    """
    Decide on labels: those that are there, else the best class of every pixel.

    :returns: (v, h, w) uint8; None for a network without labels.
    """
    if views.labels is not None or views.scores is None:
        return views.labels
    return views.scores.argmax(dim=1).to(torch.uint8)


class Reconstructor(Protocol[TokensT, MemoryT]):
    """
    A network that turns views into one consistent world.

    ``encode`` is independent for each view, so its tokens can be kept over a rolling window;
    ``remember`` appends views to a memory and never changes what is there; ``render`` reads
    views back with the whole memory in sight.
    """

    def encode(self, views: Views) -> list[TokensT]:
        """Tokens of each view, one entry a view."""

    def remember(self, memory: MemoryT | None, tokens: Sequence[TokensT]) -> MemoryT:
        """Memory with these views appended; None starts an empty one."""

    def render(self, memory: MemoryT, tokens: Sequence[TokensT]) -> Prediction:
        """Geometry of these views, seen with the whole memory."""


@runtime_checkable
class NovelViewRenderer(Reconstructor[TokensT, MemoryT], Protocol[TokensT, MemoryT]):
    """
    A `Reconstructor` that also renders views nobody took.

    Each is independent of the others, except in OccAny+: there the views asked for together may
    look at each other, so that how many they are is part of the question.
    """

    def render_novel(
        self,
        memory: MemoryT,
        tokens: Sequence[TokensT],
        seen: Prediction,
        world_from_camera: Tensor,
    ) -> NovelViews:
        """Geometry of views at these poses (r, 4, 4), given what `render` said of ``tokens``."""
