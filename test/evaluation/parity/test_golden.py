"""Every golden file beside the checkout passes its check."""

from pathlib import Path

from occany_ros.evaluation.parity.registry import check_file, check_for, golden_files
import pytest

GOLDEN = Path(__file__).parents[4] / 'shared' / 'fixtures' / 'occany'
FILES = golden_files(GOLDEN)

needs_golden = pytest.mark.skipif(not FILES, reason='golden fixtures are not beside the checkout')


@needs_golden
@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_golden_file_is_reproduced(path):
    comparisons = check_file(path)
    assert comparisons
    assert [entry for entry in comparisons if not entry.has_passed] == []


@needs_golden
def test_every_part_of_the_method_has_a_file_and_a_check():
    stems = {path.stem for path in FILES}
    assert stems >= {'rope', 'preproc', 'enc_small', 'dec_small', 'post_small', 'focal', 'voxel'}
    assert stems >= {'poses', 'cond_small', 'ray_small', 'gen_small', 'e2e_small', 'losses'}
    assert [stem for stem in stems if check_for(stem) is None] == []


def test_a_table_of_contents_is_no_golden_file(tmp_path):
    for name in (
        'manifest.json',
        'README.md',
        'prompts.json',
        'sam2_small.npz',
        'rope.safetensors',
    ):
        (tmp_path / name).touch()
    names = [path.name for path in golden_files(tmp_path)]
    assert names == ['prompts.json', 'rope.safetensors', 'sam2_small.npz']
