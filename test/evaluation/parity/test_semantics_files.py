"""Golden files about labels: all are reproduced, and what is spoilt is noticed."""

from pathlib import Path
import shutil

import numpy as np
from occany_ros.cli.main import main
from occany_ros.evaluation.parity.array_files import bits, read_arrays, read_table
from occany_ros.evaluation.parity.registry import check_file, SUFFIXES
import pytest

GOLDEN = Path(__file__).parents[4] / 'shared' / 'fixtures' / 'semantics'
FILES = sorted(path for path in GOLDEN.glob('*') if path.suffix in SUFFIXES)
OUTPUTS = {
    'gdino_kitti_bt5_tt5': ('out_boxes', 'out_conf', 'out_class_index', 'out_labels', 'caption'),
    'sam2_merge_gen4_thr15': (
        *('box_points', 'masks0', 'obj_label', 'obj_conf', 'obj_mask0', 'obj_frames', 'sem2d'),
    ),
    'preproc': ('image_128x40', 'sam2_128', 'sam3_252'),
}
INPUTS = {
    'gdino_occ3d_bt5_tt5': ('logits', 'boxes', 'box_threshold', 'text_threshold'),
    'sam2_merge_gen4_thr15': ('low_res_logits', 'conf', 'label_ids', 'box_conf_thres', 'merge'),
}

needs_golden = pytest.mark.skipif(
    not FILES, reason='golden files about labels are not beside the checkout'
)


def spoilt(folder, stem, name):
    """Write a file in which one array is another, of the same kind and shape."""
    with np.load(GOLDEN / f'{stem}.npz') as file:
        arrays = dict(file)
    value = arrays[name]
    if value.dtype.kind == 'U':
        arrays[name] = np.char.add(value, 'x')
    elif value.dtype.kind == 'b':
        arrays[name] = ~value
    else:
        arrays[name] = (value + value.dtype.type(1)).astype(value.dtype)
    path = folder / f'{stem}.npz'
    np.savez(path, **arrays)
    return path


def wrong(path):
    return {entry.name for entry in check_file(path) if not entry.has_passed and not entry.reason}


@needs_golden
@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_golden_file_is_reproduced_or_says_what_is_left_out(path):
    comparisons = check_file(path)
    assert comparisons
    assert [entry for entry in comparisons if not entry.has_passed and not entry.reason] == []


@needs_golden
@pytest.mark.parametrize(('stem', 'name'), [(s, n) for s, names in OUTPUTS.items() for n in names])
def test_every_other_output_is_noticed(tmp_path, stem, name):
    assert name in wrong(spoilt(tmp_path, stem, name))


@needs_golden
@pytest.mark.parametrize(('stem', 'name'), [(s, n) for s, names in INPUTS.items() for n in names])
def test_every_input_counts(tmp_path, stem, name):
    assert wrong(spoilt(tmp_path, stem, name))


@needs_golden
def test_other_prompts_are_noticed(tmp_path):
    text = (GOLDEN / 'prompts.json').read_text(encoding='utf-8')
    path = tmp_path / 'prompts.json'
    asking = ('prompts', 'flat_prompts', 'sam3_valid_prompts')
    path.write_text(text.replace('"hydrant"', '"fountain"'), encoding='utf-8')
    assert wrong(path) == {f'occ3d_demo.{x}' for x in asking}


@needs_golden
def test_the_tool_reads_a_folder_of_such_files(tmp_path, capsys):
    for name in ('gdino_resize.json', 'sam2_no_boxes.npz', 'sam2_conf_ties.npz'):
        shutil.copy(GOLDEN / name, tmp_path / name)
    assert main(['parity', str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert 'FAIL: 0, left out: 3, no check yet: 0' in printed
    assert 'left out: an unstable sort decided between equal scores' in printed


def test_an_unknown_file_has_no_check_yet(tmp_path, capsys):
    np.savez(tmp_path / 'stranger.npz', x=np.zeros(3))
    assert check_file(tmp_path / 'stranger.npz') == []
    assert main(['parity', str(tmp_path)]) == 0
    assert 'no check yet: 1' in capsys.readouterr().out


def test_numbers_texts_and_truth_values_are_read(tmp_path):
    mask = np.random.default_rng(0).random((3, 5)) < 0.5
    path = tmp_path / 'some.npz'
    np.savez(path, n=2, words=['a', 'b'], m=np.packbits(mask), m_shape=np.array(mask.shape))
    fixture = read_arrays(path)
    assert fixture.metadata == {'words': '["a", "b"]'}
    assert int(fixture.tensors['n']) == 2
    np.testing.assert_array_equal(bits(fixture, 'm').numpy(), mask)


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 no more', b'nonsense'])
def test_damaged_files_are_said_to_be_so(tmp_path, content):
    path = tmp_path / 'gdino_x.npz'
    path.write_bytes(content)
    with pytest.raises(ValueError, match='gdino_x'):
        read_arrays(path)
    (tmp_path / 'x.json').write_bytes(content)
    with pytest.raises(ValueError, match=r'x\.json'):
        read_table(tmp_path / 'x.json')
