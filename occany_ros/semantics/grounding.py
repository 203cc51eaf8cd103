"""GroundingDINO: boxes around everything that a class set has names for (semantics spec B.2)."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.layers.colour import standardised
from occany_ros.semantics.boxes import Boxes, BoxThresholds, named_boxes, PUBLISHED
from occany_ros.semantics.classes import ClassSet
from occany_ros.semantics.network_folder import load_network, load_tokenizer
from occany_ros.semantics.prompts import caption, detector_prompts, SEPARATORS
import torch
from torch import Tensor
from torch.nn import functional

FOLDER: Final = 'grounding-dino-base'
"""What its folder is called on the model hub, and in `semantics.weights`."""
SHORT_SIDE: Final = 800
LONGEST_SIDE: Final = 1333
_SEPARATOR_IDS: Final = (101, 102, 1012)
# The library has one way for its deformable attention, and the quick one for what lies below.
_ATTENTION: Final = {'': 'eager', 'backbone_config': 'sdpa', 'text_config': 'sdpa'}


class Grounding:
    """
    Finds boxes around things of a class set, in one image at a time.

    Its networks run in float32: boxes are refined in steps that lower precision would round away.

    :param network: a `GroundingDinoForObjectDetection` of the library `transformers`.
    :param tokenizer: that lay beside it.
    :param classes: what to look for.
    :param thresholds: what counts as found.
    :raises ValueError: if the class set has no names, or the tokenizer is not the network's.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - a class of an extra
        tokenizer: Any,  # noqa: ANN401 - a class of an extra
        classes: ClassSet,
        thresholds: BoxThresholds = PUBLISHED,
    ) -> None:
        prompts = detector_prompts(classes)
        self.network = network
        self.thresholds = thresholds
        self.names = tuple(name for name, _ in prompts)
        self.labels = np.array([index for _, index in prompts], np.int64)
        if not (self.labels != classes.empty).any():
            raise ValueError(
                f'class set {classes.name}: expected names for at least one class, got none; '
                'gather classes that have some'
            )
        written = tokenizer([caption(self.names)], return_tensors='pt').to(network.device)
        self.question: dict[str, Tensor] = dict(written)
        ids = self.question['input_ids'][0].tolist()
        self.tokens: tuple[str, ...] = tuple(tokenizer.convert_ids_to_tokens(ids))
        known, most = network.config.text_config.vocab_size, network.config.max_text_len
        separators = tuple(tokenizer.convert_tokens_to_ids(list(SEPARATORS)))
        if separators != _SEPARATOR_IDS or max(ids) >= known or len(ids) > most:
            raise ValueError(
                f'tokenizer: expected separators {_SEPARATOR_IDS}, words below {known} and at '
                f'most {most} of them, got {separators}, {max(ids)} and {len(ids)}; it lies '
                'beside another network, download the whole folder again'
            )

    @torch.inference_mode()
    def detect(self, image: NDArray[np.uint8]) -> Boxes:
        """
        Look for every name in one image.

        :param image: RGB, (h, w, 3).
        :returns: boxes, labelled with native ids; they may overlap as they like.
        """
        pixels = network_image(image).to(self.network.device)
        answer = self.network(pixel_values=pixels[None], **self.question)
        boxes = named_boxes(
            answer.logits[0].cpu(),
            answer.pred_boxes[0].cpu(),
            self.tokens,
            self.names,
            self.thresholds,
        )
        return Boxes(places=boxes.places, scores=boxes.scores, labels=self.labels[boxes.labels])


def load_grounding(weights: Path, classes: ClassSet, *, device: torch.device) -> Grounding:
    """
    Load the detector for a class set.

    :param weights: the folder `semantics.weights`, which holds a folder `grounding-dino-base`.
    :param classes: what to look for.
    :param device: where it runs.
    :raises CheckpointError: if a file is missing or damaged, or does not fit.
    :raises ValueError: if the library is not installed, or see `Grounding`.
    """
    tokenizer = load_tokenizer('BertTokenizer', weights / FOLDER)
    network = load_network('GroundingDinoForObjectDetection', weights / FOLDER, _ATTENTION)
    return Grounding(network.to(device), tokenizer, classes)


def network_image(image: NDArray[np.uint8]) -> Tensor:
    """
    Bring an image to the size and the range that the detector was trained on.

    :param image: RGB, (h, w, 3).
    :returns: (3, h', w') float32.
    """
    owned = np.array(image)  # those of messages cannot be written to
    pixels = torch.from_numpy(owned).permute(2, 0, 1)[None]  # (1, 3, h, w)
    size = network_size(image.shape[:2])
    resized = functional.interpolate(pixels, size, mode='bilinear', antialias=True)
    return standardised(resized[0].float() / 255)


def network_size(size: tuple[int, int]) -> tuple[int, int]:
    """
    Say which size the detector wants of an image.

    Its shorter side becomes `SHORT_SIDE`, or less where the longer one would exceed
    `LONGEST_SIDE`.

    :param size: of the image, height and width or the other way round, pixels.
    :returns: the size wanted, in the same order.
    """
    first, second = size
    shorter, longer = min(size), max(size)
    short = SHORT_SIDE
    if longer / shorter * short > LONGEST_SIDE:
        short = round(LONGEST_SIDE * shorter / longer)
    long = int(short * longer / shorter)
    return (short, long) if first <= second else (long, short)
