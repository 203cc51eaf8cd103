"""Acceptance 05 and 14: a looped recording, and the same recording without a graph."""

from itertools import pairwise
import subprocess
import sys

from nav_msgs.msg import Odometry, Path
from node_harness import LATCHED, TOOL
import numpy as np
from occany_ros.bags.reader import BagReader
from occany_ros.bags.street import write_drive
from occany_ros.ros.messages import convert
from occany_ros.ros.messages.graph_types import message_class
from occany_ros.synthetic.drive import make_drive
import pytest
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo
import yaml

IMAGES = '/camera/front/image_raw'
INFOS = '/camera/front/camera_info'
STEPS = 12
INFO, LAST_TOPIC = '/occany/grid_info', '/occany/markers'


@pytest.fixture(scope='module')
def street(tmp_path_factory):
    """Record a short drive."""
    path = tmp_path_factory.mktemp('street') / 'drive'
    write_drive(make_drive(1, rig='front', steps=STEPS, size=(64, 128)), path)
    return path


def stamps_of(messages):
    """Read the stamps, nanoseconds."""
    return [convert.stamp_ns_of(item.header.stamp) for item in messages]


def backward(numbers):
    """Find where numbers get smaller."""
    return [index for index, (a, b) in enumerate(pairwise(numbers), 1) if b < a]


def test_acceptance_05_a_recording_played_twice_restarts_once(graph, street):
    infos = graph.subscribe(CameraInfo, INFOS)
    odometry = graph.subscribe(Odometry, '/occany/odom')
    paths = graph.subscribe(Path, '/occany/path')
    node = graph.occany(use_sim_time=True)
    player = graph.tool(
        'play', str(street), '--loop', '--clock', '--rate', '2', '--wait-for', IMAGES
    )
    graph.wait(lambda: len(infos) >= STEPS + STEPS // 2, 'half of the second round')
    status, _ = player.stop()
    assert status == 0, player.text
    assert backward(stamps_of(infos)) == [STEPS]

    graph.wait(lambda: backward(stamps_of(paths)), 'an answer from the second round')
    graph.wait(lambda: graph.figure('camera front', 'silence_s') > 1.0, 'the end of the sets')
    (anew,) = backward(stamps_of(paths))
    assert len(paths[anew].poses) <= len(paths[anew - 1].poses)
    assert len(backward(stamps_of(odometry))) == 1
    for path in (paths[0], paths[-1]):
        begin = path.poses[0]
        np.testing.assert_allclose(convert.matrix_from_pose(begin.pose), np.eye(4), atol=1e-9)
        assert backward(stamps_of(path.poses)) == [], 'poses of both rounds in one path'
    assert graph.figure('memory', 'restarts: backward') == 1
    assert graph.figure('inference', 'failures') == 0
    assert 'Traceback' not in node.text
    assert node.stop()[0] == 0


def parameters_file(path, graph):
    """Write parameters for the node and for `occany bag`."""
    model = {'checkpoint': str(graph.weights), 'image_size': 128, 'threads': 1}
    tree = {'model': model, 'memory': {'frames': 2}, 'tf': {'timeout': 5.0}}
    path.write_text(yaml.safe_dump({'/**': {'ros__parameters': tree}}))
    return path


def offline_outputs(graph, street, parameters, path):
    """Map the recording with `occany bag`; gives CDR by topic and stamp, and the types."""
    command = [sys.executable, '-c', TOOL, 'bag', str(street), '-o', str(path)]
    done = subprocess.run(
        [*command, '--params-file', str(parameters), '--no-input', '--images'],
        env=graph.environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with BagReader(path) as bag:
        kinds = {name: message_class(topic.type_name) for name, topic in bag.topics.items()}
        return {(raw.topic, raw.stamp_ns): raw.data for raw in bag.messages()}, kinds


def test_acceptance_14_occany_bag_writes_the_bytes_of_the_node(graph, street, tmp_path):
    parameters = parameters_file(tmp_path / 'own.yaml', graph)
    offline, kinds = offline_outputs(graph, street, parameters, tmp_path / 'offline')
    (info_at,) = [key for key in offline if key[0] == INFO]
    info = deserialize_message(offline.pop(info_at), kinds[INFO])
    said = {
        topic: graph.subscribe_raw(kind, topic, LATCHED if topic.endswith('costmap') else 10)
        for topic, kind in kinds.items()
        if topic != INFO
    }
    told = graph.subscribe(kinds[INFO], INFO, LATCHED)
    graph.occany_of(parameters)
    heard = [f'subscribers ~/{topic.removeprefix("/occany/")}' for topic in said]
    graph.wait(lambda: all(graph.figure('output', key) for key in heard), 'all listeners')
    wait = ['--wait-for', IMAGES, INFOS]  # without its calibration a first image looks different
    player = graph.tool('play', str(street), '--step-on', LAST_TOPIC, *wait)
    graph.wait(lambda: player.child.poll() is not None, 'the end of the recording')
    assert player.child.returncode == 0, player.text
    graph.wait(lambda: all(len(item) == STEPS for item in said.values()) and told, 'every output')
    assert told[0] == info
    assert {topic.removeprefix('/occany/') for topic in said} >= {
        'occupancy', 'voxels', 'voxels_surface', 'points', 'obstacles', 'ground', 'costmap',
        'odom', 'pose', 'path', 'markers', 'front/depth', 'front/semantic',
        'front/semantic_color', 'front/features',
    }  # fmt: skip
    stamps_ns = sorted({stamp_ns for _, stamp_ns in offline})
    assert len(stamps_ns) == STEPS
    for topic, messages in said.items():
        for stamp_ns, data in zip(stamps_ns, messages, strict=True):
            # DDS may fill up to whole words, and what lies in gaps of CDR is up to the writer.
            expected = offline[topic, stamp_ns]
            assert 0 <= len(data) - len(expected) < 4, topic
            kind = kinds[topic]
            assert deserialize_message(data, kind) == deserialize_message(expected, kind), topic
