"""Image messages of every encoding become the same RGB picture."""

from dataclasses import dataclass

import cv2
from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from occany_ros.ros.messages.decode import decode_compressed, decode_image, ENCODINGS, turn
import pytest


@dataclass
class Message:
    """Has the fields of a ``sensor_msgs/Image``."""

    height: int
    width: int
    encoding: str
    step: int
    data: bytes
    is_bigendian: int = 0


def picture(height=24, width=32):
    """Smooth colours: chroma subsampling and Bayer patterns lose little of them."""
    x, y = np.meshgrid(np.linspace(40, 210, width), np.linspace(60, 200, height))
    return np.stack([x, y, 255 - x], -1).astype(np.uint8)


def bayer(rgb, pattern):
    planes = {'r': rgb[..., 0], 'g': rgb[..., 1], 'b': rgb[..., 2]}
    out = np.empty(rgb.shape[:2], np.uint8)
    for index, name in enumerate(pattern):
        y, x = divmod(index, 2)
        out[y::2, x::2] = planes[name][y::2, x::2]
    return out


def yuv422(rgb, order):
    height, width = rgb.shape[:2]
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    u, v = planes[height:].reshape(2, height // 2, width // 2).repeat(2, axis=1)
    out = np.empty((height, width, 2), np.uint8)
    first, second = (0, 1) if order == 'yuyv' else (1, 0)
    out[..., first] = planes[:height]
    out[:, ::2, second] = u
    out[:, 1::2, second] = v
    return out


def nv(rgb, name):
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    height, width = rgb.shape[:2]
    u, v = planes[height:].reshape(2, -1)
    pair = (u, v) if name == 'nv12' else (v, u)
    chroma = np.stack(pair, -1).reshape(height // 2, width)
    return np.concatenate([planes[:height], chroma])


def encoded(rgb, encoding):
    """Make samples as a driver would send them, (rows, ...) uint8, little-endian."""
    if encoding.startswith('bayer_'):
        samples = bayer(rgb, encoding[6:10])
        return np.stack([np.full_like(samples, 7), samples], -1) if '16' in encoding else samples
    if encoding in ('yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'):
        return yuv422(rgb, 'yuyv' if 'yuy' in encoding and encoding != 'uyvy' else 'uyvy')
    if encoding.startswith('nv'):
        return nv(rgb, encoding)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    alpha = np.full(gray.shape, 9, np.uint8)
    table = {
        'rgb8': rgb,
        'bgr8': rgb[..., ::-1],
        '8uc3': rgb[..., ::-1],
        'rgba8': np.dstack([rgb, alpha]),
        'bgra8': np.dstack([rgb[..., ::-1], alpha]),
        '8uc4': np.dstack([rgb[..., ::-1], alpha]),
        'mono8': gray,
        '8uc1': gray,
        'mono16': np.stack([np.full_like(gray, 3), gray], -1),
    }
    return table[encoding]


def message(rgb, encoding, padding=0, is_bigendian=0):
    samples = np.ascontiguousarray(encoded(rgb, encoding))
    if is_bigendian:
        samples = np.ascontiguousarray(samples[..., ::-1])
    rows = samples.reshape(len(samples), -1)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=201)
    return Message(*rgb.shape[:2], encoding, rows.shape[1], rows.tobytes(), is_bigendian)


def expected(rgb, encoding):
    if encoding in ('mono8', '8uc1', 'mono16'):
        return np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, -1)
    return rgb


@pytest.mark.parametrize('padding', [0, 12])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_every_encoding_gives_the_picture(encoding, padding):
    rgb = picture()
    result = decode_image(message(rgb, encoding, padding))
    assert result.shape == rgb.shape
    assert result.dtype == np.uint8
    error = np.abs(result.astype(int) - expected(rgb, encoding))[2:-2, 2:-2]
    exact = not encoding.startswith(('bayer', 'yuv', 'uyvy', 'yuyv', 'nv'))
    assert error.max() <= (0 if exact else 16)


def test_big_endian_samples():
    rgb = picture()
    np.testing.assert_array_equal(
        decode_image(message(rgb, 'mono16', is_bigendian=1)), expected(rgb, 'mono16')
    )


def test_rgb_is_a_view_of_the_message():
    source = bytearray(message(picture(), 'rgb8', padding=5).data)
    result = decode_image(Message(24, 32, 'rgb8', 32 * 3 + 5, source))
    source[0] = 77
    assert result[0, 0, 0] == 77


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        ({'encoding': 'banana'}, 'encoding'),
        ({'height': 0}, 'size'),
        ({'width': 2_000_000, 'height': 2_000_000}, 'size'),
        ({'step': 10}, 'step'),
        ({'data': b'short'}, 'truncated'),
        ({'height': 25}, 'truncated'),
        ({'encoding': 'nv12', 'height': 23, 'step': 32}, 'even'),
    ],
)
def test_bad_headers_are_refused_with_cause(change, word):
    good = message(picture(), 'rgb8')
    with pytest.raises(ValueError, match=word):
        decode_image(Message(**{**vars(good), **change}))


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_compressed_images(kind):
    rgb = picture()
    data = cv2.imencode(kind, rgb[..., ::-1])[1].tobytes()
    result = decode_compressed(Message(0, 0, '', 0, data))
    assert np.abs(result.astype(int) - rgb).max() <= (12 if kind == '.jpg' else 0)


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
@given(share=st.floats(0.0, 0.97))
def test_truncated_files_are_refused(kind, share):
    data = cv2.imencode(kind, picture()[..., ::-1])[1].tobytes()
    with pytest.raises(ValueError, match='data'):
        decode_compressed(Message(0, 0, '', 0, data[: int(len(data) * share)]))


@given(
    data=st.binary(max_size=200), start=st.sampled_from([b'', b'\xff\xd8', b'\x89PNG\r\n\x1a\n'])
)
def test_noise_is_refused(data, start):
    with pytest.raises(ValueError, match=r'data|size'):
        decode_compressed(Message(0, 0, '', 0, start + data))


def test_a_png_of_absurd_size_is_refused_before_decoding():
    data = bytearray(cv2.imencode('.png', picture())[1].tobytes())
    data[16:24] = (30_000).to_bytes(4, 'big') * 2
    with pytest.raises(ValueError, match='size'):
        decode_compressed(Message(0, 0, '', 0, bytes(data)))


def test_turning_clockwise():
    rgb = picture(4, 6)
    np.testing.assert_array_equal(turn(rgb, 90)[0, -1], rgb[0, 0])
    np.testing.assert_array_equal(turn(turn(rgb, 90), 270), rgb)
    assert turn(rgb, 180).flags.c_contiguous
