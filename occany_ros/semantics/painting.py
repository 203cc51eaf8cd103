"""Masks with labels and scores, made into one label map (semantics spec B.4, B.6)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SCORE_STEP: Final = 0.01
"""Scores of masks that are merged round to the same multiple of this."""


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """
    Things found in one view.

    :param pixels: which pixels each covers, (n, h, w) bool.
    :param scores: how sure it is, (n,).
    :param labels: native id of its class, (n,).
    """

    pixels: NDArray[np.bool_]
    scores: NDArray[np.floating]
    labels: NDArray[np.integer]


def paint(
    masks: NDArray[np.bool_],
    scores: NDArray[np.floating],
    labels: NDArray[np.integer],
    empty: int,
    ignored: Collection[int],
) -> NDArray[np.uint8]:
    """
    Give every pixel the label of the surest mask that covers it.

    Of masks that are equally sure, the first given counts. Ignored masks hide nothing.

    :param masks: (n, h, w).
    :param scores: of the masks, (n,).
    :param labels: native ids, (n,).
    :param empty: what a pixel without a mask gets.
    :param ignored: labels that are not painted; ``empty`` never is.
    :returns: (h, w).
    """
    painted = np.full(masks.shape[1:], empty, np.uint8)
    is_wanted = ~np.isin(labels, [empty, *ignored])
    surest_first = np.argsort(-scores, kind='stable')
    for index in surest_first[is_wanted[surest_first]][::-1]:
        painted[masks[index]] = labels[index]
    return painted


def merge(found: Masks) -> Masks:
    """
    Unite masks of one label that are nearly equally sure.

    Scores that round to the same `SCORE_STEP` are nearly equal; the largest of them is kept.

    :returns: no more masks than given, in the order in which their labels and scores came first.
    """
    steps = np.rint(found.scores.astype(np.float64) / SCORE_STEP)
    keys = np.stack((found.labels.astype(np.float64), steps), axis=1)  # (n, 2)
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.argsort(order)[group.reshape(-1)]  # (n,)
    pixels = np.zeros((len(first), *found.pixels.shape[1:]), np.bool_)
    for index, mask in zip(place, found.pixels, strict=True):
        pixels[index] |= mask
    scores = np.zeros(len(first), found.scores.dtype)
    np.maximum.at(scores, place, found.scores)
    return Masks(pixels=pixels, scores=scores, labels=found.labels[first[order]])
