"""Labels from GroundingDINO and SAM 2: what is where, then its outline (semantics spec B)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.semantics.boxes import Boxes
from occany_ros.semantics.classes import ClassSet
from occany_ros.semantics.grounding import Grounding, load_grounding
from occany_ros.semantics.network_folder import load_network
from occany_ros.semantics.painting import Masks, merge, paint
from occany_ros.semantics.pyramid_shape import of_view, PyramidShape
from occany_ros.semantics.sam2 import Sam2
import torch
from torch import Tensor

FOLDER: Final = 'sam2.1-hiera-large'
"""What its folder is called on the model hub, and in `semantics.weights`."""
SCALES: Final = (1, 2, 4)
"""Edges of the maps of a pyramid, over that of the coarsest."""


class Sam2LabelReader:
    """
    Labels every pixel inside the outline of something that has a name.

    Implements `occany_ros.semantics.reader.LabelReader`.

    :param detector: finds boxes of a class set, always in the images.
    :param segmenter: finds the outline of what is in a box.
    :param classes: that class set.
    :param reads_images: the segmenter makes its own features of the images; else they come with
        them.
    """

    def __init__(
        self, detector: Grounding, segmenter: Sam2, classes: ClassSet, *, reads_images: bool
    ) -> None:
        self.detector = detector
        self.segmenter = segmenter
        self.classes = classes
        self.reads_images = reads_images
        self._shape = PyramidShape(segmenter.widths, SCALES, variant='occany')

    def read(
        self, images: Sequence[NDArray[np.uint8]], features: tuple[Tensor, ...]
    ) -> NDArray[np.uint8]:
        """
        Label views, each by itself.

        :param images: RGB, all of one size, (h, w, 3).
        :param features: of the same views, (v, d, e, e), (v, d / 4, 2 e, 2 e),
            (v, d / 8, 4 e, 4 e); not looked at where the reader encodes images.
        :returns: native ids, free space where nothing has a name, (v, h, w).
        :raises ValueError: if the features are not those the segmenter was made for.
        """
        if not self.reads_images:
            self._shape.check(features, len(images))
        empty = self.classes.empty
        labels = np.full((len(images), *images[0].shape[:2]), empty, np.uint8)
        for view, image in enumerate(images):
            boxes = self.detector.detect(image)
            boxes = boxes.chosen(boxes.labels != empty)
            if not len(boxes.labels):
                continue
            pyramid = (
                self.segmenter.encode(image) if self.reads_images else of_view(features, view)
            )
            labels[view] = label_map(self.segmenter, pyramid, boxes, image.shape[:2], empty)
        return labels


def sam2_label_reader(
    weights: Path,
    classes: ClassSet,
    source: Literal['distill', 'pretrained'],
    *,
    device: torch.device,
    precision: torch.dtype = torch.float32,
) -> Sam2LabelReader:
    """
    Load GroundingDINO and SAM 2 for a class set; what is not needed is dropped.

    :param weights: the folder `semantics.weights`, which holds folders `grounding-dino-base` and
        `sam2.1-hiera-large`.
    :param classes: what to look for.
    :param source: whether features come from the reconstructing network, or from the image
        encoder of SAM 2 itself.
    :param device: where they run.
    :param precision: type of what passes through SAM 2; the detector stays float32.
    :raises CheckpointError: if a file is missing or damaged, or does not fit.
    :raises ValueError: if the library is not installed, or the class set names nothing to find.
    """
    detector = load_grounding(weights, classes, device=device)
    network: Any = load_network('Sam2Model', weights / FOLDER)
    if source == 'distill':
        network.vision_encoder = None
    segmenter = Sam2(network.to(device), precision=precision)
    return Sam2LabelReader(detector, segmenter, classes, reads_images=source == 'pretrained')


def label_map(
    segmenter: Sam2,
    pyramid: tuple[Tensor, ...],
    boxes: Boxes,
    size: tuple[int, int],
    empty: int,
) -> NDArray[np.uint8]:
    """
    Outline and paint what is in the boxes of one view.

    Masks of one class and nearly one score are united first, as in the published evaluation.

    :param pyramid: features of the view, see `Sam2.encode`.
    :param boxes: of classes that are to be painted.
    :param size: height and width of the view, pixels.
    :param empty: what a pixel without a mask gets.
    :returns: native ids, (h, w).
    """
    masks = segmenter.masks(pyramid, boxes.places, size)
    found = merge(
        Masks(pixels=masks.cpu().numpy(), scores=boxes.scores.numpy(), labels=boxes.labels)
    )
    outlines = torch.from_numpy(found.pixels).to(masks.device)
    rounded = segmenter.rounded(outlines, pyramid).cpu().numpy()
    return paint(rounded, found.scores, found.labels, empty, ())
