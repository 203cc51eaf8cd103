"""Hostile messages to the functions that read them: a value, or the error they promise."""

from contextlib import suppress
import tracemalloc

import cv2
from fuzz_bytes import png_of_size
from fuzz_messages import (
    camera_infos,
    compressed_images,
    frames,
    images,
    int32,
    stamps,
    tf_messages,
)
from fuzz_tally import tried
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.pipeline.synchronisation.arrivals import Arrival, Event, GroupingConfig
from occany_ros.pipeline.synchronisation.grouping import FrameGrouper
from occany_ros.ros.cameras.calibration import intrinsics_from_message
from occany_ros.ros.messages.convert import matrix_from_transform, stamp_ns_of, time_message
from occany_ros.ros.messages.decode import decode_compressed, decode_image, MAX_PIXELS
from occany_ros.ros.tf.transform_buffer import TransformBuffer
from peak_memory import added_at_peak
import pytest
from sensor_msgs.msg import CompressedImage, Image

pytestmark = pytest.mark.fuzz
OVERHEAD_BYTES = 1 << 20
NOTES = frozenset({Event.ZERO_STAMP, Event.OUT_OF_ORDER})


def peak_bytes(action):
    """Give what an action returns and the most it had allocated; None where it refused."""
    tracemalloc.start()
    try:
        return action(), tracemalloc.get_traced_memory()[1]
    except ValueError:
        return None, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope='module', autouse=True)
def warm():
    """Let everything be imported that an unknown encoding asks for, before bytes are counted."""
    with pytest.raises(ValueError, match='banana'):
        decode_image(Image(encoding='banana', height=1, width=1, step=3, data=[0, 0, 0]))


def assert_picture(picture):
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert picture.size


@given(message=images())
def test_a_raw_image_is_a_picture_or_refused(message):
    tried('images')
    picture, peak = peak_bytes(lambda: decode_image(message))
    # What is allocated follows from the bytes that came, never from what the header says.
    assert peak <= 16 * len(message.data) + OVERHEAD_BYTES
    if picture is not None:
        assert_picture(picture)
        assert picture.shape[:2] == (message.height, message.width)


@given(message=compressed_images())
def test_a_compressed_image_is_a_picture_or_refused(message):
    tried('compressed images')
    picture, peak = peak_bytes(lambda: decode_compressed(message))
    assert peak <= 6 * MAX_PIXELS + OVERHEAD_BYTES
    if picture is not None:
        assert_picture(picture)
        assert picture.shape[0] * picture.shape[1] <= MAX_PIXELS


@pytest.mark.parametrize('side', [8001, 30_000, 65_535, 2**31 - 1])
def test_a_bomb_is_refused_before_anything_is_allocated(side):
    message = CompressedImage(data=list(png_of_size(side, side)))
    picture, peak = peak_bytes(lambda: decode_compressed(message))
    assert picture is None
    assert peak <= OVERHEAD_BYTES


def test_the_largest_picture_costs_what_the_page_on_security_says():
    data = cv2.imencode('.png', np.zeros((8000, 8000, 3), np.uint8))[1].tobytes()
    message = CompressedImage()
    message.data.frombytes(data)
    picture, added = added_at_peak(lambda: decode_compressed(message))
    assert picture.shape == (8000, 8000, 3)
    assert added < 400 << 20


@given(info=camera_infos(), size=st.tuples(st.integers(1, 4000), st.integers(1, 4000)))
def test_a_calibration_is_a_camera_or_refused(info, size):
    tried('camera infos')
    for rectified in (False, True):
        try:
            matrix = intrinsics_from_message(info, size=size, rectified=rectified)
        except ValueError:
            continue
        if matrix is not None:
            # Rays through the corners of the image must be such that float32 can hold them.
            corners = np.array([[0, 0, 1], [size[1], size[0], 1]], np.float32).T
            rays = np.linalg.inv(matrix.astype(np.float32)) @ corners
            assert np.isfinite(rays).all()
            assert (rays[2] == 1).all()
            assert np.abs(rays).max() < 100


@given(messages=st.lists(tf_messages, max_size=6), asked=st.tuples(frames, frames), stamp=stamps)
def test_transforms_are_rigid_or_not_there(messages, asked, stamp):
    buffer = TransformBuffer()
    for message in messages:
        tried('transforms', len(message.transforms))
        for entry in message.transforms:
            names = entry.header.frame_id, entry.child_frame_id
            with suppress(ValueError):
                matrix = matrix_from_transform(entry.transform)
                stamp_ns = stamp_ns_of(entry.header.stamp)
                buffer.put(names, stamp_ns, matrix, is_static=len(messages) % 2 == 0)
    try:
        matrix = buffer.lookup(*asked, stamp_ns_of(stamp))
    except LookupError:
        return
    assert np.isfinite(matrix).all()
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-6)


@given(stamp=stamps)
def test_a_stamp_can_be_written_again(stamp):
    stamp_ns = stamp_ns_of(stamp)
    assert stamp_ns_of(time_message(stamp_ns)) == stamp_ns


cameras = st.sampled_from(('a', 'b', 'c'))
events = st.lists(st.tuples(cameras, stamps, st.integers(0, 2**31)), max_size=30)


@given(events=events, few=st.integers(1, 3), slop_ns=int32)
def test_the_synchroniser_loses_no_message(events, few, slop_ns):
    config = GroupingConfig(('a', 'b', 'c'), slop_ns=abs(slop_ns), min_cameras=few)
    grouper = FrameGrouper(config)
    used, now_ns = 0, 0
    for camera, stamp, later_ns in events:
        tried('stamps')
        now_ns += later_ns
        arrival = Arrival(camera, stamp_ns_of(stamp), now_ns, None)
        used += sum(len(group.arrivals) for group in grouper.push(arrival, now_ns).groups)
    used += sum(len(group.arrivals) for group in grouper.drain(now_ns).groups)
    statistics = grouper.statistics(now_ns)
    dropped = sum(
        count
        for camera in statistics
        for event, count in camera.events.items()
        if event not in NOTES
    )
    assert len(events) == sum(camera.received for camera in statistics) == used + dropped
