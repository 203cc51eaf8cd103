"""A bag played by one process and recorded by another is the same bag, over real DDS."""

from pathlib import Path
import signal
import subprocess
import sys
import time

import numpy as np
from occany_ros.bags.message_classes import message_bytes
from occany_ros.bags.messages import grid_message, image_message, packed, transforms_message
from occany_ros.bags.reader import BagReader, decoded
from occany_ros.bags.writer import BagWriter
from occany_ros.occupancy.grid import GridSpec, OccupancyGrid3d
from occany_ros.ros.messages.graph_types import message_class
from occany_ros.ros.recording.playing import PlayOptions
from occany_ros.ros.recording.recorder import (
    is_stamped,
    Recorder,
    stamp_ns_of_bytes,
    starts_with_header,
)
import pytest
import rclpy

ROOT = Path(__file__).parents[3]
COUNT = 12
PERIOD_NS = 50_000_000
START_NS = 1_000_000_000
IMAGES = '/camera/front/image_raw'


@pytest.fixture
def bag(tmp_path):
    grid = OccupancyGrid3d(
        spec=GridSpec(origin=(0.0, 0.0, 0.0), resolution=0.5, shape=(40, 30, 8)),
        labels=np.random.default_rng(0).integers(0, 256, (40, 30, 8), np.uint8),
        confidence=np.zeros((40, 30, 8), np.uint8),
        class_names=('free',),
    )
    path = tmp_path / 'played'
    with BagWriter(path) as writer:
        static = transforms_message({('base_link', 'eye'): np.eye(4)}, START_NS)
        writer.write('/tf_static', static, START_NS)
        for index in range(COUNT):
            stamp_ns = START_NS + index * PERIOD_NS
            image = np.full((160, 512, 3), index, np.uint8)
            writer.write(IMAGES, image_message(image, stamp_ns, 'eye'), stamp_ns)
            writer.write('/truth', grid_message(grid, stamp_ns, 'base_link'), stamp_ns)
    return path


