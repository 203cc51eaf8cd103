"""What is said about the grid and its labels, for everybody who comes later."""

from importlib.util import find_spec
import json

import numpy as np
from occany_ros.ros.messages.grid_info import (
    grid_info,
    grid_info_text,
    label_info,
    label_info_type,
)
from occany_ros.ros.settings.parameter_checks import parameters_from
from occany_ros.semantics.classes import OCC3D
from occany_ros.semantics.palette import painted
import pytest
from rclpy.serialization import deserialize_message, serialize_message

MODEL = {'variant': 'tiny', 'sha256': 'ab' * 32, 'licence': 'Apache-2.0', 'labels': 'features'}
HAS_VISION_MSGS = find_spec('vision_msgs') is not None


def told(**values):
    given = {name.replace('__', '.'): value for name, value in values.items()}
    return json.loads(grid_info_text(grid_info(parameters_from(given), OCC3D, MODEL)))


def test_everything_a_reader_of_the_voxels_needs():
    info = told()
    assert info['size'] == [200, 200, 16]
    assert (info['resolution'], info['origin']) == (0.4, [-40.0, -40.0, -1.0])
    assert (info['frame'], info['free'], info['unknown']) == ('base_link', 0, 255)
    assert info['classes'] == list(OCC3D.grid_names)
    assert len(info['colors']) == len(info['classes'])
    assert info['model'] == MODEL


def test_it_follows_the_parameters():
    info = told(grid__frame='deck', semantics__traversable=['sidewalk'])
    assert info['frame'] == 'deck'
    assert [info['classes'][label] for label in info['traversable']] == ['sidewalk']
    assert 'car' in [info['classes'][label] for label in told()['dynamic']]
    assert told(semantics__dynamic=['none'])['dynamic'] == []
    parameters = parameters_from({'palette': 'colour_blind'})
    classes = painted(OCC3D, parameters.palette)
    safe = grid_info(parameters, classes, MODEL, 'there')
    assert (safe['palette'], safe['frame']) == ('colour_blind', 'there')
    np.testing.assert_array_equal(safe['colors'], classes.grid_colours)


def test_without_vision_msgs_there_is_no_label_info():
    assert (label_info_type() is None) is not HAS_VISION_MSGS


@pytest.mark.skipif(not HAS_VISION_MSGS, reason='vision_msgs is not installed')
def test_labels_in_the_message_of_vision_msgs():
    kind = label_info_type()
    message = label_info(kind, OCC3D.grid_names, 'base_link')
    back = deserialize_message(serialize_message(message), kind)
    assert [(entry.class_id, entry.class_name) for entry in back.class_map] == list(
        enumerate(OCC3D.grid_names)
    )
    assert back.header.frame_id == 'base_link'
    assert (back.header.stamp.sec, back.header.stamp.nanosec) == (0, 0)
