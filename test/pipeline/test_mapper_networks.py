"""The mapper around the real networks, with weights that know nothing: shapes, not quality."""

from dataclasses import replace

import numpy as np
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.config import DecoderConfig, EncoderConfig, OccAnyConfig
from occany_ros.models.factory import ImageSizeRule, LoadedModel
from occany_ros.models.occany import OccAny
from occany_ros.models.tiny import load_tiny
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import config_for, mapper_of
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted
import pytest
from released_files import SMALL_RENDERING
import torch

RIG = [mounted('front'), mounted('left', yaw_deg=90), mounted('right', yaw_deg=-90)]


def small_occany():
    sizes = OccAnyConfig(
        EncoderConfig(width=32, depth=2, heads=2),
        DecoderConfig(encoder_width=32, width=48, depth=3, heads=3, feature_size=32),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return OccAny(sizes).eval()


@pytest.fixture(scope='module', params=['tiny', 'occany'])
def model(request):
    network = load_tiny(weights=None) if request.param == 'tiny' else small_occany()
    return LoadedModel(
        reconstructor=network,
        variant=request.param,
        class_set='occ3d',
        image_size=ImageSizeRule(long_side=128, multiple=32),
        weights='random',
        sha256='',
        fusion='trilinear',
        confidence=1.0,
        stage='reconstruction',
        plan=NovelViewPlan(),
        novel_confidence=1.0,
        device=torch.device('cpu'),
        precision='fp32',
    )


@pytest.mark.parametrize('calibration', ['full', 'extrinsics', 'none'])
@pytest.mark.parametrize('cameras', [RIG[:1], RIG])
@pytest.mark.parametrize('anchor', ['newest', 'first'])
def test_every_mode_runs(model, cameras, calibration, anchor):
    if calibration != 'full':
        cameras = [replace(camera, intrinsics=None) for camera in cameras]
    if calibration == 'none':
        cameras = [replace(camera, base_from_camera=None) for camera in cameras]
    config = MapperConfig(frames=3, anchor=anchor, fusion='carve', confidence=1.0)
    mapper = mapper_of(model, OCC3D, config)
    sets = [frame_set(cameras, 0.5 * index) for index in range(4)]
    mapped = list(map_recording(mapper, sets))
    windows = [entry.occupancy.window for entry in mapped]
    assert windows == [1, 2, 3, 3]
    for entry in mapped:
        output = entry.occupancy
        assert output.grid.labels.shape == config.grid.shape
        assert np.isfinite(output.cloud.points).all()
        rotation = output.odom_from_base[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        assert [view.image.shape for view in output.views] == [(64, 128, 3)] * len(cameras)
        assert output.extrinsics == ('assumed' if calibration == 'none' else 'given')


@pytest.fixture(scope='module')
def complete():
    """Make a network with a rendering stage."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        network = OccAny(SMALL_RENDERING).eval()
    return LoadedModel(
        reconstructor=network,
        variant='occany',
        class_set=None,
        image_size=ImageSizeRule(long_side=128, multiple=32),
        weights='random',
        sha256='',
        fusion='trilinear',
        confidence=1.0,
        stage='rendering',
        plan=NovelViewPlan(views_per_frame=2, forward_m=1.0),
        novel_confidence=1.0,
        device=torch.device('cpu'),
        precision='fp32',
    )


@pytest.mark.parametrize('fusion', ['trilinear', 'carve'])
def test_occany_renders_novel_views_in_the_mapper(complete, fusion):
    sets = [frame_set(RIG[:2], 0.5 * index) for index in range(2)]
    grids = []
    for batch in (0, 5):
        config = replace(config_for(complete, 'quality'), fusion=fusion, novel_batch=batch)
        mapped = list(map_recording(mapper_of(complete, OCC3D, config), sets))
        assert [entry.occupancy.imagined.views for entry in mapped] == [12, 24]
        grids.append(mapped[-1].occupancy.grid)
    differ = grids[0].labels != grids[1].labels
    assert differ.mean() < 1e-4
    assert (grids[0].labels != 0).any()


def test_weights_without_rendering_stage_are_never_asked(complete):
    seeing = replace(complete, stage='reconstruction')
    mapper = mapper_of(seeing, OCC3D, config_for(seeing, 'quality'))
    _, output = mapper.step(mapper.initial(), frame_set(RIG[:1], 0.0))
    assert output.imagined.views == 0
    assert 'no rendering stage' in output.imagined.missing
