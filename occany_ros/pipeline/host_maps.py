"""Images on their way to the network, and its answer on the CPU: one copy each, checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.later import features_of
from occany_ros.models.prediction import labels_of, NovelViews, Prediction
import torch
from torch import Tensor

NO_LABEL = 255


class NonFiniteOutput(ArithmeticError):  # noqa: N818 - it names an output
    """
    The network answered NaN or infinity.

    :param name: which part of the prediction.
    :param count: how many of its numbers.
    :param total: out of how many.
    :param views: how many views they are in, and out of how many.
    """

    def __init__(self, name: str, count: int, total: int, views: tuple[int, int]) -> None:
        super().__init__(
            f'{name}: expected finite numbers, got {count} of {total} that are not, in {views[0]} '
            f'of {views[1]} views: the whole set is dropped; if it happens often try '
            'model.precision fp32'
        )
        self.name = name
        self.count = count


@dataclass(frozen=True, slots=True, eq=False)
class ViewMaps:
    """
    What a network says of some views, seen or novel, as NumPy arrays.

    :param world_points: network's world, metres, (v, h, w, 3) float32.
    :param confidence: at least 1, (v, h, w) float32.
    :param labels: native classes, 255 = none, (v, h, w) uint8.
    :param world_from_camera: (v, 4, 4) float64.
    :param focal: pixels of the network-sized images, (v,) float32.
    """

    world_points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    labels: NDArray[np.uint8]
    world_from_camera: NDArray[np.float64]
    focal: NDArray[np.float32]


MapsT = TypeVar('MapsT', bound=ViewMaps)


@dataclass(frozen=True, slots=True, eq=False)
class HostMaps(ViewMaps):
    """
    What a network says of the views that were seen.

    :param depth: along each optical axis, metres, (v, h, w) float32.
    """

    depth: NDArray[np.float32]

    def part(self, views: slice) -> 'HostMaps':
        """Take views in a row."""
        return HostMaps(
            self.world_points[views],
            self.confidence[views],
            self.labels[views],
            self.world_from_camera[views],
            self.focal[views],
            self.depth[views],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """
    Everything a step asked of the network.

    :param seen: of the views of the window.
    :param novel: of views nobody took, None where none were rendered.
    """

    seen: HostMaps
    novel: ViewMaps | None

    def scaled(self, scale: float) -> 'Fetched':
        """
        Stretch every length: points, depth and the ways between the views.

        :param scale: metres to the network's unit; 1 changes and copies nothing.
        """
        if scale == 1.0:
            return self
        seen = replace(_scaled(self.seen, scale), depth=self.seen.depth * np.float32(scale))
        return Fetched(seen, None if self.novel is None else _scaled(self.novel, scale))


def fetch(
    prediction: Prediction, novel: Sequence[NovelViews] = (), *, with_labels: bool = True
) -> Fetched:
    """
    Bring all answers to the CPU in one copy.

    :param novel: novel views, in groups.
    :param with_labels: otherwise labels stay where they are, and nothing has one.
    :raises NonFiniteOutput: points, confidence or poses are not finite.
    """
    if not with_labels:
        prediction = replace(prediction, labels=None, scores=None)
        novel = [replace(views, labels=None, scores=None) for views in novel]
    seen_parts = _common((prediction,)) | {'local_points': [prediction.local_points[..., 2]]}
    novel_parts = _common(novel) if novel else {}
    named = [*seen_parts.items(), *((f'novel {n}', p) for n, p in novel_parts.items())]
    device = prediction.confidence.device
    flat = [part.to(device, torch.float32).reshape(-1) for _, parts in named for part in parts]
    host = _on_host(torch.cat(flat))
    fields: dict[str, NDArray[Any]] = {}
    begin = 0
    for name, parts in named:
        shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
        end = begin + int(np.prod(shape))
        values = host[begin:end]
        wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
        fields[name] = values.reshape(shape)
        if wrong:
            is_sound = np.isfinite(fields[name].reshape(len(fields[name]), -1)).all(axis=1)
            views = int(np.count_nonzero(~is_sound)), len(is_sound)
            raise NonFiniteOutput(name, wrong, values.size, views)
        begin = end
    seen = HostMaps(**_typed(fields, ''), depth=fields['local_points'])
    return Fetched(seen, ViewMaps(**_typed(fields, 'novel ')) if novel else None)


def fetch_features(prediction: Prediction, views: slice) -> tuple[NDArray[np.float32], ...]:
    """
    Bring the first level of the semantic features of some views to the CPU.

    :param views: in a row.
    :returns: of each view, (c, h, w); empty for a network without features.
    """
    if not prediction.features:
        return ()
    first = features_of(prediction.features, views)[0]
    return tuple(first.to('cpu', torch.float32).numpy())


def on_device(images: Sequence[NDArray[np.uint8]], device: torch.device) -> Tensor:
    """
    Put the images of a set onto a device in one copy.

    A GPU reads them by itself from memory that stays where it is, while the CPU goes on.

    :param images: of one shape, (h, w, 3).
    :returns: (v, h, w, 3) uint8.
    """
    is_gpu = device.type == 'cuda'
    host = torch.empty(len(images), *images[0].shape, dtype=torch.uint8, pin_memory=is_gpu)
    np.stack(images, out=host.numpy())
    return host.to(device, non_blocking=is_gpu)


def _scaled(maps: MapsT, scale: float) -> MapsT:
    poses = maps.world_from_camera.copy()
    poses[:, :3, 3] *= scale
    points = maps.world_points * np.float32(scale)
    return replace(maps, world_points=points, world_from_camera=poses)


def _on_host(numbers: Tensor) -> NDArray[np.float32]:
    """Copy to the CPU, from a GPU into memory it can write to by itself, which is faster."""
    if numbers.device.type != 'cuda':
        return numbers.cpu().numpy()
    host = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
    host.copy_(numbers, non_blocking=True)
    torch.cuda.current_stream(numbers.device).synchronize()
    return host.numpy()


def _common(views: Sequence[Prediction | NovelViews]) -> dict[str, list[Tensor]]:
    """Collect what seen and novel views have in common, field by field."""
    common = {
        'world_points': [view.world_points for view in views],
        'confidence': [view.confidence for view in views],
        'world_from_camera': [view.world_from_camera for view in views],
        'focal': [view.focal for view in views],
    }
    labels = [labels_of(view) for view in views]
    if any(label is not None for label in labels):
        common['labels'] = [
            torch.full_like(view.confidence, NO_LABEL) if label is None else label
            for view, label in zip(views, labels, strict=True)
        ]
    return common


def _typed(fields: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    confidence, labels = fields[f'{prefix}confidence'], fields.get(f'{prefix}labels')
    return {
        'world_points': fields[f'{prefix}world_points'],
        'confidence': confidence,
        'labels': (
            np.full(confidence.shape, NO_LABEL, np.uint8)
            if labels is None
            else labels.astype(np.uint8)
        ),
        'world_from_camera': fields[f'{prefix}world_from_camera'].astype(np.float64),
        'focal': fields[f'{prefix}focal'],
    }
