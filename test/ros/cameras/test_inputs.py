"""Camera topics are such that ROS takes them; a subscription that fails is tried again."""

import time

from hypothesis import given
from hypothesis import strategies as st
from occany_ros.ros.cameras.inputs import CameraInput
from occany_ros.ros.settings.parameter_inputs import (
    CameraParameters,
    full_topic,
    LONGEST_TOPIC,
    QosParameters,
    topic_problem,
)
import pytest
import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.executors import SingleThreadedExecutor
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_topic_name import validate_topic_name
from sensor_msgs.msg import CameraInfo, Image

NODE = '/robot/occany'
INFO = '/camera/front/camera_info'
GOOD = ('image', '/image', '~/image', '/a/b_1/_c', 'a__b', '/' + 'a' * (LONGEST_TOPIC - 1))
BAD = ('/', '//a', 'a//b', 'a/', '/1a', 'a/2', 'a b', 'a-b', '~', '~a', 'a/~/b', 'é', '{ns}/a',
       'a' * (LONGEST_TOPIC + 1))  # fmt: skip


@pytest.mark.parametrize('topic', GOOD)
def test_good_names_are_taken(topic):
    assert topic_problem(topic, 'front.image_topic') == ''


@pytest.mark.parametrize('topic', BAD)
def test_bad_names_are_refused(topic):
    assert topic_problem(topic, 'front.image_topic').startswith('front.image_topic: expected')


@given(st.text('aB1_/~ -', min_size=1, max_size=12))
def test_what_we_take_ros_takes_and_names_alike(topic):
    if topic_problem(topic, ''):
        return
    validate_topic_name(topic)
    full = expand_topic_name(topic, 'occany', '/robot')
    validate_full_topic_name(f'{full}/compressed')
    assert full_topic(topic, NODE) == full


@given(st.text('aB1_/ -', min_size=1, max_size=12))
def test_what_ros_takes_we_take(topic):
    try:
        validate_topic_name(topic)
        validate_full_topic_name(expand_topic_name(topic, 'occany', '/robot'))
    except InvalidTopicNameException:
        return
    assert not topic_problem(topic, '')


@pytest.fixture
def node(domain):
    """Make a node; its executor takes what came while nobody looked."""
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    made = rclpy.create_node('inputs', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(made)
    made.executor = executor
    yield made
    executor.shutdown()
    made.destroy_node()
    rclpy.shutdown(context=context)


def wait(condition):
    """Wait without spinning: what comes stays with the middleware."""
    for _ in range(4000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail('the graph does not get ready')


def test_of_what_came_together_the_calibration_is_taken_first(node):
    calibrations = []
    camera = CameraInput(
        node,
        CameraParameters('front', transport='raw'),
        QosParameters(image_reliability='reliable'),
        lambda *_: calibrations.append(camera.state.info),
    )
    camera.look()
    images = node.create_publisher(Image, '/camera/front/image_raw', 1)
    infos = node.create_publisher(CameraInfo, INFO, 1)
    wait(lambda: images.get_subscription_count() and infos.get_subscription_count())
    images.publish(Image())
    infos.publish(CameraInfo(width=64))
    assert images.wait_for_all_acked(Duration(seconds=20))
    assert infos.wait_for_all_acked(Duration(seconds=20))
    while not calibrations:
        node.executor.spin_once(timeout_sec=1.0)
    assert calibrations[0].width == 64
    camera.close()


def test_a_subscription_that_fails_is_tried_again(node, monkeypatch):
    subscribe = node.create_subscription

    def fails_for_images(kind, *words, **options):
        if kind is Image:
            raise RuntimeError('no room for another subscription')
        return subscribe(kind, *words, **options)

    camera = CameraInput(
        node, CameraParameters('front', transport='raw'), QosParameters(), lambda *_: None
    )
    topic = '/camera/front/image_raw'
    with monkeypatch.context() as patch:
        patch.setattr(node, 'create_subscription', fails_for_images)
        for _ in range(2):
            with pytest.raises(RuntimeError, match='no room'):
                camera.look()
            assert camera.state.choice is None
    camera.look()
    assert camera.state.choice.topic == topic
    kinds = {item.topic_name: item.msg_type.__name__ for item in node.subscriptions}
    assert (kinds[topic], kinds[INFO]) == ('Image', 'CameraInfo')
    assert len([item for item in node.subscriptions if item.topic_name in {topic, INFO}]) == 2
    camera.close()
