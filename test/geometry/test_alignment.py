"""Registration finds the motion that was applied, also among points of no weight."""

from hypothesis import given, settings
from hypothesis import strategies as st
from occany_ros.geometry.alignment import nearest_rotation, weighted_rigid
from occany_ros.geometry.pointmap import transform_pointmap
from occany_ros.geometry.pose_vector import matrix_from_pose_vector, pose_vector_from_matrix
import pytest
import torch


def random_case(seed):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(2, 40, 3, generator=generator) * 5
    weights = torch.rand(2, 40, generator=generator)
    return matrix_from_pose_vector(torch.randn(2, 7, generator=generator)), points, weights


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_motion_is_found(seed):
    target_from_source, points, weights = random_case(seed)
    target = transform_pointmap(target_from_source, points[:, None])[:, 0]
    target[:, ::4] += 100.0
    weights[:, ::4] = 0.0
    found = weighted_rigid(points, target, weights)
    torch.testing.assert_close(found, target_from_source, atol=1e-4, rtol=1e-4)


def test_mirror_images_do_not_make_a_mirror():
    _, points, weights = random_case(7)
    found = weighted_rigid(points, points * torch.tensor([-1.0, 1, 1]), weights)
    assert torch.linalg.det(found[:, :3, :3]).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_nearest_rotation_of_a_scaled_rotation_is_the_rotation():
    rotation = random_case(8)[0][:, :3, :3]
    torch.testing.assert_close(nearest_rotation(3 * rotation), rotation, atol=1e-5, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31))
def test_pose_vector_and_matrix_are_inverse(seed):
    vector = torch.randn(5, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    matrix = matrix_from_pose_vector(vector)
    back = pose_vector_from_matrix(matrix)
    assert bool((back[:, 3] >= 0).all())
    torch.testing.assert_close(back[:, 3:].norm(dim=-1), torch.ones(5, dtype=torch.float64))
    torch.testing.assert_close(matrix_from_pose_vector(back), matrix, atol=1e-9, rtol=0)


def test_half_turns_have_a_pose_vector():
    half_turns = torch.diag_embed(torch.tensor([[1.0, -1, -1, 1], [-1, -1, 1, 1]]))
    expected = torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 1]])
    torch.testing.assert_close(pose_vector_from_matrix(half_turns)[:, 3:].abs(), expected)
