"""The seam between geometry and labels: whoever says what the pixels of images show."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class LabelReader(Protocol):
    """
    Networks that say what every pixel shows, beside the network that says where it is.

    A reader is made for one class set, and one source: the images themselves, or the semantic
    features that the geometry network made of them. It keeps nothing from call to call, so an
    image is read once, and its labels stay with it.
    """

    def read(
        self, images: Sequence[NDArray[np.uint8]], features: tuple[Tensor, ...]
    ) -> NDArray[np.uint8]:
        """
        Label the images of one set.

        :param images: network-sized RGB images of one shape, each (h, w, 3).
        :param features: what the geometry network made of the same images, level by level as in
            `occany_ros.models.prediction.Prediction`, each (v, c, h', w'); a reader that looks
            at the images takes no notice of them, and they may be missing.
        :returns: native class of every pixel, (v, h, w). What nobody found has the id of free
            space or 255, which mean the same here: something is there, nobody knows what.
        """
