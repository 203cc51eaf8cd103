"""The tables, on a network small enough to run in a moment."""

from dataclasses import replace
import json

from occany_ros.evaluation.bench.cost import Cost
from occany_ros.evaluation.bench.deviation import deviation
from occany_ros.evaluation.bench.memory import Memory
from occany_ros.evaluation.bench.network import network_report
from occany_ros.evaluation.bench.novel import novel_report
from occany_ros.evaluation.bench.precision import precision_report
from occany_ros.evaluation.bench.preset import PRESETS
from occany_ros.evaluation.bench.report import Yardstick
from occany_ros.evaluation.bench.stages import DECODE, HEADS, RAY_MAPS, REGISTER, SPLAT
from occany_ros.evaluation.bench.streaming import ANEW, streaming_report
from occany_ros.evaluation.bench.subject import FULL_SIZE, loader, parts_of, Subject
from occany_ros.evaluation.bench.versus import LITERAL, versus_report
from occany_ros.models.occany import OccAny
from occany_ros.models.passes import Passes
import pytest
import torch


def column(report, title):
    number = list(report.headers).index(title)
    return {row[0].strip(): row[number] for row in report.rows}


def test_every_stage_of_reconstruction_and_rendering_is_told_apart(small_setup):
    report = network_report(small_setup, novel_views=3)
    seeing, rendering = report.figures['stages'].values()
    assert {'encode', 'remember', DECODE, HEADS, REGISTER} <= set(seeing)
    assert {SPLAT, RAY_MAPS, DECODE, HEADS} <= set(rendering)
    for name, stages in report.figures['stages'].items():
        assert all(stage['median_s'] >= 0 for stage in stages.values())
        counted = sum(stage['flops'] for stage in stages.values())
        assert counted == report.figures['costs'][name]['flops'] > 0
    assert column(report, 'ms')[DECODE] != '-'
    count = sum(x.numel() for x in small_setup.network.parameters())
    assert report.figures['parameters']['total'] == count
    json.dumps(report.json_ready())


class Hidden(Passes):
    """Answers what was recorded, as a CUDA graph does: nothing is left to count."""

    def __init__(self):
        self.answers = {}

    def encode(self, encoder, images):
        key = tuple(images.shape)
        if key not in self.answers:
            self.answers[key] = super().encode(encoder, images)
        return self.answers[key]


def test_operations_of_an_accelerated_network_are_counted_as_it_is_written(small_setup):
    plain = network_report(small_setup, novel_views=0).figures
    network = small_setup.network
    network.passes = Hidden()
    try:
        model = replace(small_setup.model, acceleration='graphs')
        hidden = network_report(replace(small_setup, model=model), novel_views=0)
    finally:
        network.passes = Passes()
    assert 'fp32, graphs' in hidden.title
    for key in ('costs', 'stages'):
        before, after = plain[key]['reconstruction'], hidden.figures[key]['reconstruction']
        assert before.get('flops') == after.get('flops')
    assert after['encode']['flops'] == before['encode']['flops'] > 0


def test_operations_grow_with_the_novel_views(small_setup):
    report = novel_report(small_setup, (1, 2, 4))
    flops = [cost['flops'] for cost in report.figures['costs'].values()]
    assert flops[0] < flops[1] < flops[2]
    assert 'not run: 8, 10' in report.notes[0]


def test_counts_that_are_no_counts_are_refused(small_setup):
    with pytest.raises(ValueError, match='views: expected numbers of at least 1'):
        novel_report(small_setup, (0, 2))


def test_a_network_that_only_reconstructs_renders_no_table(small_setup):
    model = replace(small_setup.model, stage='reconstruction')
    with pytest.raises(ValueError, match='expected weights with a rendering stage'):
        novel_report(replace(small_setup, model=model), (1,))
    assert list(network_report(replace(small_setup, model=model), 3).figures['costs']) == [
        'reconstruction'
    ]


def test_a_growing_window_costs_less_than_a_sliding_one(small_setup):
    report = streaming_report(small_setup)
    flops = {name: cost['flops'] for name, cost in report.figures['costs'].items()}
    assert (
        flops['growing window, newest views']
        < flops['growing window, all views']
        < flops['sliding window, all views']
        < flops[ANEW]
    )
    assert column(report, 'of TFLOP')[ANEW] == '100 %'


def test_a_window_of_one_set_does_not_stream(small_setup):
    single = replace(small_setup.preset, frames=1)
    with pytest.raises(ValueError, match='two sets or more'):
        streaming_report(replace(small_setup, preset=single))


