"""
Hostile ROS messages, as hypothesis draws them.

They are what a broken driver, a damaged recording or somebody with ill will could send: every
field within its type, and nothing else about them to be relied on.
"""

from array import array
import struct

from builtin_interfaces.msg import Time
import cv2
from fuzz_bytes import damaged, png_of_size
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from hypothesis import strategies as st
import numpy as np
from occany_ros.ros.messages.decode import ENCODINGS
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

MOST_BYTES = 1 << 16
ODD_TEXTS = (
    '', ' ', '/', '//', '~', '.', '..', '../../etc/passwd', 'front_optical', '/front_optical',
    'base_link', 'odom', 'a\x00b', 'a\nb', '\x1b[2J\x1b[31mred', '%s%n%d', '{0}{name!r}',
    '\u202egnp.exe', 'ß' * 300, '\U0001f4a5', 'x' * 100_000, "'; drop table", '${HOME}', '-0',
)  # fmt: skip
ODD_ENCODINGS = (
    '8UC', '8UC0', '8UC9999999999', '32FC1', '64FC4', 'RGB8', 'Rgb8 ', 'rgb8\n', 'rgb8; jpeg',
    'bayer_', 'bayer_rggb', 'nv', 'nv99', 'yuv', 'mono', 'jpeg', 'h264', 'rgb16', 'bgra16',
)  # fmt: skip

texts = st.sampled_from(ODD_TEXTS) | st.text(
    st.characters(exclude_categories=('Cs',)), max_size=30
)
int32 = st.integers(-(2**31), 2**31 - 1)
uint32 = st.integers(0, 2**32 - 1)
bytes8 = st.integers(0, 255)
frames = st.sampled_from(('base_link', 'front_optical', 'odom', 'a', 'b', 'c', '/a', '')) | texts
floats = st.floats(width=64) | st.sampled_from(
    (0.0, -0.0, 1.0, 0.5, 1e-300, 1e300, float('nan'), float('inf'), -float('inf'))
)
fractions = st.floats(-1.5, 1.5)

seconds = st.sampled_from((0, 1, -1, 1_700_000_000, 2**31 - 1, -(2**31))) | int32
nanoseconds = st.sampled_from((0, 1, 999_999_999, 1_000_000_000, 2**32 - 1)) | uint32
stamps = st.builds(Time, sec=seconds, nanosec=nanoseconds)
headers = st.builds(Header, stamp=stamps, frame_id=frames)

sides = st.integers(0, 40) | st.sampled_from((1, 2, 3, 16384, 16385, 65535, 2**31, 2**32 - 1))


@st.composite
def images(draw):
    """Draw a raw image; about half of them have as many bytes as their header promises."""
    height, width = draw(sides), draw(sides)
    encoding = draw(st.sampled_from(ENCODINGS + ODD_ENCODINGS) | texts)
    step = draw(st.sampled_from((width, 2 * width, 3 * width, 4 * width)) | uint32)
    step = min(step, 2**32 - 1)
    promised = draw(st.sampled_from((height * step, height * step * 3 // 2)))
    size = draw(st.just(promised) | st.integers(0, MOST_BYTES))
    fill = draw(bytes8)
    return Image(
        header=draw(headers),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=draw(bytes8),
        step=step,
        data=array('B', bytes([fill]) * min(size, MOST_BYTES)),
    )


def picture(kind, channels, *, deep=False):
    """Encode a small picture."""
    samples = np.arange(24 * 32 * channels).reshape(24, 32, channels) % 251
    pixels = samples.astype(np.uint16 if deep else np.uint8) * (257 if deep else 1)
    return cv2.imencode(kind, pixels[..., 0] if channels == 1 else pixels)[1].tobytes()


def jpeg_of_size(width, height):
    """Give a small JPEG another size in its header."""
    data = bytearray(picture('.jpg', 3))
    place = data.find(b'\xff\xc0')
    struct.pack_into('>HH', data, place + 5, height, width)
    return bytes(data)


WHOLE_FILES = tuple(
    picture(kind, channels, deep=deep)
    for kind, channels, deep in (
        ('.jpg', 1, False),
        ('.jpg', 3, False),
        ('.png', 1, False),
        ('.png', 3, False),
        ('.png', 4, False),
        ('.png', 3, True),
        ('.png', 4, True),
        ('.bmp', 3, False),
        ('.tiff', 3, False),
        ('.webp', 3, False),
    )
)

short = st.integers(0, 2**16 - 1)
lying_files = st.one_of(
    st.builds(
        png_of_size,
        st.sampled_from((0, 1, 30_000, 2**31 - 1)) | st.integers(0, 2000),
        st.sampled_from((0, 1, 30_000, 2**31 - 1)) | st.integers(0, 2000),
        st.sampled_from((1, 2, 4, 8, 16, 99)),
        st.integers(0, 7),
        st.sampled_from((0, 1, 2**31)),
    ),
    st.builds(jpeg_of_size, short | st.integers(0, 64), short | st.integers(0, 64)),
)


image_files = lying_files | damaged(WHOLE_FILES) | st.binary(max_size=300)
formats = st.sampled_from(('jpeg', 'png', 'rgb8; jpeg compressed bgr8', 'h264')) | texts


@st.composite
def compressed_images(draw):
    """Draw a compressed image."""
    data = array('B', draw(image_files))
    return CompressedImage(header=draw(headers), format=draw(formats), data=data)


numbers = floats | st.floats(1.0, 2000.0)
regions = st.builds(
    RegionOfInterest,
    x_offset=uint32,
    y_offset=uint32,
    height=uint32,
    width=uint32,
    do_rectify=st.booleans(),
)


@st.composite
def camera_infos(draw):
    """Draw a calibration."""
    focal, centre = draw(numbers), draw(numbers)
    plain = [focal, 0.0, centre, 0.0, draw(st.just(focal) | numbers), centre, 0.0, 0.0, 1.0]
    k = draw(st.just(plain) | st.lists(numbers, min_size=9, max_size=9))
    return CameraInfo(
        header=draw(headers),
        height=draw(st.sampled_from((64, 0)) | uint32),
        width=draw(st.sampled_from((128, 0)) | uint32),
        distortion_model=draw(st.sampled_from(('plumb_bob', 'equidistant', 'fisheye')) | texts),
        d=draw(st.lists(floats, max_size=20)),
        k=k,
        r=draw(st.just([0.0] * 9) | st.lists(floats, min_size=9, max_size=9)),
        p=draw(st.just([0.0] * 12) | st.lists(numbers, min_size=12, max_size=12)),
        binning_x=draw(uint32),
        binning_y=draw(uint32),
        roi=draw(regions),
    )


quaternions = st.builds(
    Quaternion, x=fractions, y=fractions, z=fractions, w=fractions
) | st.builds(Quaternion, x=floats, y=floats, z=floats, w=floats)
transforms = st.builds(
    TransformStamped,
    header=headers,
    child_frame_id=frames,
    transform=st.builds(
        Transform,
        translation=st.builds(Vector3, x=floats, y=floats, z=floats),
        rotation=quaternions,
    ),
)
tf_messages = st.builds(TFMessage, transforms=st.lists(transforms, max_size=5))
clocks = st.builds(Clock, clock=stamps)
