"""Hostile messages to a real node: it lives, counts every one, and good images still work."""

from array import array
from contextlib import suppress
import math
from pathlib import Path
import struct
import time

import cv2
from fuzz_messages import (
    camera_infos,
    clocks,
    compressed_images,
    images,
    int32,
    texts,
    tf_messages,
)
from fuzz_tally import tried
from geometry_msgs.msg import TransformStamped
from hypothesis import given, HealthCheck, Phase, settings
from hypothesis import strategies as st
from nav_msgs.msg import Odometry
import numpy as np
from occany_ros.pipeline.synchronisation.arrivals import Event
from occany_ros.ros.messages.convert import records_from_message, stamp_ns_of, time_message
from occany_ros.ros.settings.parameter_checks import camera_settings, node_settings
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

pytestmark = pytest.mark.fuzz
BURST = 20
BURSTS = settings().max_examples // 10
FLAT_BYTES = 100 << 20
NOTES = {Event.ZERO_STAMP.value, Event.OUT_OF_ORDER.value}
DROPS = {event.value for event in Event} - NOTES
ONE_STEP_NS = 100_000_000
FOCAL = [99.0, 0.0, 64.0, 0.0, 99.0, 32.0, 0.0, 0.0, 1.0]
# No shrinking: what a living node answers depends on everything before.
live = settings(
    max_examples=BURSTS,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Attacked:
    """A node with two cameras, and everything that is published to it."""

    def __init__(self, graph):
        self.graph = graph
        self.process = graph.occany(
            cameras=['a', 'b'],
            a__transport='raw',
            b__transport='compressed',
            b__image_topic='/camera/b/image_raw/compressed',
            qos__image_reliability='reliable',
            qos__image_depth=100,
            sync__max_wait=0.05,
            memory__min_interval=0.0,
            use_sim_time=True,
            autostart=True,
        )
        node = graph.node
        self.topics = {
            'a': node.create_publisher(Image, '/camera/a/image_raw', 100),
            'b': node.create_publisher(CompressedImage, '/camera/b/image_raw/compressed', 100),
            'info a': node.create_publisher(CameraInfo, '/camera/a/camera_info', 100),
            'info b': node.create_publisher(CameraInfo, '/camera/b/camera_info', 100),
            'tf': node.create_publisher(TFMessage, '/tf', 100),
            'tf static': node.create_publisher(TFMessage, '/tf_static', latched),
            'clock': node.create_publisher(Clock, '/clock', 1),
        }
        self.sent = {'a': 0, 'b': 0}
        self.good_ns = set()
        self.now_ns = 1_700_000_000 * 10**9
        self.odometry = graph.subscribe(Odometry, '/occany/odom')
        self.voxels = graph.subscribe(PointCloud2, '/occany/voxels')
        heard = list(self.topics.values())
        graph.wait(
            lambda: all(topic.get_subscription_count() for topic in heard), 'its subscriptions'
        )
        self.assert_works()
        self.first_bytes = self.resident_bytes()

    def send(self, kind, message):
        """Publish; a little time goes by."""
        self.topics[kind].publish(message)
        if kind in self.sent:
            self.sent[kind] += 1
        self.graph.executor.spin_once(timeout_sec=0.005)

    def resident_bytes(self):
        """Memory of the node that is its own, not shared with other processes."""
        status = Path(f'/proc/{self.process.child.pid}/status').read_text(encoding='ascii')
        return int(status.split('RssAnon:')[1].split()[0]) * 1024

    def send_good(self):
        """Publish one whole set, with calibration, mounting and clock."""
        self.now_ns += ONE_STEP_NS
        self.good_ns.add(self.now_ns)
        stamp = time_message(self.now_ns)
        pixels = np.full((64, 128, 3), 120, np.uint8)
        cv2.rectangle(pixels, (40, 20), (90, 50), (20, 200, 90), -1)
        for name in ('a', 'b'):
            mounting = TransformStamped(child_frame_id=f'{name}_optical')
            mounting.header.frame_id = 'base_link'
            mounting.transform.translation.z = 1.6
            info = CameraInfo(height=64, width=128, k=FOCAL)
            self.send('tf static', TFMessage(transforms=[mounting]))
            self.send(f'info {name}', info)
        self.send('clock', Clock(clock=stamp))
        raw = Image(height=64, width=128, encoding='rgb8', step=384)
        raw.data = array('B', pixels.tobytes())
        packed = CompressedImage(format='jpeg')
        packed.data = array('B', cv2.imencode('.jpg', pixels)[1].tobytes())
        for name, message in (('a', raw), ('b', packed)):
            message.header.stamp = stamp
            message.header.frame_id = f'{name}_optical'
            self.send(name, message)

    def assert_works(self):
        """Good images give a good answer, with their own stamp."""
        self.good_ns.clear()
        self.odometry.clear()
        self.voxels.clear()

        def answered():
            self.send_good()
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                self.graph.executor.spin_once(timeout_sec=0.05)
            own = [
                [m for m in messages if stamp_ns_of(m.header.stamp) in self.good_ns]
                for messages in (self.odometry, self.voxels)
            ]
            return own if all(own) else None

        poses, clouds = self.graph.wait(answered, 'an answer to good images')
        place = poses[-1].pose.pose.position
        assert all(math.isfinite(value) for value in (place.x, place.y, place.z))
        points = records_from_message(clouds[-1])
        assert all(np.isfinite(points[axis]).all() for axis in 'xyz')
        assert self.process.child.poll() is None

    def assert_nothing_is_lost(self):
        """Every image was used, or is counted with the reason why not."""
        figure = self.graph.figure

        def settled():
            for name, sent in self.sent.items():
                camera = f'camera {name}'
                dropped = sum(figure(camera, reason) for reason in DROPS)
                if figure(camera, 'received') != sent:
                    return False
                if figure(camera, 'sets') + dropped != sent:
                    return False
            return True

        def unsettled():
            return {
                name: {item.key: item.value for item in self.graph.status[name].values}
                for name in ('camera a', 'camera b', 'sync', 'inference')
            }

        with suppress(AssertionError):
            self.graph.wait(settled, 'every image accounted for')
        assert settled(), (self.sent, unsettled())


@pytest.fixture(scope='module')
def attacked(shared_graph):
    """Start the node once."""
    return Attacked(shared_graph)


hostile = st.one_of(
    st.tuples(st.just('a'), images()),
    st.tuples(st.just('a'), images()),
    st.tuples(st.just('b'), compressed_images()),
    st.tuples(st.just('b'), compressed_images()),
    st.tuples(st.sampled_from(('info a', 'info b')), camera_infos()),
    st.tuples(st.sampled_from(('tf', 'tf static')), tf_messages),
    st.tuples(st.just('clock'), clocks),
)


@live
@given(burst=st.lists(hostile, min_size=BURST, max_size=BURST))
def test_a_burst_is_counted_and_good_images_still_work(attacked, burst):
    for kind, message in burst:
        tried('messages to a node')
        attacked.send(kind, message)
    attacked.assert_works()
    attacked.assert_nothing_is_lost()


def test_an_impossible_time_on_clock_does_not_end_the_node(attacked):
    word = 'message dropped'
    said = attacked.process.text.count(word)

    def is_said():
        # The node reads the newest time only, and says so once in five seconds.
        for seconds, nanoseconds in ((2**31 - 1, 2**32 - 1), (-(2**31), 2**32 - 1), (-1, 0)):
            clock = Clock()
            clock.clock.sec, clock.clock.nanosec = seconds, nanoseconds
            attacked.send('clock', clock)
        return attacked.process.text.count(word) > said

    attacked.graph.wait(is_said, 'a word about it')
    attacked.assert_works()


def test_a_threshold_only_the_mapper_refuses_is_refused_and_answered(attacked):
    value = ParameterValue(type=3, double_value=0.23)
    wanted = [Parameter(name='confidence.recon', value=value)]
    answer = attacked.graph.call(SetParameters, '/occany/set_parameters', parameters=wanted)
    assert not answer.results[0].successful
    assert 'confidence' in answer.results[0].reason
    attacked.assert_works()


def test_memory_stays_flat(attacked):
    assert attacked.resident_bytes() - attacked.first_bytes < FLAT_BYTES


NAMES = [*sorted(node_settings() | camera_settings('a')), 'use_sim_time', 'no.such']
integers = int32 | st.integers(-(2**63), 2**63 - 1)
parameter_values = st.one_of(
    st.builds(ParameterValue, type=st.just(1), bool_value=st.booleans()),
    st.builds(ParameterValue, type=st.just(2), integer_value=integers),
    st.builds(ParameterValue, type=st.just(3), double_value=st.floats()),
    st.builds(ParameterValue, type=st.just(3), double_value=st.floats(0, 3)),
    st.builds(ParameterValue, type=st.just(4), string_value=texts),
    st.builds(ParameterValue, type=st.just(6), bool_array_value=st.lists(st.booleans())),
    st.builds(ParameterValue, type=st.just(8), double_array_value=st.lists(st.floats())),
    st.builds(ParameterValue, type=st.just(9), string_array_value=st.lists(texts, max_size=3)),
    st.just(ParameterValue(type=0)),
)


def value_of(attacked, name):
    """Ask for one parameter."""
    answer = attacked.graph.call(GetParameters, '/occany/get_parameters', names=[name])
    return answer.values[0] if answer.values else None


@live
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(NAMES), parameter_values), min_size=BURST, max_size=BURST
    )
)
def test_a_refused_parameter_changes_nothing(attacked, changes):
    for name, value in changes:
        tried('parameters of a node')
        before = value_of(attacked, name)
        wanted = Parameter(name=name, value=value)
        (result,) = attacked.graph.call(
            SetParameters, '/occany/set_parameters', parameters=[wanted]
        ).results
        after = value_of(attacked, name)
        if result.successful:
            assert after is not None
            assert after.type == value.type
            back = Parameter(name=name, value=before)
            attacked.graph.call(SetParameters, '/occany/set_parameters', parameters=[back])
        else:
            assert result.reason
            assert str(after) == str(before)
    assert attacked.process.child.poll() is None


