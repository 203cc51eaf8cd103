"""
Semantic features as colours: three principal components, as the paper's Fig. 13 shows them.

Alike things get like colours. A principal component has no sign and no place of its own, so a
basis made anew for every image would flicker; one basis, made of the first set, is used until
somebody forgets it. Signs and ranges are part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.pipeline.occupancy_update import CameraView

_PERCENTILES: Final = (2.0, 98.0)
_LEAST_SPREAD: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class FeatureBasis:
    """
    Where features lie in a colour space.

    :param mean: of all features, (c,).
    :param axes: principal directions by falling variance, unit columns, (c, 3).
    :param low: where each component begins to be black, (3,).
    :param high: where it is full, (3,).
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def feature_basis(maps: Sequence[NDArray[np.float32]]) -> FeatureBasis | None:
    """
    Make a basis of the features of some views.

    Each axis points to where its largest entry is positive, so the same features always give the
    same basis.

    :param maps: of each view, (c, h, w); values that are not finite are left out.
    :returns: None where there are fewer than three channels, or all features are the same.
    """
    rows = np.concatenate([one.reshape(len(one), -1).T for one in maps]).astype(np.float64)
    rows = rows[np.isfinite(rows.sum(axis=-1))]
    if len(rows) < 2 or rows.shape[1] < 3:
        return None
    mean = rows.mean(axis=0)
    centred = rows - mean
    spread, directions = np.linalg.eigh(centred.T @ centred / len(rows))
    if spread[-1] < _LEAST_SPREAD:
        return None
    axes = directions[:, :-4:-1]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(3)] < 0, -1.0, 1.0)
    low, high = np.percentile(centred @ axes, _PERCENTILES, axis=0)
    return FeatureBasis(mean, axes, low, np.maximum(high, low + _LEAST_SPREAD))


def feature_colours(features: NDArray[np.float32], basis: FeatureBasis) -> NDArray[np.uint8]:
    """
    Colour the features of one view.

    :param features: (c, h, w).
    :returns: RGB, black where they are not finite, (h, w, 3).
    """
    rows = np.moveaxis(features, 0, -1).astype(np.float64) - basis.mean
    known = np.isfinite(rows.sum(axis=-1))
    place = (np.where(known[..., None], rows, 0.0) @ basis.axes - basis.low) / (
        basis.high - basis.low
    )
    colours: NDArray[np.uint8] = np.round(255 * np.clip(place, 0, 1)).astype(np.uint8)
    colours[~known] = 0
    return colours


def with_features(
    views: Sequence[CameraView], maps: Sequence[NDArray[np.float32]]
) -> tuple[CameraView, ...]:
    """
    Give views their features.

    :param maps: of each view, (c, h, w); none at all for a network without features.
    """
    if not maps:
        return tuple(views)
    pairs = zip(views, maps, strict=True)
    return tuple(replace(view, features=features) for view, features in pairs)


def fits(basis: FeatureBasis | None, features: NDArray[np.float32]) -> bool:
    """Tell whether a basis was made for features of as many channels."""
    return basis is not None and len(basis.mean) == len(features)
