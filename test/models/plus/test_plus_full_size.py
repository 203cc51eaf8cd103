"""Files of OccAny+ as large as the released ones: strict, counted, and kept once."""

import json

from occany_ros.cli.main import main
from occany_ros.models.factory import load_model
from occany_ros.models.plus.config import PlusConfig
import pytest

pytestmark = pytest.mark.slow


def test_both_files_load_strictly(full_size_plus_files):
    model = load_model(
        'occany_plus',
        checkpoint=full_size_plus_files / 'occany_plus_recon.pth',
        render_checkpoint=full_size_plus_files / 'occany_plus_gen.pth',
        device='cpu',
        precision='fp32',
    )
    network = model.reconstructor
    assert network.config == PlusConfig(imagines=True)
    # The released counts, without what nobody reads: dead levels of the ray branch, a level of
    # the pyramid. Beside the encoder, the second network has eight blocks of its own.
    dead = 3 * (5 * 256 * 128 * 9 + 3 * 128 + 2 * 256) + 3 * (32 * 128 * 9 + 32 + 7 * 32 + 7)
    own = 40_876_800 + 8 * 12_598_272
    assert sum(x.numel() for x in network.seeing.parameters()) == 391_986_750 - 852_480 - dead
    assert sum(x.numel() for x in network.parameters()) == 391_986_750 - 852_480 - dead + own


def test_command_counts_what_the_released_networks_hold(full_size_plus_files, capsys):
    counts = {}
    for name in ('occany_plus_recon.pth', 'occany_plus_gen.pth'):
        assert main(['checkpoint', '--json', str(full_size_plus_files / name)]) == 0
        about = json.loads(capsys.readouterr().out)
        counts[about['parameter']] = about['parameters']
    # The norm that four levels share stands in a file four times.
    assert counts == {
        'model.checkpoint': 391_986_750 + 3 * 64,
        'model.render_checkpoint': 432_863_550 + 3 * 64,
    }
