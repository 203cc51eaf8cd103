"""Pixels nobody shall use: no points, no rays, no classes, no depth."""

from dataclasses import replace

import numpy as np
from occany_ros.geometry.frame import FrameSet
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.occupancy.grid import FREE, GridSpec, UNKNOWN
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.masking import fitted_mask
from occany_ros.pipeline.preprocess import fit_image
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted, Oracle
from oracle_renderer import Imaginer
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
FRONT = mounted('front')
PLAN = NovelViewPlan(views_per_frame=1, forward_m=2.0, rotate_deg=60.0, lateral_m=0.0)


def mapped(mask, *, fusion='carve', stride=1):
    mapper = Mapper(
        reconstructor=Oracle([FRONT], stride=stride),
        classes=OCC3D,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(grid=GRID, fusion=fusion),
        device=torch.device('cpu'),
    )
    frames = frame_set([FRONT], 0.0)
    hidden = FrameSet(tuple(replace(frame, mask=mask) for frame in frames.frames))
    return mapper.step(mapper.initial(), hidden)[1]


def left_half(shape):
    mask = np.zeros(shape, np.bool_)
    middle = shape[1] // 2
    mask[:, :middle] = True
    return mask


@pytest.mark.parametrize('fusion', ['carve', 'trilinear'])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('shape', [(64, 128), (16, 32), (200, 400)])
def test_a_hidden_half_says_nothing_at_all(fusion, stride, shape):
    output = mapped(left_half(shape), fusion=fusion, stride=stride)
    view = output.views[0]
    assert np.isnan(view.depth[:, 33:]).all()
    assert (view.labels[:, 33:] == UNKNOWN).all()
    assert np.isfinite(view.depth[20:, :31]).any()
    assert (output.cloud.points[:, 1] > -0.2).all()  # the right half of the image is y < 0
    labels = output.grid.labels
    occupied = (labels != FREE) & (labels != UNKNOWN)
    assert occupied[:, 41:].any()
    assert not occupied[44:, :38].any()
    if fusion == 'carve':
        assert (labels[50:, :30] == UNKNOWN).all()  # no ray frees what it did not see


def test_a_mask_of_use_everything_changes_nothing():
    plain, masked = mapped(None), mapped(np.ones((5, 10), np.bool_))
    np.testing.assert_array_equal(plain.grid.labels, masked.grid.labels)
    np.testing.assert_array_equal(plain.cloud.points, masked.cloud.points)


def test_a_mask_of_use_nothing_leaves_everything_unknown():
    output = mapped(np.zeros((64, 128), np.bool_))
    assert (output.grid.labels == UNKNOWN).all()
    assert not len(output.cloud.points)


@pytest.mark.parametrize('fusion', ['carve', 'trilinear'])
def test_views_nobody_took_are_not_masked_and_fill_no_more_than_without_a_mask(fusion):
    def imagined(mask):
        mapper = Mapper(
            reconstructor=Imaginer([FRONT]),
            classes=OCC3D,
            image_size=lambda _width, _height: (64, 32),
            config=MapperConfig(grid=GRID, fusion=fusion, novel=PLAN),
            device=torch.device('cpu'),
        )
        frame = replace(frame_set([FRONT], 0.0).frames[0], mask=mask)
        return mapper.step(mapper.initial(), FrameSet((frame,)))[1]

    hidden = imagined(np.zeros((64, 128), np.bool_))
    plain = imagined(None)
    assert hidden.imagined.views == plain.imagined.views == 3
    assert not len(hidden.cloud.points)  # points are those of seen views
    assert np.isnan(hidden.views[0].depth).all()
    assert (hidden.views[0].labels == UNKNOWN).all()
    filled, all_filled = (
        (one.grid.labels != FREE) & (one.grid.labels != UNKNOWN) for one in (hidden, plain)
    )
    assert filled.any()
    assert (filled <= all_filled).mean() > 0.99
    assert filled.sum() < all_filled.sum()


@pytest.mark.parametrize(('image', 'size'), [((128, 64), (64, 32)), ((101, 60), (48, 48))])
def test_a_mask_is_cut_like_its_image(image, size):
    rng = np.random.default_rng(0)
    mask = np.kron(rng.random((6, 10)) < 0.5, np.ones((10, 10))).astype(bool)
    mask = mask[: image[1] // 2 * 2, : image[0] // 2 * 2]
    whole = np.zeros((image[1], image[0]), np.bool_)
    rows = (np.arange(image[1]) * mask.shape[0] // image[1])[:, None]
    whole[:] = mask[rows, np.arange(image[0]) * mask.shape[1] // image[0]]
    picture = np.repeat(whole[..., None], 3, axis=2).astype(np.uint8) * 255
    fitted = fit_image(picture, size).image[..., 0] > 127
    assert (fitted == fitted_mask(whole, image, size)).mean() > 0.93
