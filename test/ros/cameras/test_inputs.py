"""Camera topics are such that ROS takes them, and a subscription that fails is tried again."""

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
from rclpy.exceptions import InvalidTopicNameException
from rclpy.expand_topic_name import expand_topic_name
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_topic_name import validate_topic_name
from sensor_msgs.msg import CameraInfo

NODE = '/robot/occany'
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


def test_a_subscription_that_fails_is_tried_again(domain, monkeypatch):
    context = Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('inputs', context=context)
    subscribe = node.create_subscription

    def fails_for_calibrations(kind, *words, **options):
        if kind is CameraInfo:
            raise RuntimeError('no room for another subscription')
        return subscribe(kind, *words, **options)

    camera = CameraInput(
        node, CameraParameters('front', transport='raw'), QosParameters(), lambda *_: None
    )
    topic = '/camera/front/image_raw'
    try:
        with monkeypatch.context() as patch:
            patch.setattr(node, 'create_subscription', fails_for_calibrations)
            for _ in range(2):
                with pytest.raises(RuntimeError, match='no room'):
                    camera.look()
                assert camera.state.choice is None
        camera.look()
        assert camera.state.choice.topic == topic
        kinds = {item.topic_name: item.msg_type.__name__ for item in node.subscriptions}
        assert (kinds[topic], kinds['/camera/front/camera_info']) == ('Image', 'CameraInfo')
        assert len([item for item in node.subscriptions if item.topic_name == topic]) == 1
    finally:
        camera.close()
        node.destroy_node()
        rclpy.shutdown(context=context)
