"""The glue for Nav2 and Autoware speaks of topics the node has."""

from pathlib import Path
import re
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).parents[1]
OUTPUTS = pytest.importorskip('occany_ros.ros.outputs', reason='needs ROS 2').SCENE_OUTPUTS
NAV2 = yaml.safe_load((ROOT / 'config' / 'nav2' / 'nav2.yaml').read_text())


def strings(tree):
    """List every text of a tree of settings."""
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in strings(value)]
    return [tree] if isinstance(tree, str) else []


def test_nav2_reads_topics_of_ours():
    topics = [text for text in strings(NAV2) if text.startswith('/occany/')]
    assert len(topics) == 3
    assert {text.removeprefix('/occany/') for text in topics} <= set(OUTPUTS)


def test_every_layer_of_nav2_that_is_named_is_described():
    for costmap in ('local_costmap', 'global_costmap'):
        settings = NAV2[costmap][costmap]['ros__parameters']
        assert set(settings['plugins']) <= set(settings)
        for name in settings['plugins']:
            assert settings[name]['plugin'].startswith('nav2_costmap_2d::')
            sources = settings[name].get('observation_sources', '').split()
            assert set(sources) <= set(settings[name])


def test_autoware_remaps_topics_of_ours_and_files_that_exist():
    text = (ROOT / 'launch' / 'autoware.launch.xml').read_text()
    remapped = [item.get('from') for item in ET.fromstring(text).iter('set_remap')]
    assert {'~/obstacles', '~/points', '~/costmap'} == set(remapped)
    assert {name.removeprefix('~/') for name in remapped} <= set(OUTPUTS)
    for file in re.findall(r'\$\(find-pkg-share occany_ros\)/([\w./]+)', text):
        assert (ROOT / file).is_file()


def test_autoware_includes_our_launch_file_with_arguments_it_has():
    tree = ET.fromstring((ROOT / 'launch' / 'autoware.launch.xml').read_text())
    (included,) = tree.iter('include')
    source = (ROOT / 'launch' / 'occany.launch.py').read_text()
    known = set(re.findall(r"^    '(\w+)': \('", source, re.MULTILINE))
    assert {item.get('name') for item in included.iter('arg')} <= known
    # What is passed on is declared, and what is declared is used.
    declared = {item.get('name') for item in tree.findall('arg')}
    used = set(re.findall(r'\$\(var (\w+)\)', ET.tostring(tree, encoding='unicode')))
    assert used == declared
