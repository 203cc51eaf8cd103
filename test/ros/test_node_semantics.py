"""Classes of one's own, votes, features and names of labels in a running node; and none of it."""

from importlib.util import find_spec
import json
from pathlib import Path

from node_harness import LATCHED
import numpy as np
from occany_ros.msg import SemanticOccupancyGrid
from occany_ros.ros.messages import convert
from occany_ros.ros.messages.grid_info import label_info_type
from occany_ros.semantics.class_file import read_class_set
from occany_ros.semantics.classes import OCC3D
from occany_ros.semantics.palette import painted
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String

PLANNER = Path(__file__).parents[2] / 'config' / 'classes' / 'planner.yaml'
NAMES = ['free', 'ground', 'static', 'vehicle', 'person', 'other']


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node with four classes that vote, in colours of its own."""
    shared_graph.cameras()
    shared_graph.occany(
        confidence__recon=1.0,
        semantics__class_set='custom',
        semantics__class_file=str(PLANNER),
        semantics__temporal_vote=3,
        semantics__every=2,
        palette='colour_blind',
    )
    shared_graph.grids = shared_graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    shared_graph.voxels = shared_graph.subscribe(PointCloud2, '/occany/voxels')
    shared_graph.semantic = shared_graph.subscribe(Image, '/occany/front/semantic')
    shared_graph.info = shared_graph.subscribe(String, '/occany/grid_info', LATCHED)
    shared_graph.wait(lambda: shared_graph.grids and shared_graph.voxels, 'grid and voxels')
    shared_graph.wait(lambda: shared_graph.info, 'the description of the grid')
    shared_graph.wait_for_outputs(4)
    return shared_graph


def change(graph, name, values):
    value = ParameterValue(type=ParameterType.PARAMETER_STRING_ARRAY, string_array_value=values)
    request = [Parameter(name=name, value=value)]
    return graph.call(SetParameters, '/occany/set_parameters', parameters=request).results[0]


def test_grid_voxels_and_description_have_the_same_classes_and_colours(running):
    info = json.loads(running.info[0].data)
    assert info['classes'] == list(running.grids[-1].class_names) == NAMES
    colours = painted(read_class_set(PLANNER, OCC3D), 'colour_blind').grid_colours
    assert info['colors'] == colours.tolist()
    labels = np.frombuffer(running.grids[-1].labels, np.uint8)
    assert set(labels.tolist()) <= {*range(len(NAMES)), 255}
    records = convert.records_from_message(running.voxels[-1])
    assert len(records) > 0
    reds = np.array(info['colors'])[records['label']][:, 0]
    np.testing.assert_array_equal(reds, records['rgb'] >> 16)


def test_features_are_made_once_somebody_looks(running):
    assert running.figure('output', 'published ~/front/features') == 0
    images = running.subscribe(Image, '/occany/front/features')
    running.wait(lambda: len(images) > 1, 'features')
    running.wait(lambda: running.semantic, 'labels of the pixels')
    newest, labels = images[-1], running.semantic[-1]
    assert (newest.encoding, newest.header.frame_id) == ('rgb8', 'front_optical')
    assert (newest.height, newest.width) == (labels.height, labels.width)
    assert np.frombuffer(newest.data, np.uint8).std() > 10


def test_a_change_is_told_to_those_who_read_the_description(running):
    def told(rule):
        return [NAMES[label] for label in json.loads(running.info[-1].data)[rule]]

    for wanted in (['ground', 'static'], ['ground']):
        assert change(running, 'semantics.traversable', wanted).successful
        running.wait(lambda now=wanted: told('traversable') == now, 'the new description')
    refused = change(running, 'semantics.dynamic', ['vehicles'])
    assert not refused.successful
    assert "'vehicle'" in refused.reason
    assert change(running, 'semantics.dynamic', ['none']).successful
    running.wait(lambda: told('dynamic') == [], 'nothing moves')


def test_names_of_labels_are_there_where_vision_msgs_is(running):
    expected = find_spec('vision_msgs') is not None

    def is_there():
        return '/occany/label_info' in dict(running.node.get_topic_names_and_types())

    running.wait(lambda: is_there() is expected, 'the topic, or none')


@pytest.mark.skipif(find_spec('vision_msgs') is None, reason='vision_msgs is not installed')
def test_a_late_joiner_gets_the_names_of_labels(running):
    messages = running.subscribe(label_info_type(), '/occany/label_info', LATCHED)
    running.wait(lambda: messages, 'the names of labels')
    assert [entry.class_name for entry in messages[-1].class_map] == NAMES


def test_without_labels_no_semantic_picture_is_made_and_the_reason_is_told(graph):
    graph.cameras()
    graph.occany(confidence__recon=1.0, semantics__mode='off')
    images = graph.subscribe(Image, '/occany/front/semantic')
    depths = graph.subscribe(Image, '/occany/front/depth')
    grids = graph.subscribe(SemanticOccupancyGrid, '/occany/occupancy')
    graph.wait(lambda: len(depths) > 3 and grids, 'depth and a grid')
    assert not images
    labels = set(grids[-1].labels)
    assert {grids[-1].class_names[label] for label in labels - {0, 255}} == {'other'}
    graph.wait(lambda: graph.figure('inference', 'outputs') > 0, 'outputs in the diagnostics')
    values = {item.key: item.value for item in graph.status['inference'].values}
    assert values['labels'].startswith('off: semantics.mode is off')
