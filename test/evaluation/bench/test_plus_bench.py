"""The tables of OccAny+ and Depth Anything 3, on the smallest of their networks."""

from dataclasses import replace

from occany_ros.evaluation.bench.cost import Effort
from occany_ros.evaluation.bench.mapping import mapping_report
from occany_ros.evaluation.bench.network import network_report
from occany_ros.evaluation.bench.precision import precision_report
from occany_ros.evaluation.bench.preset import fitted, Preset, PRESETS
from occany_ros.evaluation.bench.report import Yardstick
from occany_ros.evaluation.bench.setup import joined, Setup
from occany_ros.evaluation.bench.stages import DECODE, HEADS, RAY_MAPS, REGISTER, SPLAT
from occany_ros.evaluation.bench.streaming import streaming_report
from occany_ros.evaluation.bench.street import street_of
from occany_ros.evaluation.bench.subject import FULL_SIZES, loader, parts_of, Subject, weight_bytes
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.factory import ImageSizeRule, PLUS_IMAGES
from occany_ros.models.plus.config import PlusConfig
import pytest
import torch

PRESET = Preset(
    'small',
    'front',
    frames=2,
    size=(28, 56),
    plan=NovelViewPlan(views_per_frame=1, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0),
)
SIZES = PlusConfig(name='vits', feature_size=112, imagines=True)
RATE = 1e11


@pytest.fixture(scope='module')
def setups():
    subject = Subject(variant='occany_plus', is_random=True, device='cpu', config=SIZES)
    load = loader(subject)
    street = street_of(PRESET, torch.device('cpu'))
    effort = Effort(repeats=1, warm_up=1)
    return {
        name: Setup(load(name), PRESET, street, effort, Yardstick(RATE, name))
        for name in ('fp32', 'bf16')
    }


@pytest.fixture(scope='module')
def setup(setups):
    return setups['fp32']


def test_every_stage_of_reconstruction_and_rendering_is_told_apart(setup):
    report = network_report(setup, novel_views=3)
    seeing, rendering = report.figures['stages'].values()
    assert {'encode', 'remember', DECODE, HEADS, REGISTER} <= set(seeing)
    assert {SPLAT, RAY_MAPS, DECODE, HEADS} <= set(rendering)
    for name, stages in report.figures['stages'].items():
        counted = sum(stage['flops'] for stage in stages.values())
        assert counted == report.figures['costs'][name]['flops'] > 0
    assert seeing[HEADS]['flops'] > seeing[DECODE]['flops'] > 0


def test_weights_that_both_networks_have_count_once(setup):
    network = setup.network
    parts = parts_of(network)
    alone = sum(x.numel() for x in network.seeing.parameters())
    assert parts['seeing'] == alone
    own = sum(x.numel() for x in network.imagining.encoder.parameters())
    own += sum(x.numel() for x in network.imagining.backbone.blocks[:4].parameters())
    assert parts['imagining'] == own
    assert weight_bytes(network) == 4 * (alone + own)


def test_novel_views_come_in_the_batches_of_the_demo(setup):
    sizes = []
    rendering, poses = setup.rendering(), setup.novel_poses(3)
    render = setup.network.render_novel
    setup.network.render_novel = lambda *given: sizes.append(len(given[-1])) or render(*given)
    try:
        views = rendering.views(poses)
    finally:
        del setup.network.render_novel
    assert sizes == [2, 1]
    assert views.world_points.shape == (3, 28, 56, 3)
    torch.testing.assert_close(joined([views]).confidence, views.confidence)


def test_precisions_windows_and_the_mapper(setups):
    names = [row[0] for row in precision_report(setups, novel_views=2).rows]
    assert names == [
        'reconstruction fp32', 'reconstruction bf16', 'rendering of 2 fp32', 'rendering of 2 bf16'
    ]  # fmt: skip
    assert len(streaming_report(setups['fp32']).rows) == 3
    yardstick = Yardstick(RATE, 'fp32')
    model = replace(setups['fp32'].model, image_size=ImageSizeRule(long_side=56, multiple=14))
    report = mapping_report(model, PRESET, 'balanced', yardstick, (1, 1))
    assert {'encode', 'render', 'novel', 'total'} <= set(report.figures['median_s'])


def test_images_are_of_a_size_the_network_takes():
    sizes = {name: fitted(preset, PLUS_IMAGES).size for name, preset in PRESETS.items()}
    assert sizes == {
        'front': (168, 518), 'surround': (294, 518), 'kitti': (168, 518), 'nuscenes': (294, 518)
    }  # fmt: skip
    for preset in PRESETS.values():
        assert fitted(preset, ImageSizeRule()) is preset


@pytest.mark.parametrize('variant', ['occany_plus', 'da3'])
def test_full_sizes_are_the_released_ones(variant):
    sizes = Subject(variant=variant, is_random=True).sizes
    assert (sizes.name, sizes) == ('vitl', FULL_SIZES[variant])
    assert (sizes.imagines, sizes.is_plain) == (variant == 'occany_plus', variant == 'da3')
    with pytest.raises(ValueError, match='random: expected one of the variants occany, occany_pl'):
        replace(Subject(), is_random=True)
