"""Encodings our own decoder does not know: cv_bridge where it is there, a clear error else."""

import sys
from types import SimpleNamespace

import numpy as np
from occany_ros.ros.messages.bridged import bridge, bridged
from occany_ros.ros.messages.decode import decode_image
import pytest


@pytest.fixture(autouse=True)
def fresh():
    bridge.cache_clear()
    yield
    bridge.cache_clear()


def message(encoding='rgb16', height=2, width=3, depth=6):
    pixels = np.arange(height * width * depth, dtype=np.uint8)
    return SimpleNamespace(
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=width * depth,
        data=pixels.tobytes(),
    )


def stand_in(monkeypatch, answer):
    """Put a cv_bridge in place that answers what a test wants to see handled."""

    class CvBridge:
        """Has the one method that is used."""

        def imgmsg_to_cv2(self, _message, encoding):
            assert encoding == 'rgb8'
            return answer() if callable(answer) else answer

    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))


def test_without_cv_bridge_the_error_names_the_remedies(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    assert bridged(message()) is None
    with pytest.raises(ValueError, match=r"expected one of rgb8.*got 'rgb16'.*cv_bridge"):
        decode_image(message())


def test_a_cv_bridge_that_was_compiled_for_another_numpy_counts_as_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace())
    assert bridge() is None


def test_what_cv_bridge_answers_is_used(monkeypatch):
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    stand_in(monkeypatch, pixels)
    np.testing.assert_array_equal(decode_image(message()), pixels)


def test_encodings_of_our_own_never_go_through_it(monkeypatch):
    stand_in(monkeypatch, lambda: pytest.fail('cv_bridge was asked'))
    assert decode_image(message('rgb8', depth=3)).shape == (2, 3, 3)


@pytest.mark.parametrize(
    'answer', [np.zeros((2, 3), np.uint8), np.zeros((2, 3, 3), np.float32), np.zeros((9, 9, 3))]
)
def test_an_answer_that_is_no_rgb_is_refused(monkeypatch, answer):
    stand_in(monkeypatch, answer)
    with pytest.raises(ValueError, match='expected RGB of 3x2'):
        decode_image(message())


def test_whatever_it_raises_becomes_one_kind_of_error(monkeypatch):
    def fail():
        raise RuntimeError('[32FC1] is not a color format')

    stand_in(monkeypatch, fail)
    with pytest.raises(ValueError, match='not a color format'):
        decode_image(message('32FC1', depth=4))


def test_a_huge_image_never_reaches_it(monkeypatch):
    stand_in(monkeypatch, lambda: pytest.fail('cv_bridge was asked'))
    huge = message()
    huge.height = huge.width = 1 << 20
    with pytest.raises(ValueError, match='size'):
        decode_image(huge)


@pytest.mark.parametrize('encoding', ['mono8', 'bgr8', 'rgba8', 'bayer_rggb8'])
def test_the_real_cv_bridge_says_what_we_say(encoding):
    pytest.importorskip('cv_bridge', reason='cv_bridge is not installed')
    if bridge() is None:
        pytest.skip('the cv_bridge that is installed cannot be imported here')
    depth = {'mono8': 1, 'bgr8': 3, 'rgba8': 4, 'bayer_rggb8': 1}[encoding]
    known = message(encoding, height=4, width=6, depth=depth)
    np.testing.assert_array_equal(bridged(known), decode_image(known))
    with pytest.raises(ValueError, match='cv_bridge cannot make it RGB'):
        decode_image(message('banana'))
