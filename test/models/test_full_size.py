"""Files as large as the released ones: strict, counted, and read without a second copy."""

from dataclasses import replace
import json
from pathlib import Path
import re

from occany_ros.cli.main import main
from occany_ros.models.checkpoint_config import config_of
from occany_ros.models.checkpoint_file import read_released_file
from occany_ros.models.checkpoint_keys import ours_from_released
from occany_ros.models.checkpoint_manifest import manifest_of, RELEASED_SIZE
from occany_ros.models.config import OccAnyConfig
from occany_ros.models.factory import load_model
import pytest
from released_files import drawn_weight, FULL_SIZE_SCALE, RELEASED_CALLS, save_released
import torch

pytestmark = pytest.mark.slow


def private_megabytes():
    """Memory of this process that is not a mapped file's."""
    text = Path('/proc/self/status').read_text()
    return int(re.search(r'RssAnon:\s+(\d+) kB', text)[1]) / 1024


def test_whole_file_loads_strictly_and_is_not_copied(full_size_file):
    before = private_megabytes()
    model = load_model('occany', checkpoint=full_size_file, device='cpu', precision='fp32')
    assert private_megabytes() - before < 300
    assert model.stage == 'rendering'
    network = model.reconstructor
    assert network.config == RELEASED_SIZE
    assert sum(x.numel() for x in network.parameters()) == 585_745_095
    for released in ('encoder.blocks_enc.23.mlp.fc2.weight', 'gen_decoder.sam_task_token'):
        ours = network.get_parameter(ours_from_released(released))
        assert torch.equal(ours, drawn_weight(released, tuple(ours.shape), FULL_SIZE_SCALE))


def test_command_counts_what_the_released_networks_hold(full_size_file, capsys):
    assert main(['checkpoint', '--json', str(full_size_file)]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about['family'], about['stage']) == ('occany', 'rendering')
    assert (about['parameters'], about['live']) == (651_129_550, 585_745_095)
    counts = {
        name: (section['keys'], section['parameters'])
        for name, section in about['sections'].items()
    }
    assert counts == {
        'encoder': (292, 303_098_880),
        'decoder': (371, 139_027_175),
        'gen_decoder': (371, 139_027_175),
        'raymap_encoder': (74, 69_976_320),
    }


@pytest.mark.parametrize('family', ['occany', 'must3r'])
def test_reconstruction_files_of_the_released_size(full_size_file, tmp_path, family):
    given = read_released_file(full_size_file).sections
    wanted = manifest_of(family, OccAnyConfig())
    sections = {
        section: {key: given[section][key] for key in keys} for section, keys in wanted.items()
    }
    path = tmp_path / 'reconstruction.pth'
    save_released(path, sections)
    try:
        model = load_model(family, checkpoint=path, device='cpu', precision='fp32')
        assert config_of(read_released_file(path), family) == model.reconstructor.config
        expected = replace(OccAnyConfig(), decoder=replace(OccAnyConfig().decoder, family=family))
        assert model.reconstructor.config == expected
        assert model.stage == 'reconstruction'
        size = {'occany': 442_126_055, 'must3r': 423_430_144}[family]
        assert sum(x.numel() for x in model.reconstructor.parameters()) == size
    finally:
        path.unlink()


def test_names_of_a_training_run_are_those_of_the_release(full_size_file):
    released = read_released_file(full_size_file)
    assert released.arguments['decoder'] == RELEASED_CALLS['decoder']
    assert released.arguments['pointmaps_activation'] == 'linear'
