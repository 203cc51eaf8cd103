"""Acceptance 15 and 16: RViz files and the user's page against a node; unknown parameters."""

from importlib.util import find_spec
from pathlib import Path
import re

import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
import yaml

ROOT = Path(__file__).parents[3]
VIEWS = sorted((ROOT / 'config').glob('*.rviz'))
TRANSIENT, VOLATILE = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE
DURABILITY = {'Transient Local': TRANSIENT, 'Volatile': VOLATILE}
RELIABILITY = {
    'Reliable': ReliabilityPolicy.RELIABLE,
    'Best Effort': ReliabilityPolicy.BEST_EFFORT,
}
SHOWS = {
    'PointCloud2': 'sensor_msgs/msg/PointCloud2',
    'Map': 'nav_msgs/msg/OccupancyGrid',
    'Path': 'nav_msgs/msg/Path',
    'Odometry': 'nav_msgs/msg/Odometry',
    'Pose': 'geometry_msgs/msg/PoseStamped',
    'Image': 'sensor_msgs/msg/Image',
    'MarkerArray': 'visualization_msgs/msg/MarkerArray',
}
ROW = re.compile(
    r'^\| `((?:~|/)[\w/<>]*)` \| `([\w/]+)` \|(?:[^|\n]*\|([^|\n]*)\|)?', re.MULTILINE
)
NOT_THE_NODES = re.compile(r'/(rosout|parameter_events)|/occany/transition_event')


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node; it needs no images to say what it has."""
    shared_graph.occany()
    shared_graph.wait(lambda: 'output' in shared_graph.status, 'a report')
    wanted = '/occany/occupancy'
    shared_graph.wait(lambda: wanted in shared_graph.names_of_node('publisher'), 'its publishers')
    shared_graph.steady(lambda: names(shared_graph), 'all it has on the graph')
    return shared_graph


def names(graph):
    """Name all topics and services of the node."""
    return frozenset(published(graph)) | frozenset(graph.names_of_node('service'))


def published(graph):
    """Ask the graph what the node publishes: topic -> end point."""
    ends = {
        name: [
            end
            for end in graph.node.get_publishers_info_by_topic(name)
            if end.node_name == 'occany'
        ]
        for name in graph.names_of_node('publisher')
        if not NOT_THE_NODES.match(name)
    }
    return {name: found[0] for name, found in ends.items() if found}


def displays(path):
    """List the displays of an RViz file that read a topic."""
    every = yaml.safe_load(path.read_text())['Visualization Manager']['Displays']
    while groups := [entry for entry in every if 'Displays' in entry]:
        every = [entry for entry in every if 'Displays' not in entry]
        every += [inner for group in groups for inner in group['Displays']]
    return [entry for entry in every if 'Topic' in entry]


@pytest.mark.parametrize('path', VIEWS, ids=lambda path: path.name)
def test_acceptance_15_rviz_files_match_the_node(running, path):
    offered = published(running)
    found = displays(path)
    assert found
    for display in found:
        topic, kind = display['Topic'], display['Class'].rpartition('/')[2]
        assert topic['Value'] in offered, f'{display["Name"]}: the node has no such topic'
        end = offered[topic['Value']]
        assert end.topic_type == SHOWS[kind], display['Name']
        durability = DURABILITY[topic['Durability Policy']]
        assert durability == end.qos_profile.durability, display['Name']
        if RELIABILITY[topic['Reliability Policy']] == ReliabilityPolicy.RELIABLE:
            assert end.qos_profile.reliability == ReliabilityPolicy.RELIABLE, display['Name']


def test_acceptance_15_voxels_are_boxes_a_millimetre_smaller(running):
    (resolution,) = parameters(running, 'grid.resolution')
    boxes = [
        display for path in VIEWS for display in displays(path) if display.get('Style') == 'Boxes'
    ]
    assert boxes
    for display in boxes:
        assert display['Size (m)'] == pytest.approx(resolution.double_value - 0.001)
        assert display['Color Transformer'] == 'RGB8'
        assert not display['Selectable']


def page():
    """Read the tables of the user's page: name -> type, and the latched topics."""
    rows = ROW.findall((ROOT / 'docs' / 'interface.md').read_text())
    kinds = {name.replace('<camera>', 'front'): kind for name, kind, _ in rows}
    latched = {name for name, _, cell in rows if cell.strip() == 'yes'}
    if find_spec('vision_msgs') is None:
        del kinds['~/label_info']
    return {name.replace('~', '/occany'): kind for name, kind in kinds.items()}, latched


def test_acceptance_15_the_users_page_tells_the_nodes_topics_and_services(running):
    told, latched = page()
    ends = published(running)
    services = running.names_of_node('service')
    offered = {name: end.topic_type for name, end in ends.items()}
    offered |= {name: kind for name, kind in services.items() if kind.startswith('std_srvs/')}
    assert told == offered
    keeping = {name for name, end in ends.items() if end.qos_profile.durability == TRANSIENT}
    assert keeping == {name.replace('~', '/occany') for name in latched} & set(told)
    assert {end.qos_profile.reliability for end in ends.values()} == {ReliabilityPolicy.RELIABLE}


def test_acceptance_15_the_users_page_tells_the_statuses(running):
    text = (ROOT / 'docs' / 'interface.md').read_text()
    _, _, table = text.partition('\n| Status | Tells |\n')
    told = re.findall(r'^\| `([\w <>]+)` \|', table.partition('\n\n')[0], re.MULTILINE)
    assert {name.replace('<name>', 'front') for name in told} == set(running.status)


def parameters(graph, *names):
    """Ask the node for parameters."""
    return graph.call(GetParameters, '/occany/get_parameters', names=list(names)).values


def test_acceptance_16_an_unknown_parameter_in_a_file_is_refused(graph, tmp_path):
    """As a user meets it: a typing error in a file, at start."""
    own = tmp_path / 'own.yaml'
    wrong = '{sync: {slopp: 0.1}, gridd: {preset: kitti}}'
    own.write_text(f'/**: {{ros__parameters: {wrong}}}\n')
    node = graph.occany_of(own)
    assert node.child.wait(90) == 2
    assert re.search(r"sync\.slopp.*'sync\.slop'", node.text), node.text
    assert re.search(r"gridd\.preset.*'grid\.preset'", node.text), node.text
    assert 'Traceback' not in node.text


def test_acceptance_16_an_unknown_parameter_is_refused_at_run_time(running):
    value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=0.1)
    request = [Parameter(name='sync.slopp', value=value)]
    (result,) = running.call(SetParameters, '/occany/set_parameters', parameters=request).results
    assert not result.successful
    known = running.call(ListParameters, '/occany/list_parameters').result.names
    assert 'sync.slopp' not in known
    assert 'sync.slop' in known
