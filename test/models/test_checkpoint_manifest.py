"""What a file must hold, by our networks, is what the released networks hold."""

from dataclasses import replace
import json
import math

from occany_ros.models.checkpoint_keys import is_unused
from occany_ros.models.checkpoint_manifest import manifest_of, RELEASED_SIZE, released_weights
from occany_ros.models.config import OccAnyConfig
from occany_ros.models.occany import OccAny
import pytest
from released_files import all_shapes, SMALL, SMALL_RENDERING
import torch


def parameters(sections):
    return sum(math.prod(shape) for keys in sections.values() for shape in keys.values())


def test_released_sizes():
    assert parameters(all_shapes()) == 651_129_550
    assert parameters(manifest_of('occany')) == 651_129_550 - 44_083_968 - 21_300_487
    assert parameters(manifest_of('occany', OccAnyConfig())) == 303_098_880 + 139_027_175
    sections = {name: parameters({name: keys}) for name, keys in all_shapes().items()}
    assert sections == {
        'encoder': 303_098_880,
        'decoder': 139_027_175,
        'gen_decoder': 139_027_175,
        'raymap_encoder': 69_976_320,
    }
    decoder = manifest_of('occany')['decoder']
    new = ('pose', 'task_token', 'head_rgb', 'head_sam')
    added = {key: shape for key, shape in decoder.items() if any(word in key for word in new)}
    assert parameters(manifest_of('must3r')) == 442_126_055 - parameters({'added': added})


def test_names_and_shapes_are_those_of_the_released_networks(shared):
    manifest = json.loads((shared / 'manifests' / 'occany.json').read_text())
    released = {
        section: {key: tuple(shape) for key, shape in keys.items()}
        for section, keys in manifest.items()
        if not section.startswith('_')
    }
    assert all_shapes() == released
    read = {
        section: {key: x for key, x in keys.items() if not is_unused(f'{section}.{key}')}
        for section, keys in released.items()
    }
    assert manifest_of('occany') == read


@pytest.mark.parametrize('config', [SMALL_RENDERING, SMALL, RELEASED_SIZE], ids=str)
def test_derived_manifest_of_must3r_is_what_its_network_has(config):
    plain = replace(config, ray_maps=None, decoder=replace(config.decoder, family='must3r'))
    with torch.device('meta'):
        sections = released_weights(OccAny(plain))
    expected = {
        section: {key: tuple(x.shape) for key, x in keys.items()}
        for section, keys in sections.items()
    }
    assert manifest_of('must3r', config) == expected
    assert manifest_of('must3r', plain) == expected