def bad_bytes(message):
    """
    Serialise a message, and damage it in ways no honest publisher would.

    One of no bytes at all is left out: behind it a reader of Fast DDS 3.2 hears nothing more of
    its topic (docs/security.md).
    """
    good = serialize_message(message)
    yield good[:3]
    yield good[: len(good) // 2]
    yield b'\xff' * len(good)
    yield good[:16] + struct.pack('<I', 2**32 - 1) + good[20:]
    yield good[:-4] + struct.pack('<I', 2**31)
    yield good.replace(b'a_optical', b'\xff\xfe\x00\x80\xc0ptic')


def test_messages_that_cannot_be_read_do_no_harm(attacked):
    image = Image(height=2, width=2, encoding='rgb8', step=6, data=[7] * 12)
    info, clock = CameraInfo(height=2, width=2), Clock(clock=time_message(5))
    entry = TransformStamped(child_frame_id='a_optical')
    packed = CompressedImage(format='jpeg', data=[1, 2, 3])
    for message in (image, info, packed):
        message.header.frame_id = 'a_optical'
    for kind, message in (
        ('a', image),
        ('b', packed),
        ('info a', info),
        ('tf', TFMessage(transforms=[entry])),
        ('clock', clock),
    ):
        for content in bad_bytes(message):
            tried('messages to a node')
            with suppress(RuntimeError):  # what is too long for its type cannot be sent at all
                attacked.topics[kind].publish(content)
            attacked.graph.executor.spin_once(timeout_sec=0.01)
    attacked.graph.call(Trigger, '/occany/reset')
    attacked.assert_works()
