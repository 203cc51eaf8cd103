"""Labels from SAM 3: of distilled features, or of the images themselves (semantics spec B.7)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from occany_ros.layers.colour import centred
from occany_ros.semantics.classes import ClassSet
from occany_ros.semantics.network_folder import load_network, load_tokenizer
from occany_ros.semantics.painting import paint
from occany_ros.semantics.pyramid_shape import of_view, PyramidShape
from occany_ros.semantics.sam3 import Sam3
from occany_ros.semantics.sam3_prompts import encode_prompts
import torch
from torch import nn, Tensor
from torch.nn import functional

FOLDER: Final = 'sam3'
"""What its folder is called on the model hub, and in `semantics.weights`."""
THRESHOLDS: Final = {'distill': 0.15, 'pretrained': 0.5}
"""Least score of an object by source of the features, as the released code has them (B.7)."""
SCALES: Final = (4, 2, 1)
"""Edges of the maps of a pyramid, over that of the coarsest."""


class Sam3LabelReader:
    """
    Labels every pixel that SAM 3 finds a word for.

    Implements `occany_ros.semantics.reader.LabelReader`.

    :param detector: looks for the prompts of a class set.
    :param classes: that class set.
    :param image_encoder: turns images into features; None where the features come with them.
    """

    def __init__(
        self, detector: Sam3, classes: ClassSet, image_encoder: nn.Module | None = None
    ) -> None:
        self.detector = detector
        self.classes = classes
        self.image_encoder = image_encoder
        width = detector.network.config.detr_encoder_config.hidden_size
        self._shape = PyramidShape((width,) * len(SCALES), SCALES, variant='occany_plus')

    def read(
        self, images: Sequence[NDArray[np.uint8]], features: tuple[Tensor, ...]
    ) -> NDArray[np.uint8]:
        """
        Label views, each by itself.

        :param images: RGB, all of one size, (h, w, 3).
        :param features: of the same views, (v, d, 4 e, 4 e), (v, d, 2 e, 2 e), (v, d, e, e);
            not looked at where the reader encodes images.
        :returns: native ids, free space where no word fits, (v, h, w).
        :raises ValueError: if the features are not those the detector was made for.
        """
        if self.image_encoder is None:
            self._shape.check(features, len(images))
        labels = []
        for view, image in enumerate(images):
            pyramid = (
                of_view(features, view) if self.image_encoder is None else self._encode(image)
            )
            found = self.detector.find(pyramid, image.shape[:2])
            ignored, empty = (self.classes.other,), self.classes.empty
            labels.append(paint(found.pixels, found.scores, found.labels, empty, ignored))
        return np.stack(labels)

    @torch.inference_mode()
    def _encode(self, image: NDArray[np.uint8]) -> tuple[Tensor, ...]:
        """Features of one image, finest first."""
        encoder: Any = self.image_encoder
        precision = self.detector.precision
        levels, lowered = len(SCALES), precision != torch.float32
        pixels = network_image(image, encoder.config.image_size).to(encoder.device)
        with torch.autocast(pixels.device.type, dtype=precision, enabled=lowered):
            maps = encoder(pixels[None]).fpn_hidden_states[:levels]
        return tuple(level[0].float() for level in maps)


def sam3_label_reader(
    weights: Path,
    classes: ClassSet,
    source: Literal['distill', 'pretrained'],
    *,
    device: torch.device,
    precision: torch.dtype = torch.float32,
) -> Sam3LabelReader:
    """
    Load SAM 3 for a class set; what it does not need any more is dropped.

    :param weights: the folder `semantics.weights`, which holds a folder `sam3`.
    :param classes: what to look for.
    :param source: whether features come from the reconstructing network, or from the image
        encoder of SAM 3 itself.
    :param device: where it runs.
    :param precision: type of what passes through its networks.
    :raises CheckpointError: if a file is missing or damaged, or does not fit.
    :raises ValueError: if the library is not installed, or the class set names nothing to find.
    """
    tokenizer = load_tokenizer('CLIPTokenizer', weights / FOLDER)
    network: Any = load_network('Sam3Model', weights / FOLDER)
    if source == 'distill':
        network.vision_encoder = None
    network.to(device)
    prompts = encode_prompts(network, tokenizer, classes)
    network.text_encoder = None
    image_encoder = network.vision_encoder
    detector = Sam3(network, prompts, threshold=THRESHOLDS[source], precision=precision)
    return Sam3LabelReader(detector, classes, image_encoder)


def network_image(image: NDArray[np.uint8], edge: int) -> Tensor:
    """
    Squeeze an image into the square that the image encoder was trained on (B.9).

    :param image: RGB, (h, w, 3).
    :param edge: of the square, pixels.
    :returns: RGB in [-1, 1], (3, edge, edge) float32.
    """
    pixels = torch.tensor(np.ascontiguousarray(image)).permute(2, 0, 1)[None]  # (1, 3, h, w)
    square = functional.interpolate(pixels, (edge, edge), mode='bilinear', antialias=True)
    return centred(square[0].float() / 255)
