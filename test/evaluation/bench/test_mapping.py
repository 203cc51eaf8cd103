"""Stages of the mapper on a synthetic drive."""

from statistics import median

from occany_ros.evaluation.bench.mapping import stage_times
from occany_ros.models.tiny import load_tiny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.preprocess import network_size
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import make_drive
import pytest
import torch

CPU = torch.device('cpu')


def mapper():
    return Mapper(
        reconstructor=load_tiny(weights=None),
        classes=OCC3D,
        image_size=network_size,
        config=MapperConfig(fusion='carve', confidence=1.0, min_interval_s=0.2),
        device=CPU,
    )


def drive(steps):
    return make_drive(3, steps=steps, size=(64, 128))


def test_every_stage_is_timed():
    timing, state = stage_times(mapper(), CPU, drive(4), warm_up=1)
    assert {'encode', 'remember', 'render', 'voxels', 'total'} <= set(timing.seconds)
    assert {len(seconds) for seconds in timing.seconds.values()} == {2}
    parts = sum(median(taken) for name, taken in timing.seconds.items() if name != 'total')
    assert 0 < parts <= 2 * max(timing.seconds['total'])
    assert timing.memory.peak > 50e6
    assert state.window


def test_no_step_left_to_time_is_refused():
    with pytest.raises(ValueError, match='warm_up'):
        stage_times(mapper(), CPU, drive(2), warm_up=1)
