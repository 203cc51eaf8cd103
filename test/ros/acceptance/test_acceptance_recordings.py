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
from std_msgs.msg import Header
import yaml

IMAGES = '/camera/front/image_raw'
INFOS = '/camera/front/camera_info'
STEPS, FRONT = 12, 'camera front'
INFO, ANSWERS = '/occany/grid_info', '/tester/answers'
# Without its calibration or its place a first image looks different.
STEP_BY_STEP = ['--step-on', ANSWERS, '--wait-for', IMAGES, INFOS, '/tf_static', '--wait', '90']


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


def answer(graph, come, count):
    """
    Answer a player that steps on us, once all of a step has come.

    Nothing is sent meanwhile, so that nothing is lost however slow the machine is.

    :param come: tells of how many steps all has come.
    :param count: steps that are answered; there are no answers after that.
    :returns: what is to be called until as many have come as one waits for: it gives the number.
    """
    publisher = graph.node.create_publisher(Header, ANSWERS, 10)
    answered = 0

    def have_come():
        nonlocal answered
        now = come()
        if answered < min(now, count):
            answered += 1
            publisher.publish(Header())
        return now

    return have_come


def test_acceptance_05_a_recording_played_twice_restarts_once(graph, street):
    """The first image of the second round is not believed yet; the next one is."""
    images = STEPS + STEPS // 2
    odometry = graph.subscribe(Odometry, '/occany/odom')
    paths = graph.subscribe(Path, '/occany/path')
    node = graph.occany(use_sim_time=True, qos__image_reliability='reliable')
    heard = ('subscribers ~/odom', 'subscribers ~/path')
    graph.wait(lambda: all(graph.figure('output', key) for key in heard), 'all listeners')

    def come():
        outputs, received = graph.figure('output', 'outputs'), graph.figure(FRONT, 'received')
        is_all = outputs == len(odometry) == len(paths)
        return received if is_all and outputs == received - graph.figure(FRONT, 'drops') else 0

    have_come = answer(graph, come, images - 1)
    player = graph.tool('play', str(street), '--loop', '--clock', *STEP_BY_STEP)
    graph.wait(lambda: have_come() == images, 'half of the second round', patience_s=120.0)
    status, _ = player.stop()
    assert status == 0, player.text

    assert graph.figure(FRONT, 'stamp jumped back once, dropped') == 1
    for messages in (odometry, paths):
        assert backward(stamps_of(messages)) == [STEPS]
    assert [len(path.poses) for path in paths] == [*range(1, STEPS + 1), *range(1, STEPS // 2)]
    for path in paths:
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
    tree['qos'] = {'image_reliability': 'reliable'}
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
    have_come = answer(graph, lambda: min(len(item) for item in said.values()), STEPS)
    player = graph.tool('play', str(street), *STEP_BY_STEP)
    graph.wait(lambda: have_come() == STEPS and told, 'every output', patience_s=120.0)
    graph.wait(lambda: player.child.poll() is not None, 'the end of the recording')
    assert player.child.returncode == 0, player.text
    assert told[0] == info
    assert {topic.removeprefix('/occany/') for topic in said} >= {
        'occupancy', 'voxels', 'voxels_surface', 'points', 'obstacles', 'ground', 'costmap',
        'odom', 'pose', 'path', 'markers', 'front/depth', 'front/semantic',
        'front/semantic_color', 'front/features',
    }  # fmt: skip
    stamps_ns = sorted({stamp_ns for _, stamp_ns in offline})
    assert len(stamps_ns) == STEPS
    for topic, messages in said.items():
        for step, (stamp_ns, data) in enumerate(zip(stamps_ns, messages, strict=True)):
            # DDS may fill up to whole words, and what lies in gaps of CDR is up to the writer.
            expected = offline[topic, stamp_ns]
            where, kind = f'{topic}, step {step}', kinds[topic]
            assert 0 <= len(data) - len(expected) < 4, where
            assert deserialize_message(data, kind) == deserialize_message(expected, kind), where
