"""What the node does around the network: images in, messages out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.evaluation.bench.cost import Action, costs, Effort
from occany_ros.evaluation.bench.report import MEGA, Report
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.models.factory import LoadedModel
from occany_ros.pipeline.mapper import config_for, mapper_of
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.preprocess import network_size, views_from_frames
from occany_ros.semantics.classes import ClassSet
import torch

NAME: Final = 'host'
SIZE: Final = (900, 1600)
CAMERAS: Final = 6
TOTAL: Final = 'together'


def host_report(
    model: LoadedModel,
    classes: ClassSet,
    decoders: Mapping[str, Callable[[], Sequence[NDArray[np.uint8]]]],
    publish: Callable[[Occupancy], int],
    effort: Effort,
) -> Report:
    """
    Time the work of the node on one set of six cameras that is not the network's.

    :param model: whatever it answers to a set is what is published.
    :param decoders: kind of message -> decode a set of them to RGB images.
    :param publish: make and serialise every message of an answer; returns the bytes.
    :param effort: how often.
    """
    images = next(iter(decoders.values()))()
    mapper = mapper_of(model, classes, config_for(model))
    _, occupancy = mapper.step(mapper.initial(), FrameSet(_frames(images)))
    rule = model.image_size
    size = network_size(
        images[0].shape[1],
        images[0].shape[0],
        long_side=rule.long_side,
        multiple=rule.multiple,
        short_side=rule.short_side,
    )
    actions: dict[str, Action] = {f'decode {kind}': run for kind, run in decoders.items()}
    actions['preprocess'] = lambda: views_from_frames(_frames(images), size, model.device)
    actions['publish'] = lambda: publish(occupancy)
    found = costs(actions, torch.device('cpu'), effort)
    first = next(iter(found))
    total = sum(found[name].median for name in (first, 'preprocess', 'publish'))
    rows = [
        (name, f'{1e3 * cost.median:.1f}', f'{1e3 * cost.worst:.1f}')
        for name, cost in found.items()
    ]
    rows.append((f'{first}, preprocess, publish', f'{1e3 * total:.1f}', ''))
    height, width = images[0].shape[:2]
    return Report(
        name=NAME,
        title=f'The node around the network: a set of {len(images)} x {width}x{height}',
        headers=('stage', 'median ms', 'worst ms'),
        rows=rows,
        notes=(f'{publish(occupancy) / MEGA:.1f} MB of messages, serialised, for one set',),
        figures={
            'median_s': {**{n: c.median for n, c in found.items()}, TOTAL: total},
            'bytes': publish(occupancy),
        },
    )


def street_images(count: int = CAMERAS, size: tuple[int, int] = SIZE) -> list[NDArray[np.uint8]]:
    """
    Paint smooth images with some noise, about as hard to compress as photographs.

    :param size: height and width, pixels.
    :returns: RGB, each (h, w, 3).
    """
    random = np.random.default_rng(0)
    rows, columns = np.indices(size)
    waves = np.stack([np.sin(rows / 40), np.cos(columns / 60), np.sin((rows + columns) / 90)], -1)
    noise = random.integers(-6, 7, (*size, 3))
    base = 128 + 90 * waves + noise
    return [np.roll(base, 50 * k, axis=1).clip(0, 255).astype(np.uint8) for k in range(count)]


def _frames(images: Sequence[NDArray[np.uint8]]) -> tuple[Frame, ...]:
    return tuple(Frame(Camera(f'camera{k}'), 0, image) for k, image in enumerate(images))
