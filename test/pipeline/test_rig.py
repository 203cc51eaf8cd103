"""Where cameras sit: as given, or as their reconstruction says."""

from dataclasses import replace

import numpy as np
from occany_ros.geometry.rigid import invert
from occany_ros.pipeline.rig import Rig
from oracle_reconstructor import BODY_FROM_OPTICAL, mounted, pose, uncalibrated
import pytest

FRONT, LEFT, BACK = (
    mounted('front'),
    mounted('left', x=0.0, y=0.5, yaw_deg=100),
    mounted('back', x=-1.0, yaw_deg=180),
)
RIG = [FRONT, LEFT, BACK]


def poses(cameras, base=None):
    """Poses of cameras whose true places are known, in some world, (v, 4, 4)."""
    world_from_base = pose(3.0, -2.0, 0.5, 30.0) if base is None else base
    true = {camera.name: camera.base_from_camera for camera in RIG}
    return np.stack([world_from_base @ true[camera.name] for camera in cameras])


def seen(rig, cameras):
    return rig.learn(cameras, rig.place(cameras, poses(cameras)))


def test_places_found_by_an_assumed_base_end_with_it():
    blind = uncalibrated(RIG)
    assumed = seen(Rig({}), blind)
    assert set(assumed.found) == {'front', 'left', 'back'}
    told = seen(assumed, [FRONT, blind[1]])
    np.testing.assert_allclose(told.found['left'], LEFT.base_from_camera, atol=1e-9)
    assert 'back' not in told.found  # its place was told from a base that is no more
    alone = told.place([blind[1]], poses([LEFT]))
    np.testing.assert_allclose(alone.world_from_base, pose(3.0, -2.0, 0.5, 30.0), atol=1e-9)


def test_places_found_by_a_given_base_stay():
    blind = uncalibrated(RIG)
    rig = seen(Rig({}), [FRONT, blind[1]])
    rig = seen(rig, [FRONT, *blind[1:]])
    rig = seen(rig, [LEFT])
    np.testing.assert_allclose(rig.found['back'], BACK.base_from_camera, atol=1e-9)
    assert rig.given == {'front', 'left'}


@pytest.mark.parametrize(
    ('order', 'first'),
    [((), 'left'), (('front', 'left'), 'left'), (('back', 'front', 'left'), 'back')],
)
def test_the_first_camera_is_the_first_of_the_list_that_was_seen(order, first):
    rig = seen(Rig({}), [LEFT, BACK])
    assert rig.first_name(order) == first
    np.testing.assert_array_equal(rig.first(order), rig.found[first])
    np.testing.assert_array_equal(Rig({}).first(order), BODY_FROM_OPTICAL)


def test_a_longer_unit_spreads_what_was_found_and_leaves_what_was_given():
    blind = uncalibrated(RIG)
    rig = seen(Rig({}), [FRONT, *blind[1:]]).at_scale(2.0)
    np.testing.assert_array_equal(rig.found['front'], FRONT.base_from_camera)
    centre, way = FRONT.base_from_camera[:3, 3], LEFT.base_from_camera[:3, 3]
    np.testing.assert_allclose(rig.found['left'][:3, 3], centre + 2 * (way - centre), atol=1e-9)
    spread = replace(LEFT, base_from_camera=rig.found['left'])
    turn = invert(LEFT.base_from_camera)[:3, :3] @ spread.base_from_camera[:3, :3]
    np.testing.assert_allclose(turn, np.eye(3), atol=1e-9)
