"""Every cause of silence is named, with its remedy."""

from dataclasses import replace

from occany_ros.ros.health.watchdog import CameraFacts, causes, Facts
import pytest

RAW = 'sensor_msgs/msg/Image'
FRONT = CameraFacts('front', topics=(('/front/image_raw', ()),))
SPEAKING = replace(
    FRONT, topics=(('/front/image_raw', (RAW,)),), subscribed='/front/image_raw', received=9
)


def camera(**changes):
    return Facts(cameras=(replace(SPEAKING, **changes),))


@pytest.mark.parametrize(
    ('facts', 'parts'),
    [
        (Facts(problem='file x.pth is missing; get it'), ('x.pth', 'get it')),
        (Facts(state='inactive'), ('inactive', 'autostart')),
        (Facts(is_paused=True), ('paused', '~/pause')),
        (Facts(clock_stands=True), ('/clock', '--clock')),
        (Facts(clock_stands=True, cameras=(FRONT,)), ('/clock', 'nobody publishes')),
        (Facts(cameras=(FRONT,)), ('front', 'nobody publishes', 'start the driver')),
        (
            Facts(cameras=(FRONT,), image_topics=('/cam_front/image_raw', '/x')),
            ('/front/image_raw', '/cam_front/image_raw'),
        ),
        (
            Facts(cameras=(replace(FRONT, topics=(('/a', ('sensor_msgs/msg/PointCloud2',)),)),)),
            ('PointCloud2', 'front.image_topic'),
        ),
        (camera(received=0, transport='compressed'), ('front.transport', 'auto')),
        (camera(received=0, is_refused=True), ('qos.image_reliability', 'best_effort')),
        (camera(received=0), ('sent no image', 'fastdds.xml')),
        (camera(undecodable=9, last_error='encoding: banana'), ('decoded', 'banana')),
        (camera(silent_s=12.0), ('silent for 12 s', 'driver')),
        (camera(silent_s=12.0, is_refused=True), ('qos.image_reliability', 'best_effort')),
        (
            Facts(cameras=(SPEAKING, FRONT), policy='exact_time'),
            ('exact_time makes no set without front', 'deadline'),
        ),
        (Facts(cameras=(SPEAKING,) * 2, policy='exact_time'), ('never equal', 'approximate_time')),
        (Facts(cameras=(SPEAKING,) * 2, policy='approximate_time'), ('0.05', 'sync.slop')),
        (camera(zero_stamps=9), ('no stamp', 'header.stamp')),
        (
            Facts(cameras=(SPEAKING, FRONT), min_cameras=2),
            ('1 of 2 cameras', 'sync.min_cameras'),
        ),
        (Facts(cameras=(SPEAKING,) * 2, min_cameras=2, too_few=4), ('sync.slop', '0.05')),
        (Facts(cameras=(SPEAKING,), sets=3, failures=3, last_failure='not finite'), ('finite',)),
        (Facts(cameras=(SPEAKING,), sets=1, busy_s=12.0), ('12 s', 'model.variant')),
    ],
)
def test_each_cause_is_named(facts, parts):
    text = '; '.join(causes(facts))
    for part in parts:
        assert part in text


def test_there_is_always_an_answer():
    assert causes(Facts(cameras=(SPEAKING,), sets=1))
