import cv2
import numpy as np
from occany_ros.models.embedded.tracking import find_corners, follow


def textured(height=96, width=160, seed=0):
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.random((height, width)).astype(np.float32), (0, 0), 2)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def moved(image, right, down):
    shift = np.float32([[1, 0, right], [0, 1, down]])
    return cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def test_a_shift_is_followed_to_a_fraction_of_a_pixel():
    image = textured()
    corners = find_corners(image, np.zeros((12, 20), np.bool_))
    pixels, good = follow(image, moved(image, 5.5, -2.25), corners, None)
    assert good.sum() > 30
    assert np.quantile(np.abs(pixels[good] - corners[good] - (5.5, -2.25)), 0.9) < 0.3


def test_a_guess_reaches_farther():
    image = textured()
    corners = find_corners(image, np.zeros((12, 20), np.bool_))
    corners = corners[corners[:, 0] < 60]
    far = moved(image, 70, 0)
    pixels, good = follow(image, far, corners, corners + np.float32((68, 1)))
    assert good.mean() > 0.7
    assert np.abs(pixels[good] - corners[good] - (70, 0)).max() < 0.3


def test_weak_corners_of_the_ground_are_found_beside_strong_ones():
    image = textured()
    image[48:] = 118 + image[48:] // 20
    ground = np.zeros((12, 20), np.bool_)
    ground[6:] = True
    corners = find_corners(image, ground)
    without = find_corners(image, np.zeros_like(ground))
    assert (corners[:, 1] > 50).sum() > 3 * (without[:, 1] > 50).sum() + 5


def test_nothing_to_follow():
    blank = np.full((40, 60), 90, np.uint8)
    corners = find_corners(blank, np.zeros((5, 8), np.bool_))
    assert corners.shape == (0, 2)
    pixels, good = follow(blank, blank, corners, None)
    assert len(pixels) == len(good) == 0
