"""What a network is given: images and whatever is known about their cameras."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """
    Network-sized images of one call.

    :param images: RGB in [-1, 1], (v, 3, h, w).
    :param cameras: name of the camera of each view.
    :param stamps_ns: time of each view, nanoseconds.
    :param intrinsics: pinhole matrices in pixels of ``images``, (v, 3, 3); NaN where unknown.
    :param base_from_camera: optical frame in base frame, metres, (v, 4, 4); NaN where unknown.
    """

    images: Tensor
    cameras: tuple[str, ...]
    stamps_ns: tuple[int, ...]
    intrinsics: Tensor
    base_from_camera: Tensor
