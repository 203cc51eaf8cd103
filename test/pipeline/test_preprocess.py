"""Images of any size arrive at the network's, and their matrices with them."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from occany_ros.geometry.frame import Camera, Frame
from occany_ros.pipeline.preprocess import (
    fit_calibrated_image,
    fit_image,
    network_size,
    oriented_size,
    views_from_frames,
)
import pytest
import torch


def blob_image(width, height, column, row, radius=6.0):
    """Draw a bright smooth spot whose centre of mass can be found after resizing."""
    rows, columns = np.mgrid[:height, :width]
    spot = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * radius**2))
    return np.repeat((255 * spot).astype(np.uint8)[..., None], 3, axis=-1)


def pixel_of(point, intrinsics):
    column, row, depth = intrinsics @ point
    return np.array([column, row]) / depth


def centre_of_mass(image):
    weight = image[..., 0].astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.mark.parametrize(
    ('camera', 'size'),
    [
        ((1241, 376), (512, 160)),
        ((1600, 900), (512, 288)),
        ((1920, 1280), (512, 336)),
        ((640, 480), (512, 384)),
        ((900, 1600), (288, 512)),
        ((1000, 8), (512, 16)),
        ((7, 7), (512, 512)),
    ],
)
def test_network_size_of_known_cameras(camera, size):
    assert network_size(*camera) == size


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000))
def test_network_size_keeps_the_aspect_to_half_a_step(width, height):
    size = network_size(width, height)
    assert max(size) == 512
    assert min(size) % 16 == 0
    assert network_size(height, width) == size[::-1] or width == height
    exact = 512 * min(width, height) / max(width, height)
    assert abs(min(size) - exact) <= 8 or min(size) == 16


@settings(max_examples=40, deadline=None)
@given(st.integers(17, 300), st.integers(17, 300))
def test_every_image_fits(width, height):
    image = np.full((height, width, 3), 200, np.uint8)
    fitted = fit_image(image, (96, 48)).image
    assert fitted.shape == (48, 96, 3)
    assert (fitted[:-1, :-1] == 200).all()  # at most the last row and column are black


@pytest.mark.parametrize('camera', [(310, 94), (150, 266), (90, 40)])
def test_matrix_follows_the_image(camera):
    width, height = camera
    intrinsics = np.array([[200.0, 0, width / 2], [0, 200, height / 2], [0, 0, 1]])
    point = np.array([0.05, -0.03, 2.0])
    image = blob_image(width, height, *pixel_of(point, intrinsics), radius=4.0)
    for fitted in (
        fit_image(image, (96, 48), intrinsics),
        fit_calibrated_image(image, (96, 48), intrinsics),
    ):
        assert fitted.image.shape == (48, 96, 3)
        error = centre_of_mass(fitted.image) - pixel_of(point, fitted.intrinsics)
        assert np.abs(error).max() < 0.75


def test_calibrated_images_are_centred_on_the_principal_point():
    intrinsics = np.array([[200.0, 0, 130.2], [0, 200, 40.4], [0, 0, 1]])
    fitted = fit_calibrated_image(np.zeros((94, 310, 3), np.uint8), (96, 32), intrinsics)
    assert np.abs(fitted.intrinsics[:2, 2] - (47.5, 15.5)).max() <= 1.0
    off = np.array([[200.0, 0, 30], [0, 200, 40], [0, 0, 1]])
    with pytest.raises(ValueError, match='further than a fifth'):
        fit_calibrated_image(np.zeros((94, 310, 3), np.uint8), (96, 32), off)


def test_orientation_of_a_size():
    rng = np.random.default_rng(0)
    assert oriented_size((96, 64), (100, 120), rng) == (64, 96)
    assert oriented_size((96, 64), (120, 100), rng) == (96, 64)
    assert oriented_size((96, 96), (100, 101), rng) == (96, 96)
    drawn = {oriented_size((96, 64), (100, 100), rng) for _ in range(20)}
    assert drawn == {(96, 64), (64, 96)}


def test_views_of_frames():
    known = Camera('front', np.array([[90.0, 0, 60], [0, 90, 40], [0, 0, 1]]), np.eye(4))
    white = np.full((80, 120, 3), 255, np.uint8)
    frames = [
        Frame(camera=known, stamp_ns=7, image=white),
        Frame(camera=Camera('back'), stamp_ns=9, image=np.zeros((50, 200, 3), np.uint8)),
    ]
    views = views_from_frames(frames, (48, 32), torch.device('cpu'))
    assert views.images.shape == (2, 3, 32, 48)
    assert (views.cameras, views.stamps_ns) == (('front', 'back'), (7, 9))
    assert views.images[0].unique().tolist() == [1.0]
    assert views.images[1].unique().tolist() == [-1.0]
    assert float(views.intrinsics[0, 0, 0]) == pytest.approx(36.0)
    assert torch.equal(views.base_from_camera[0], torch.eye(4))
    assert bool(views.intrinsics[1].isnan().all())
    assert bool(views.base_from_camera[1].isnan().all())


@pytest.mark.parametrize(
    ('image', 'size'),
    [((1600, 900), (320, 176)), ((1241, 376), (512, 160)), ((900, 1600), (176, 320))],
)
def test_a_limited_shorter_side_shrinks_the_longer(image, size):
    assert network_size(*image, short_side=176) == size
