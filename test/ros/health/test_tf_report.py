"""The status `tf`: what geometry rests on, and what stands in for what is missing."""

from occany_ros.pipeline.occupancy_update import LevelReport, ScaleReport
from occany_ros.pipeline.synchronisation.arrivals import CameraStatistics
from occany_ros.ros.cameras.inputs import CameraState
from occany_ros.ros.health.diagnostics import CameraReport, OK, WARN
from occany_ros.ros.health.tf_report import tf_status
from occany_ros.ros.progress import Frames, Progress
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest


def camera(name, extrinsics='none'):
    return CameraReport(
        statistics=CameraStatistics(name, True, 1, 1, 0, 10.0, 0, 0, 0, {}),
        state=CameraState(),
        size=(64, 128),
        undecodable=0,
        decode_error='',
        note='',
        calibrated=True,
        mounted=extrinsics != 'none',
        extrinsics=extrinsics,
    )


def level(source='mounting', missing=''):
    return LevelReport(source, 0.1, 2.5, 1.6, 0, {missing: 3} if missing else {}, missing)


def told(cameras, refused='', **changes):
    """Level, message and values of the status."""
    given = {name.replace('__', '.'): value for name, value in changes.pop('given', {}).items()}
    progress = Progress()
    progress.extrinsics, progress.level = 'given', level()
    progress.frames = Frames('base_link', 'occany_odom', has_external=False)
    for name, value in changes.items():
        setattr(progress, name, value)
    status = tf_status('own buffer', cameras, progress, refused, parameters_from(given))
    return status.level, status.message, {item.key: item.value for item in status.values}


def test_everything_known_is_fine_and_named():
    grade, message, values = told([camera('front', 'tf'), camera('left', 'mounting')])
    assert (grade, message) == (OK, 'extrinsics of 2 of 2 cameras are known')
    assert (values['extrinsics front'], values['extrinsics left']) == ('tf', 'mounting')
    assert (values['level'], values['level_pitch_deg']) == ('mounting', '2.500')
    assert (values['scale'], values['scale.source']) == ('1.000', 'model')
    assert values['odometry'] == 'occany_odom <- base_link'
    assert (values['grid_frame'], values['external_odometry']) == ('base_link', 'none')
    assert values['optional_packages'].startswith('found')


def test_what_nobody_told_is_assumed_or_seen_in_images():
    grade, message, values = told([camera('front'), camera('left')], extrinsics='assumed')
    assert (grade, 'axis swap' in message) == (WARN, True)
    assert values['extrinsics front'] == 'axis swap'
    assert values['extrinsics left'] == 'taken to look ahead'
    other = {'model__variant': 'occany', 'model__checkpoint': 'occany.pth'}
    _, _, values = told([camera('front'), camera('left')], extrinsics='assumed', given=other)
    assert values['extrinsics left'] == 'seen in images'
    _, _, values = told([camera('front'), camera('left', 'tf')], given=other)
    assert values['extrinsics front'] == 'seen in images'
    grade, _, _ = told([camera('front')], extrinsics='assumed', given={'level__mode': 'none'})
    assert grade == OK  # it was asked for


def test_cameras_the_embedded_network_cannot_place_are_named():
    grade, message, _ = told([camera('front'), camera('left'), camera('back', 'tf')])
    assert (grade, 'where front, left sit' in message) == (WARN, True)
    assert 'base_link to camera on /tf_static' in message
    grade, _, _ = told([camera('front')])
    assert grade == OK  # of one camera nothing has to be known
    other = {'model__variant': 'occany', 'model__checkpoint': 'occany.pth'}
    grade, _, _ = told([camera('front'), camera('left')], given=other)
    assert grade == OK


@pytest.mark.parametrize(
    ('changes', 'part'),
    [
        (
            {'given': {'level__mode': 'ground_plane'}, 'level': level('mounting', 'thin')},
            'no ground was seen yet (thin); the mounting stands in',
        ),
        (
            {
                'given': {'scale__source': 'odom'},
                'scale': ScaleReport('model', 1.0, 0, {'no odometry': 4}, 'there is none'),
            },
            'the network is believed meanwhile: there is none',
        ),
        (
            {
                'given': {'scale__source': 'odom', 'publish_tf': 'odom_to_base'},
                'scale': ScaleReport('model', 1.0, 0, {'no odometry': 4}, 'there is none'),
            },
            'odom_frame our own',
        ),
        ({'refused': 'somebody else does'}, 'somebody else does'),
    ],
)
def test_what_stands_in_is_explained(changes, part):
    grade, message, _ = told([camera('front', 'tf')], **changes)
    assert grade == WARN
    assert part in message


def test_a_scale_and_a_plane_that_are_known_are_fine():
    grade, _, values = told(
        [camera('front', 'tf')],
        given={'scale__source': 'odom', 'level__mode': 'ground_plane'},
        level=LevelReport('ground plane', 0.0, 0.0, 1.6, 40, {'odd': 2}, 'odd'),
        scale=ScaleReport('odom', 1.25, 30, {'no motion': 3}, 'the robot stands'),
    )
    assert grade == OK
    assert (values['scale'], values['scale_in_use'], values['scale_evidence']) == (
        '1.250',
        'odom',
        '30',
    )
    assert (values['level_planes'], values['level_refused: odd']) == ('40', '2')
    assert values['scale_refused: no motion'] == '3'
