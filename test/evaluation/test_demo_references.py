"""The references are where they must be: flat ground at zero, perfect depth near one."""

from occany_ros.evaluation.demo_references import reference_scores
from occany_ros.synthetic.drive import make_drive
import torch


def test_order_of_the_references():
    torch.set_num_threads(1)
    scores = reference_scores(make_drive(1009, steps=3, size=(80, 256)))
    plane, points, untrained = scores.values()
    assert list(scores) == ['plane only', 'true point maps', 'random weights (3 sets a drive)']
    assert plane.obstacle_iou == 0
    assert plane.obstacle_f1 == 0
    assert plane.iou > 0.3  # which is why plain IoU proves nothing
    assert points.obstacle_iou > 0.5
    assert points.obstacle_f1 > 0.9
    assert untrained.obstacle_iou < 0.1
