"""The glue for Nav2 and Autoware speaks of topics the node has."""

from pathlib import Path
import re
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).parents[1]
OUTPUTS = pytest.importorskip(
    'occany_ros.ros.messages.outputs', reason='needs ROS 2'
).SCENE_OUTPUTS
NAV2 = yaml.safe_load((ROOT / 'config' / 'nav2' / 'nav2.yaml').read_text())

# Parameters that Nav2's documentation has, by where it reads them.
COSTMAP = {
    'global_frame', 'robot_base_frame', 'rolling_window', 'width', 'height', 'resolution',
    'transform_tolerance', 'track_unknown_space', 'trinary_costmap', 'plugins',
}  # fmt: skip
LAYERS = {
    'ObstacleLayer': {'enabled', 'max_obstacle_height', 'combination_method',
                      'observation_sources'},
    'StaticLayer': {'map_topic', 'map_subscribe_transient_local', 'subscribe_to_updates'},
    'InflationLayer': {'inflation_radius', 'cost_scaling_factor'},
}  # fmt: skip
SOURCE = {
    'topic', 'data_type', 'marking', 'clearing', 'min_obstacle_height', 'max_obstacle_height',
    'obstacle_max_range', 'raytrace_max_range', 'observation_persistence',
}  # fmt: skip


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


@pytest.mark.parametrize('costmap', ['local_costmap', 'global_costmap'])
def test_nav2_reads_every_parameter_where_it_stands(costmap):
    settings = NAV2[costmap][costmap]['ros__parameters']
    assert set(settings) - set(settings['plugins']) <= COSTMAP
    for name in settings['plugins']:
        layer = dict(settings[name])
        kind = layer.pop('plugin').partition('::')[2]
        sources = layer.get('observation_sources', '').split()
        assert set(layer) - set(sources) <= LAYERS[kind]
        for source in sources:
            assert set(layer[source]) <= SOURCE


def test_the_costmap_of_the_grid_rolls_and_keeps_the_unknown():
    settings = NAV2['global_costmap']['global_costmap']['ros__parameters']
    assert settings['rolling_window'] is settings['track_unknown_space'] is True
    assert settings['trinary_costmap'] is True


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
