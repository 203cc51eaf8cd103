"""Golden files of the criterion, as given, rearranged so that their numbers hold, and spoilt."""

import json
from pathlib import Path

from occany_ros.evaluation.parity.deterministic import drawn
from occany_ros.evaluation.parity.fixture import read_fixture
from occany_ros.evaluation.parity.registry import check_file
import pytest
from safetensors.torch import save_file
import torch

GOLDEN = Path(__file__).parents[4] / 'shared' / 'fixtures' / 'occany' / 'losses.safetensors'
needs_golden = pytest.mark.skipif(
    not GOLDEN.exists(), reason='golden fixtures are not beside the checkout'
)
INPUTS = {'gt_pts', 'gt_c2w', 'valid', 'pred_raw', 'pose'}
NOTE = (
    "student/teacher = det_tensor('input.odd.a{0,1}'/'input.odd.b{0,1}') shapes (3,1,6,4,4),"
    "(3,1,2,8,8); conf=1+exp(det_tensor('input.odd.sure',(3,1,8,4)))"
)


def write(folder, stem, tensors, metadata):
    path = folder / f'{stem}.safetensors'
    save_file({name: x.contiguous() for name, x in tensors.items()}, str(path), metadata)
    return path


def numbers(metadata):
    return {
        (place, name)
        for place, text in metadata.items()
        if place.endswith('details')
        for name in json.loads(text)
    }


@needs_golden
def test_every_tensor_and_every_number_is_compared():
    golden = read_fixture(GOLDEN)
    compared = check_file(GOLDEN)
    names = {f'{place}.{name}' for place, name in numbers(golden.metadata)}
    assert {entry.name for entry in compared} == (golden.tensors.keys() - INPUTS) | names
    assert len(names) == 36
    assert all(entry.error <= 1e-5 for entry in compared), compared
    looser = {entry.name for entry in compared if entry.tolerance != 1e-5}
    assert all(name.endswith('_pose_regis') for name in looser), looser


@needs_golden
@pytest.mark.parametrize('shape', [(24, 16), (8, 48), (1, 384)])
def test_numbers_hold_for_another_batch_and_another_size(tmp_path, shape):
    golden = read_fixture(GOLDEN)
    tensors = dict(golden.tensors)
    for name in INPUTS:
        tensors[name] = tensors[name].repeat(2, *[1] * (tensors[name].dim() - 1))
    for name in ('gt_pts', 'valid', 'pred_raw'):
        tensors[name] = tensors[name].unflatten(2, (16, 1)).flatten(2, 4).unflatten(2, shape)
    path = write(tmp_path, 'losses_other', tensors, golden.metadata)
    assert all(entry.has_passed for entry in check_file(path))


@needs_golden
def test_every_wrong_number_is_noticed(tmp_path):
    golden = read_fixture(GOLDEN)
    for place, name in sorted(numbers(golden.metadata)):
        details = json.loads(golden.metadata[place])
        details[name] += 1e-3 * max(1, abs(details[name]))
        metadata = golden.metadata | {place: json.dumps(details)}
        compared = check_file(write(tmp_path, 'losses_off', golden.tensors, metadata))
        assert [x.name for x in compared if not x.has_passed] == [f'{place}.{name}']


@needs_golden
def test_each_input_counts(tmp_path):
    golden = read_fixture(GOLDEN)
    for name in INPUTS:
        changed = golden.tensors[name].clone()
        changed[0, 1] = changed[0, 0]
        path = write(tmp_path, 'losses_off', golden.tensors | {name: changed}, golden.metadata)
        assert not all(entry.has_passed for entry in check_file(path)), name


@needs_golden
def test_a_number_nobody_computes_is_not_passed_over(tmp_path):
    golden = read_fixture(GOLDEN)
    metadata = golden.metadata | {'metric.details': json.dumps({'conf_loss_rgb': 0.5})}
    compared = check_file(write(tmp_path, 'losses_more', golden.tensors, metadata))
    (unknown,) = [entry for entry in compared if entry.tolerance is None]
    assert unknown.name == 'metric.details.conf_loss_rgb'


def test_features_are_drawn_as_the_note_says(tmp_path):
    sure = 1 + drawn('input.odd.sure', (3, 1, 8, 4)).exp()
    parts = []
    for level, (channels, edge) in enumerate(((6, 4), (2, 8))):
        student, teacher = (
            drawn(f'input.odd.{name}{level}', (3, 1, channels, edge, edge)) for name in 'ab'
        )
        rows = (torch.arange(edge) * 2 + 0.5) if edge == 4 else torch.arange(edge).float()
        weight = (sure[:, :, rows.floor().int()] + sure[:, :, rows.ceil().int()]) / 2
        if edge == 8:
            weight = torch.stack([halved(row) for row in weight.flatten(0, 2)]).view(3, 1, 8, 8)
        parts.append(float(((student - teacher).square().mean(2) * weight).mean()))
    details = {'feat_0': parts[0], 'feat_1': parts[1], 'total': sum(parts)}
    metadata = {'distill.note': NOTE, 'distill.details': json.dumps(details)}
    path = write(tmp_path, 'losses_odd', {'distill.loss': torch.tensor(sum(parts))}, metadata)
    compared = check_file(path)
    assert {entry.name for entry in compared} == {
        'distill.loss',
        'distill.details.feat_0',
        'distill.details.feat_1',
        'distill.details.total',
    }
    assert all(entry.has_passed for entry in compared), compared


def halved(row):
    """Four numbers, bilinear at twice as many places."""
    places = ((torch.arange(8) + 0.5) / 2 - 0.5).clamp(0, 3)
    low = places.floor().long()
    part = places - low
    return row[low] * (1 - part) + row[(low + 1).clamp(max=3)] * part


def test_files_without_their_inputs_are_refused(tmp_path):
    loss = {'distill.loss': torch.tensor(1.0)}
    with pytest.raises(ValueError, match=r'distill\.note'):
        check_file(write(tmp_path, 'losses_a', loss, {'anything': 'else'}))
    with pytest.raises(ValueError, match='pred_raw'):
        check_file(write(tmp_path, 'losses_b', {'metric.loss': torch.tensor(1.0)}, None))
