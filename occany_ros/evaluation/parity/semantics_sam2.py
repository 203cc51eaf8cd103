"""Golden files of SAM 2: raw masks of boxes made into label maps (semantics spec B.3 to B.6)."""

from collections.abc import Sequence

import numpy as np
from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.array_files import bits
from occany_ros.evaluation.parity.comparison import Comparison, left_out
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.semantics.boxes import box_corners
from occany_ros.semantics.painting import Masks, merge, paint
from occany_ros.semantics.squeezing import squeezed_masks, stretched_masks
import torch
from torch import Tensor

CORNER_TOLERANCE = 1e-6
PACKED = ('masks0', 'obj_mask0', 'obj_frames')
INPUTS = frozenset(
    (
        *('S', 'H', 'W', 'T', 'boxes_cxcywh', 'conf', 'label_ids', 'ignore_ids', 'empty_class'),
        *('other_class', 'box_conf_thres', 'merge', 'low_res_logits'),
        *(f'{name}_shape' for name in PACKED),
    )
)


def check_masks(fixture: Fixture) -> list[Comparison]:
    """
    Place the boxes, stretch, unite, round, move and paint their masks.

    Frames after the first were made by a fixed rule in place of the tracker, so they are compared
    by the same rule; the tracker itself is not part of the product, where novel views have no
    labels of their own.
    """
    tensors = fixture.tensors
    size, edge = (int(tensors['H']), int(tensors['W'])), int(tensors['S'])
    masks = stretched_masks(tensors['low_res_logits'], size)
    scores, labels = tensors['conf'].numpy(), tensors['label_ids'].numpy()
    given = Masks(masks.numpy(), scores, labels)
    found = _in_order_of(fixture, merge(given) if bool(tensors['merge']) else given)
    start = squeezed_masks(torch.from_numpy(found.pixels), edge)
    frames = torch.stack(
        [stretched_masks(_moved(start, time), size) for time in range(int(tensors['T']))], dim=1
    )  # (n, t, h, w)
    painted = [_painted(fixture, found, frames[:, time], time) for time in range(frames.shape[1])]
    corners = box_corners(tensors['boxes_cxcywh'], size, edge).reshape(-1, 2, 2)
    exact = {
        'masks0': masks,
        'obj_mask0': torch.from_numpy(found.pixels),
        'obj_frames': frames,
        'obj_label': torch.from_numpy(found.labels),
        'obj_conf': torch.from_numpy(found.scores),
    }
    answers = {name: Answer(value, 0.0) for name, value in exact.items()}
    answers['box_points'] = Answer(corners, CORNER_TOLERANCE)
    skipped = [left_out('box_point_labels', 'the library tells the corners of a box apart')]
    if fixture.stem.endswith('ties'):
        skipped.append(left_out('sem2d', 'an unstable sort decided between equal scores'))
    else:
        answers['sem2d'] = Answer(torch.from_numpy(np.stack(painted)), 0.0)
    skipped = [entry for entry in skipped if entry.name in tensors]
    passed_over = INPUTS | {entry.name for entry in skipped}
    return [*matched(_unpacked(fixture), answers, passed_over), *skipped]


def _moved(start: Tensor, time: int) -> Tensor:
    """Move masks as the files' stand-in for the tracker does."""
    if time == 0:
        return start
    return start.roll((time, 2 * time), dims=(1, 2)) * 0.5 - 0.25 * time


def _painted(fixture: Fixture, found: Masks, frame: Tensor, time: int) -> np.ndarray:
    """Paint one frame: the first with everything, others with what is sure enough."""
    tensors = fixture.tensors
    least = float('-inf') if time == 0 else float(tensors['box_conf_thres'])
    used = found.scores > least
    return paint(
        frame.numpy()[used],
        found.scores[used],
        found.labels[used],
        int(tensors['empty_class']),
        tensors['ignore_ids'].tolist(),
    )


def _in_order_of(fixture: Fixture, found: Masks) -> Masks:
    """Order united masks as the file does, whose order means nothing."""
    if not bool(fixture.tensors['merge']) or 'obj_label' not in fixture.tensors:
        return found
    ours = _keys(found.labels.tolist(), found.scores.tolist())
    golden = (fixture.tensors[name].tolist() for name in ('obj_label', 'obj_conf'))
    places = {key: index for index, key in enumerate(ours)}
    order = [places[key] for key in _keys(*golden) if key in places]
    return Masks(found.pixels[order], found.scores[order], found.labels[order])


def _keys(labels: Sequence[int], scores: Sequence[float]) -> list[tuple[int, float]]:
    return list(zip(labels, scores, strict=True))


def _unpacked(fixture: Fixture) -> Fixture:
    """Unpack truth values."""
    packed = {name: bits(fixture, name) for name in PACKED if name in fixture.tensors}
    return Fixture(fixture.path, fixture.tensors | packed, fixture.metadata)