@pytest.fixture
def node(monkeypatch, domain):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    rclpy.init()
    node = rclpy.create_node('test_recorder')
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def player(bag, *options):
    command = [
        sys.executable,
        '-c',
        'from occany_ros.cli.main import main; raise SystemExit(main())',
    ]
    return subprocess.Popen(
        [*command, 'play', str(bag), *options], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def test_messages_without_a_stamp_are_filed_under_the_newest(tmp_path):
    types = {'/text': 'std_msgs/msg/String', '/report': 'diagnostic_msgs/msg/DiagnosticArray'}
    report = message_bytes(message_class(types['/report'])(), types['/report'])
    image = packed(image_message(np.zeros((2, 2, 3), np.uint8), 5_000, ''))
    with BagWriter(tmp_path / 'bag') as writer:
        for topic, kind in {**types, IMAGES: 'sensor_msgs/msg/Image'}.items():
            writer.add_topic(topic, kind)
        recorder = Recorder(None, writer, bool)
        recorder.report.received = dict.fromkeys([*types, IMAGES], 0)
        for topic, kind, data in [
            ('/text', types['/text'], b'\x00\x01\x00\x00\x01\x00\x00\x00\x00'),
            ('/report', types['/report'], report),
            (IMAGES, 'sensor_msgs/msg/Image', image),
            ('/report', types['/report'], report),
        ]:
            recorder._take(topic, kind, data, has_header=is_stamped(kind))
    with BagReader(tmp_path / 'bag') as bag:
        assert [raw.stamp_ns for raw in bag.messages()] == [5_000] * 4


def record(node, path, process, counts, *, wanted=None):
    """Record until the player has ended and so many messages of each topic have come."""
    with BagWriter(path) as writer:
        recorder = Recorder(node, writer, wanted or counts.__contains__)
        received = recorder.report.received
        deadline = time.monotonic() + 120
        while process.poll() is None or any(received.get(t, 0) < counts[t] for t in counts):
            assert time.monotonic() < deadline, (process.returncode, received)
            recorder.look()
            rclpy.spin_once(node, timeout_sec=0.05)
    return recorder.report


def messages(path):
    with BagReader(path) as bag:
        assert bag.damage == ''
        # DDS fills up to whole words, bags need not
        return sorted(
            (raw.topic, raw.stamp_ns, raw.data + bytes(-len(raw.data) % 4))
            for raw in bag.messages()
        )


def test_played_and_recorded_is_the_same(bag, node, tmp_path):
    process = player(bag, '--wait-for', IMAGES, '/truth', '/tf_static')
    counts = {IMAGES: COUNT, '/truth': COUNT, '/tf_static': 1}
    report = record(node, tmp_path / 'recorded', process, counts)
    assert process.returncode == 0, process.stderr.read()
    assert report.received == counts
    assert messages(tmp_path / 'recorded') == messages(bag)
    with BagReader(tmp_path / 'recorded') as again:
        assert again.topics['/tf_static'].latched


def test_rate_clock_and_filter(bag, node, tmp_path):
    started = time.monotonic()
    process = player(
        bag, '--rate', '0.5', '--clock', '50', '--topics', IMAGES, '--wait-for', IMAGES
    )
    report = record(node, tmp_path / 'recorded', process, {IMAGES: COUNT}, wanted=bool)
    lasted = time.monotonic() - started
    assert report.received[IMAGES] == COUNT
    assert '/truth' not in report.received
    assert lasted > (COUNT - 1) * PERIOD_NS / 1e9 / 0.5
    # 1.1 s of playing at 50 Hz, less what a slow machine had no time to tick
    assert 5 <= report.received['/clock'] <= 60
    with BagReader(tmp_path / 'recorded') as again:
        ticks = [decoded(raw).clock for raw in again.messages({'/clock'})]
    ticks_ns = [tick.sec * 1_000_000_000 + tick.nanosec for tick in ticks]
    assert ticks_ns == sorted(ticks_ns)
    assert START_NS <= ticks_ns[0] < ticks_ns[-1] <= START_NS + (COUNT - 1) * PERIOD_NS


@pytest.mark.usefixtures('node')
def test_silence_is_explained(bag):
    process = player(bag, '--wait-for', IMAGES, '--wait', '0.3')
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f'{IMAGES}: no subscriber within 0.3 s' in errors
    process = player(bag, '--wait-for', '/nothing', '--wait', '0.3')
    _, errors = process.communicate(timeout=120)
    assert '/nothing: not in the bag' in errors


def test_step_by_step_waits_for_every_answer(bag, node):
    kind = message_class('sensor_msgs/msg/Image')
    answer_kind = message_class('std_msgs/msg/Header')
    publisher = node.create_publisher(answer_kind, '/answer', 10)
    times = []

    def slow_answer(image):
        time.sleep(0.15)  # three times the period of the bag
        times.append(image.header.stamp.sec * 1_000_000_000 + image.header.stamp.nanosec)
        publisher.publish(image.header)

    node.create_subscription(kind, IMAGES, slow_answer, 1)
    process = player(bag, '--step-on', '/answer', '--wait-for', IMAGES)
    while process.poll() is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    assert process.returncode == 0, process.stderr.read()
    assert times == [START_NS + index * PERIOD_NS for index in range(COUNT)]


def test_cameras_that_are_not_quite_together_are_one_step(node, tmp_path):
    left, right = '/left/image_raw', '/right/image_raw'
    with BagWriter(tmp_path / 'bag') as writer:
        for index in range(4):
            for late_ns, topic in ((0, left), (30_000_000, right)):
                stamp_ns = START_NS + index * PERIOD_NS + late_ns
                message = image_message(np.full((2, 2, 3), index, np.uint8), stamp_ns, 'eye')
                writer.write(topic, message, stamp_ns)
    kind = message_class('sensor_msgs/msg/Image')
    publisher = node.create_publisher(message_class('std_msgs/msg/Header'), '/answer', 10)
    came = []

    def answer_to_both(image):
        came.append(image.data[0])
        if len(came) % 2 == 0:
            assert came[-1] == came[-2]
            publisher.publish(image.header)

    for topic in (left, right):
        node.create_subscription(kind, topic, answer_to_both, 10)
    process = player(
        tmp_path / 'bag', '--step-on', '/answer', '--wait-for', left, right, '--wait', '20'
    )
    while process.poll() is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    assert process.returncode == 0, process.stderr.read()
    assert came == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_loop_begins_again_until_it_is_stopped(bag, node, number):
    stamps = []
    kind = message_class('sensor_msgs/msg/Image')
    node.create_subscription(kind, IMAGES, lambda image: stamps.append(image.data[0]), 10 * COUNT)
    process = player(bag, '--loop', '--topics', IMAGES, '--wait-for', IMAGES)
    while len(stamps) < 2 * COUNT:
        assert process.poll() is None
        rclpy.spin_once(node, timeout_sec=0.5)
    process.send_signal(number)
    process.communicate(timeout=120)
    assert stamps[: 2 * COUNT] == 2 * list(range(COUNT))
    assert process.returncode == 0


def test_stamps_are_read_from_bytes(bag):
    with BagReader(bag) as reader:
        for raw in reader.messages():
            assert starts_with_header(raw.type_name)
            assert stamp_ns_of_bytes(raw.type_name, raw.data) == raw.stamp_ns
    assert not starts_with_header('std_msgs/msg/String')


def test_unknown_types_and_options_are_named():
    with pytest.raises(LookupError, match='no_such_msgs'):
        message_class('no_such_msgs/msg/Thing')
    with pytest.raises(ValueError, match='rate'):
        PlayOptions(rate=0.0)
