"""Boxes around things of known classes, from what a detector says of its queries (spec B.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.semantics.prompts import in_words, phrase_starts, SEPARATORS, spelled
import torch
from torch import Tensor

NOT_A_NAME: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """
    Things found in one image, on the CPU.

    :param places: centre x and y, width and height, as parts of the image, (n, 4) float32.
    :param scores: how sure the detector is, 0 to 1, (n,) float32.
    :param labels: which of the names it was asked for, or of which class, (n,) int64.
    """

    places: Tensor
    scores: Tensor
    labels: NDArray[np.int64]

    def chosen(self, which: NDArray[np.bool_]) -> 'Boxes':
        """Keep some of the boxes, (n,)."""
        mask = torch.from_numpy(which)
        return Boxes(places=self.places[mask], scores=self.scores[mask], labels=self.labels[which])


@dataclass(frozen=True, slots=True)
class BoxThresholds:
    """
    What counts as found.

    :param box: a box must be surer than this.
    :param text: a word of its name must fit better than this.
    """

    box: float
    text: float


PUBLISHED: Final = BoxThresholds(box=0.05, text=0.05)
"""Those of the published evaluation (B.1)."""


def named_boxes(
    logits: Tensor,
    places: Tensor,
    tokens: Sequence[str],
    names: Sequence[str],
    thresholds: BoxThresholds,
) -> Boxes:
    """
    Keep the queries that found something with a name (B.2, steps 3 and 4).

    The best token of a query says which name is meant. Boxes whose words fit too badly to spell a
    name that was asked for are dropped. Boxes may overlap as they like.

    :param logits: how well every token fits every query, (q, m); there may be more than tokens.
    :param places: of the queries, see `Boxes`, (q, 4).
    :param tokens: word pieces of the caption, (n,).
    :param names: those in the caption.
    :returns: boxes in the order of the queries, labelled with the index of their name.
    """
    fits = logits[:, : len(tokens)].sigmoid()
    scores, best = fits.max(dim=1)
    found = scores > thresholds.box
    index_of = {in_words(name): index for index, name in reversed([*enumerate(names)])}
    starts = phrase_starts(tokens)
    is_word = (fits > thresholds.text).tolist()
    labels = np.full(len(logits), NOT_A_NAME, np.int64)
    for query in found.nonzero()[:, 0].tolist():
        words, place = is_word[query], starts[int(best[query])]
        kept = []
        while place < len(tokens) and tokens[place] not in SEPARATORS:
            if words[place]:
                kept.append(tokens[place])
            place += 1
        labels[query] = index_of.get(spelled(kept), NOT_A_NAME)
    return Boxes(places=places, scores=scores, labels=labels).chosen(labels != NOT_A_NAME)


def box_corners(places: Tensor, size: tuple[int, int], edge: int) -> Tensor:
    """
    Place boxes in the square that an image is squeezed into.

    :param places: see `Boxes`, (n, 4).
    :param size: height and width of the image, pixels.
    :param edge: of the square, pixels.
    :returns: left, top, right and bottom in pixels of the square, (n, 4).
    """
    height, width = size
    scale = places.new_tensor([width, height, width, height])
    centre, extent = (places * scale).reshape(-1, 2, 2).unbind(dim=1)  # (n, 2) each
    corners = torch.cat((centre - extent / 2, centre + extent / 2), dim=1)
    return corners / scale * edge
