from occany_ros.evaluation.drives import measure
from occany_ros.evaluation.scores import scores_of
from occany_ros.models.tiny import load_tiny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.preprocess import network_size
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import make_drive
import torch


def mapper_with(weights):
    network = load_tiny(weights=None) if weights is None else load_tiny()
    return Mapper(
        reconstructor=network,
        classes=OCC3D,
        image_size=network_size,
        config=MapperConfig(fusion='carve', confidence=1.0, min_interval_s=0.2),
        device=torch.device('cpu'),
    )


def drive(steps):
    return make_drive(900, rig='front', rate_hz=4.0, steps=steps, size=(160, 512))


def test_the_shipped_network_beats_random_weights_and_flat_ground():
    """About 80 % of what the model card says; flat ground scores 0, 0 and 0.03."""
    shipped = measure(mapper_with('shipped'), OCC3D, drive(8))
    random = scores_of(measure(mapper_with(None), OCC3D, drive(4)).tally)
    scores = scores_of(shipped.tally)
    assert scores.obstacle_iou > 0.2
    assert scores.obstacle_f1 > 0.6
    assert scores.mean_iou > 0.15
    assert shipped.drift.percent < 12
    assert random.obstacle_iou < 0.5 * scores.obstacle_iou
    assert random.mean_iou < 0.5 * scores.mean_iou
