"""Every golden file of OccAny+ beside the checkout passes its check."""

import json
from pathlib import Path

from occany_ros.evaluation.parity.fixture import read_fixture
from occany_ros.evaluation.parity.plus_tables import check_shapes
from occany_ros.evaluation.parity.registry import check_file, check_for
import pytest
from safetensors.torch import save_file

GOLDEN = Path(__file__).parents[4] / 'shared' / 'fixtures' / 'occany_plus'
FILES = sorted(GOLDEN.glob('*.safetensors'))
TABLES = ['small_manifest.json', 'weights_probe.json']

needs_golden = pytest.mark.skipif(not FILES, reason='golden fixtures are not beside the checkout')


def case(path):
    is_whole = 'large' in path.stem or 'giant' in path.stem
    marks = [pytest.mark.slow] if is_whole else []
    return pytest.param(path, marks=marks, id=path.stem)


@needs_golden
@pytest.mark.parametrize('path', [case(path) for path in FILES])
def test_golden_file_of_occany_plus_is_reproduced(path):
    comparisons = check_file(path)
    assert comparisons
    assert [entry for entry in comparisons if not entry.has_passed and not entry.reason] == []


@needs_golden
@pytest.mark.parametrize('name', TABLES)
def test_table_of_occany_plus_is_reproduced(name):
    comparisons = check_file(GOLDEN / name)
    assert comparisons
    assert [entry for entry in comparisons if not entry.has_passed] == []


@needs_golden
def test_every_file_of_occany_plus_has_a_check():
    stems = {path.stem for path in FILES}
    assert stems >= {'recon_small_A', 'recon_small_B', 'gen_small_A', 'gen_small_B', 'utils'}
    assert [stem for stem in stems if check_for(stem) is None] == []
    assert {path.name for path in GOLDEN.glob('*.json')} == set(TABLES)


def spoilt(path, folder, change):
    """Copy a golden file with something changed in it, and name what is then found wrong."""
    fixture = read_fixture(path)
    change(fixture)
    copy = folder / path.name
    save_file(
        {name: x.contiguous() for name, x in fixture.tensors.items()}, copy, fixture.metadata
    )
    return [entry.name for entry in check_file(copy) if not entry.has_passed and not entry.reason]


@needs_golden
def test_wrong_reconstructions_are_noticed(tmp_path):
    def change(fixture):
        for name in ('tokens.local.7', 'feats.2', 'depth', 'ray', 'sam.s1'):
            fixture.tensors[name].flatten()[-1] += 1e-2
        fixture.tensors['unheard_of'] = fixture.tensors['depth'].clone()

    wrong = spoilt(GOLDEN / 'recon_small_A.safetensors', tmp_path, change)
    assert set(wrong) == {'tokens.local.7', 'feats.2', 'depth', 'ray', 'sam.s1', 'unheard_of'}


@needs_golden
def test_wrong_cameras_are_noticed(tmp_path):
    def change(fixture):
        fixture.tensors['c2w'][0, 0, 0, 3] += 1e-3
        fixture.tensors['ransac.sample_idx'][0, 0] += 1

    wrong = spoilt(GOLDEN / 'pose_offcentre.safetensors', tmp_path, change)
    assert wrong == ['c2w', 'ransac.sample_idx']


@needs_golden
def test_wrong_parts_are_noticed(tmp_path):
    def change(fixture):
        losses = json.loads(fixture.metadata['losses'])
        losses['scale_inv(median)'] += 1e-2
        losses['loss of tomorrow'] = 1.0
        fixture.metadata['losses'] = json.dumps(losses)
        fixture.metadata['mapping_demo'] = fixture.metadata['mapping_demo'].replace('11', '3')
        fixture.tensors['vox.pool_unified'][0, 0, 0] += 1
        fixture.tensors['unheard_of'] = fixture.tensors['vox.conf'].clone()

    assert set(spoilt(GOLDEN / 'utils.safetensors', tmp_path, change)) == {
        'loss.scale_inv(median)',
        'loss.loss of tomorrow',
        'mapping_demo',
        'vox.pool_unified',
        'unheard_of',
    }


@needs_golden
def test_wrong_shapes_and_names_are_counted():
    table = json.loads((GOLDEN / 'small_manifest.json').read_text())
    table['model.backbone.pretrained.cls_token'] = [1, 1, 7]
    table['model.brain.weight'] = [1]
    assert [entry.error for entry in check_shapes(table)] == [1.0, 1.0]
