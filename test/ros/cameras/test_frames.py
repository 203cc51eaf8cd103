"""Which optical frame a camera has: as told, as its images say, or as its calibration says."""

import array

from geometry_msgs.msg import TransformStamped
import numpy as np
from occany_ros.pipeline.synchronisation.arrivals import Arrival, Closing, Group
from occany_ros.ros.cameras.frames import FrameMaker
from occany_ros.ros.cameras.recorded_inputs import (
    RecordedInput,
    RecordedState,
    RecordedTopic,
    RecordedTransforms,
)
from occany_ros.ros.messages.convert import matrix_from_transform
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest
from sensor_msgs.msg import CameraInfo, Image

STAMP_NS = 10**18
FRAMES = {'told': 1.0, 'of_images': 2.0, 'of_info': 3.0}


def transforms():
    """Put each frame elsewhere before the robot."""
    source = RecordedTransforms()
    for frame, ahead in FRAMES.items():
        entry = TransformStamped()
        entry.transform.translation.x = ahead
        matrix = matrix_from_transform(entry.transform)
        source.put(('base_link', frame), STAMP_NS, matrix, is_static=True)
    return source


@pytest.mark.parametrize(
    ('told', 'of_images', 'of_info', 'expected'),
    [
        ('told', 'of_images', 'of_info', 'told'),
        ('', 'of_images', 'of_info', 'of_images'),
        ('', '', 'of_info', 'of_info'),
        ('', '', None, ''),
    ],
)
def test_the_first_name_that_is_there_counts(told, of_images, of_info, expected):
    image = Image(height=4, width=8, step=24, encoding='rgb8', data=array.array('B', bytes(96)))
    image.header.frame_id = of_images
    info = None if of_info is None else CameraInfo(height=4, width=8)
    if info is not None:
        info.header.frame_id = of_info
    state = RecordedState(RecordedTopic('/camera/front/image_raw'), info)
    maker = FrameMaker({'front': RecordedInput(state)}, transforms(), Progress())
    group = Group(
        (Arrival('front', STAMP_NS, STAMP_NS, image),), (STAMP_NS,), (), Closing.COMPLETE
    )
    (frame,) = maker.frames(group, parameters_from({'front.frame_id': told}))
    assert maker.frame_ids == {'front': expected}
    place = frame.camera.base_from_camera
    if expected:
        np.testing.assert_array_equal(place[:3, 3], (FRAMES[expected], 0, 0))
    else:
        assert place is None
