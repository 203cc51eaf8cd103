"""Stages of the mapper on a synthetic drive."""

from dataclasses import replace
from statistics import median

from occany_ros.evaluation.bench.mapping import mapping_report, stage_times
from occany_ros.evaluation.bench.true_geometry import places, TrueGeometry
from occany_ros.models.factory import ImageSizeRule
from occany_ros.models.tiny import load_tiny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.preprocess import network_size, views_from_frames
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


def test_a_network_with_random_weights_maps_the_true_street(small_setup):
    model = replace(small_setup.model, image_size=ImageSizeRule(long_side=64))
    yardstick = small_setup.yardstick
    report = mapping_report(model, small_setup.preset, 'balanced', yardstick, (1, 1))
    assert 'true geometry' in report.notes[0]
    flops = report.figures['flops']
    assert set(flops) == {'encode', 'remember', 'render', 'novel'}
    assert min(flops.values()) > 0
    assert 'novel' in report.figures['median_s']


def test_true_geometry_is_that_of_the_street(small_setup):
    steps = list(drive(3))
    network = TrueGeometry(small_setup.network, places(steps, CPU))
    frames = [frame for step in steps for frame in step.frames.frames]
    tokens = network.encode(views_from_frames(frames, (128, 64), CPU))
    memory = network.remember(None, tokens[:2])
    answer = network.render(network.remember(memory, tokens[2:]), tokens)
    assert torch.allclose(answer.world_from_camera[0], torch.eye(4), atol=1e-5)
    moved = [step.world_from_base[:3, 3] for step in steps]
    expected = float(((moved[2] - moved[0]) ** 2).sum() ** 0.5)
    assert float(answer.world_from_camera[2, :3, 3].norm()) == pytest.approx(expected, rel=0.05)
    depth = torch.from_numpy(steps[0].depth[0])
    is_solid = depth > 0
    assert torch.allclose(answer.local_points[0, ..., 2][is_solid], depth[is_solid], rtol=1e-5)
