"""Every golden file beside the checkout that we have a check for passes it."""

from pathlib import Path

from occany_ros.evaluation.parity.registry import check_file, check_for
import pytest

GOLDEN = Path(__file__).parents[4] / 'shared' / 'fixtures' / 'occany'
FILES = sorted(path for path in GOLDEN.glob('*.safetensors') if check_for(path.stem))
NOVEL_VIEWS = ('gen.', 'x_ray', 'cond', 'splat')

needs_golden = pytest.mark.skipif(not FILES, reason='golden fixtures are not beside the checkout')


@needs_golden
@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_golden_file_is_reproduced(path):
    comparisons = check_file(path)
    assert comparisons
    reproduced = [entry for entry in comparisons if not entry.name.startswith(NOVEL_VIEWS)]
    assert [entry for entry in reproduced if not entry.has_passed] == []


@needs_golden
def test_the_files_of_the_reconstruction_are_all_there():
    stems = {path.stem for path in FILES}
    assert stems >= {'rope', 'preproc', 'enc_small', 'dec_small', 'post_small', 'focal', 'voxel'}