def test_precisions_differ_and_are_compared_with_the_first(small_setups):
    report = precision_report(small_setups, novel_views=3)
    apart = report.figures['deviations']
    assert set(apart) == {'reconstruction bf16', 'rendering of 3 bf16'}
    assert all(0 < entry['median_m'] <= entry['most_m'] for entry in apart.values())
    assert any('random weights' in note for note in report.notes)


def test_a_precision_that_would_take_minutes_is_left_out(small_setups):
    slow = replace(small_setups['bf16'], yardstick=Yardstick(1.0, 'bf16'))
    report = precision_report({**small_setups, 'bf16': slow}, novel_views=0)
    assert any(note.startswith('bf16 left out') for note in report.notes)
    assert [row[0] for row in report.rows] == ['reconstruction fp32']


def test_the_released_schedule_does_more_for_the_same_answer(small_setups):
    report = versus_report(small_setups, novel_views=3)
    for work in ('reconstruction', 'rendering'):
        found = report.figures[work]
        assert set(found) == {LITERAL, 'fp32', 'bf16'}
        assert found['fp32']['flops'] < 0.9 * found[LITERAL]['flops']
    assert report.figures['ratios'][f'memory {LITERAL}'] == 1.0
    verdicts = [row[-1] for row in report.rows if row[-2] != '-']
    assert len(verdicts) == 5
    assert set(verdicts) <= {'met', 'MISSED'}


def test_a_time_elsewhere_has_the_same_share():
    yardstick = Yardstick(1e11, 'fp32', elsewhere=1e12)
    cells = yardstick.cells(
        Cost((0.5,), (0.5,), flops=25_000_000_000, memory=Memory(2_000_000, 0))
    )
    named = dict(zip(yardstick.headers(), cells, strict=True))
    assert named['ms'] == '500.0'
    assert named['share of rate'] == '50 %'
    assert named['peak MB'] == '2'
    assert named['ms at 1 TFLOP/s'] == '50.00'


def test_deviations_are_told_by_distance(small_setup):
    reference = small_setup.street.true(small_setup.reconstruct().prediction)
    far = reference.local_points.norm(dim=-1, keepdim=True) > 15
    moved = reference.world_points + far * torch.tensor([0.0, 0.3, 0.4])
    found = deviation(reference, replace(reference, world_points=moved))
    near, middle, *rest = found.at_distance_m
    assert near in (0.0, None)
    assert middle == 0.0
    assert all(value == pytest.approx(0.5, abs=1e-4) for value in rest if value is not None)
    assert found.most_m == pytest.approx(0.5, abs=1e-4)
    assert found.confidence == 0.0


def test_the_street_is_seen_from_its_novel_views(small_setup):
    from occany_ros.geometry.splat import nearest_points

    street = small_setup.street
    seen = street.true(small_setup.reconstruct().prediction)
    intrinsics = torch.diag(torch.tensor([street.focal, street.focal, 1.0]))
    intrinsics[:2, 2] = torch.tensor([32.0, 16.0])
    nearest = nearest_points(
        seen.world_points.reshape(1, -1, 3),
        small_setup.novel_poses(3).unsqueeze(0),
        intrinsics.unsqueeze(0),
        32,
        64,
    )[0]
    shares = (nearest >= 0).float().mean(dim=(1, 2))
    assert shares[0] > 0.3  # straight ahead
    assert (shares > 0.05).all()


def test_full_size_is_the_released_size():
    with torch.device('meta'):
        network = OccAny(FULL_SIZE)
    total = sum(parts_of(network).values())
    unread = 44_083_968 + 21_300_487  # OccAny spec, section 1
    assert total == 651_129_550 - unread


def test_random_weights_follow_from_names_alone(small_subject):
    first, second = loader(small_subject)('fp32'), loader(small_subject)('bf16')
    ours, theirs = first.reconstructor.state_dict(), second.reconstructor.state_dict()
    assert all(torch.equal(ours[name].to(x.dtype), x) for name, x in theirs.items())


def test_random_weights_and_a_file_contradict_each_other(tmp_path):
    with pytest.raises(ValueError, match=r'expected one of the variants occany,.* got tiny;'):
        Subject(variant='tiny', is_random=True)
    for variant, name in [
        ('occany', 'checkpoint'),
        ('occany_plus', 'render_checkpoint'),
        ('da3', 'render_checkpoint'),
    ]:
        path = tmp_path / f'{name}.pth'
        with pytest.raises(ValueError, match=f'^{name}: expected none .* got {path}; leave'):
            Subject(variant=variant, is_random=True, **{name: path})


def test_presets_have_the_sizes_of_the_paper():
    titles = {name: preset.title for name, preset in PRESETS.items()}
    assert titles['kitti'] == 'kitti, 5 x 512x160'
    assert titles['nuscenes'] == 'nuscenes, 6 x 512x288'
    assert PRESETS['nuscenes'].plan.count(6) == 180
