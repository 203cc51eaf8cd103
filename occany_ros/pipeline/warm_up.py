"""One picture through what sees and reads, before the first set, which pays for it otherwise."""

from typing import Any, Final

import numpy as np
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.models.factory import LoadedModel
from occany_ros.models.later import features_of
from occany_ros.models.prediction import Reconstructor
from occany_ros.pipeline.preprocess import network_size, Size, views_from_frames
from occany_ros.semantics.reader import LabelReader
import torch

WARM_UP: Final = 'warm up'
"""Name of the camera nobody has, whose one picture it is."""
_USUAL: Final = (16, 9)
_FEWEST: Final = 8


def warm_up(model: LoadedModel, reader: LabelReader | None = None) -> None:
    """
    Have a network reconstruct one picture of noise and a reader label it, and forget it.

    That makes what is made at first use: handles, kernels and arenas, and on a GPU their choice
    for pictures of the usual shape. A processor chooses nothing, so a small picture does there.

    :raises RuntimeError: there is no room for as much as one picture.
    :raises ValueError: the reader was made for the features of another network.
    """
    network: Reconstructor[Any, Any] = model.reconstructor
    width, height = _picture(model)
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    frames = (Frame(Camera(WARM_UP), 0, noise),)
    with torch.inference_mode():
        tokens = network.encode(views_from_frames(frames, (width, height), model.device))
        prediction = network.render(network.remember(None, tokens), tokens)
        if reader is not None:
            reader.read([noise], features_of(prediction.features, slice(1)))
    if model.device.type == 'cuda':
        torch.cuda.synchronize(model.device)


def _picture(model: LoadedModel) -> Size:
    rule = model.image_size
    if model.device.type == 'cpu':
        return _FEWEST * rule.multiple, _FEWEST * rule.multiple
    return network_size(*_USUAL, rule.long_side, rule.multiple, rule.short_side)
