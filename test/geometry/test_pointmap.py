"""Point maps of a known pinhole camera give the camera back."""

from hypothesis import given, settings
from hypothesis import strategies as st
from occany_ros.geometry.alignment import rigid_matrix
from occany_ros.geometry.pointmap import (
    centred_pixels,
    focal_from_points,
    plucker_rays,
    transform_pointmap,
)
from occany_ros.geometry.pose_vector import matrix_from_pose_vector
import pytest
import torch


def pinhole_points(focal, height=12, width=20, seed=6):
    depth = torch.rand(height, width, 1, generator=torch.Generator().manual_seed(seed)) * 30 + 1
    slopes = centred_pixels(height, width, depth.device) / focal
    return torch.cat((slopes, torch.ones_like(depth)), dim=-1) * depth


@settings(max_examples=20, deadline=None)
@given(st.floats(5, 2000))
def test_focal_of_a_pinhole_camera(focal):
    assert float(focal_from_points(pinhole_points(focal))) == pytest.approx(focal, rel=1e-4)


def test_focal_shrugs_off_outliers_and_points_without_depth():
    points = pinhole_points(80.0)
    points[0, :16] *= torch.tensor([-2.0, -2.0, 1.0])
    points[1, 3, 2] = 0.0
    points[1, 4] = 0.0
    assert float(focal_from_points(points, iterations=60)) == pytest.approx(80.0, rel=0.02)
    assert float(focal_from_points(points, iterations=0)) != pytest.approx(80.0, rel=0.02)


def test_focal_is_never_negative_and_is_found_map_by_map():
    behind = pinhole_points(50.0) * torch.tensor([-1.0, -1.0, 1.0])
    both = torch.stack((behind, pinhole_points(50.0)))
    focal = focal_from_points(both)
    assert focal[0] == 0
    assert float(focal[1]) == pytest.approx(50.0, rel=1e-4)


def test_rays_pass_through_the_camera_and_its_pixels():
    vector = torch.tensor([1.0, -2.0, 3.0, 0.9, 0.1, -0.3, 0.2])
    world_from_camera = matrix_from_pose_vector(vector)
    moment, direction = plucker_rays(world_from_camera, torch.tensor(60.0), 6, 8).split(3)
    origin = world_from_camera[:3, 3, None, None].expand_as(direction)
    torch.testing.assert_close(direction.norm(dim=0), torch.ones(6, 8))
    torch.testing.assert_close(moment, torch.linalg.cross(origin, direction, dim=0))
    seen = (direction.movedim(0, -1) @ world_from_camera[:3, :3]).movedim(-1, 0)
    torch.testing.assert_close(60 * seen[0] / seen[2], (torch.arange(8) - 3.5).expand(6, 8))


def test_change_of_frame_is_undone_by_its_inverse():
    world_from_camera = matrix_from_pose_vector(torch.tensor([[1.0, 2, 3, 1, 0.2, 0.3, -0.4]]))
    points = pinhole_points(60.0)[None]
    there = transform_pointmap(world_from_camera, points)
    back = transform_pointmap(torch.linalg.inv(world_from_camera), there)
    torch.testing.assert_close(back, points, atol=1e-4, rtol=1e-5)
    shifted = transform_pointmap(rigid_matrix(torch.eye(3), torch.tensor([1.0, 0, 0])), points)
    torch.testing.assert_close(shifted - points, torch.tensor([1.0, 0, 0]).expand_as(points))
