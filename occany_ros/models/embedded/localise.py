"""Where the robot was when each view was taken, found from matches between views."""

from collections.abc import Sequence

from occany_ros.models.embedded.matching import best_matches, correlation
from occany_ros.models.embedded.memory import mount, SAME_INSTANT_NS, stacked, TinyTokens
from occany_ros.models.embedded.motion import Correspondences, solve_motion
from occany_ros.models.embedded.network import Encoded
from occany_ros.models.embedded.rays import cell_rays
import torch
from torch import Tensor

LEAST_SHARE = 0.35
"""A match counts if this share of the softmax lies around its peak."""
FARTHEST_MATCH = 60.0
"""Matches of points beyond are left out, metres."""


def place(
    views: Sequence[TinyTokens], poses: Sequence[Tensor], instant: Sequence[TinyTokens]
) -> Tensor:
    """
    Place an instant by its motion from the nearest known instant of one of its cameras.

    An instant that shares no camera with what is known is put where the nearest in time was.

    :param views: what is known.
    :param poses: world_from_base of each known view, (4, 4) float64.
    :param instant: new views of one instant, each of another camera.
    :returns: world_from_base of the instant, (4, 4) float64; the world is the optical frame of
        the first view of all.
    """
    if not views:
        return mount(instant[0]).inverse()
    gaps = [abs(view.stamp_ns - instant[0].stamp_ns) for view in views]
    cameras = {view.camera for view in instant}
    near = [i for i, view in enumerate(views) if view.camera in cameras]
    if min(gaps) < SAME_INSTANT_NS or not near:
        return poses[gaps.index(min(gaps))]
    at = views[min(near, key=gaps.__getitem__)].stamp_ns
    known = [i for i in near if abs(views[i].stamp_ns - at) < SAME_INSTANT_NS]
    by_camera = {views[i].camera: views[i] for i in known}
    pairs = [(view, by_camera[view.camera]) for view in instant if view.camera in by_camera]
    return poses[known[0]] @ motion_between(pairs).inverse()


def motion_between(pairs: Sequence[tuple[TinyTokens, TinyTokens]]) -> Tensor:
    """
    Estimate the motion between two instants from all cameras that saw both.

    Solved in both directions and averaged: a depth that is too far pulls the two apart.

    :param pairs: (new, known) views of one camera each.
    :returns: new_from_known of the base, (4, 4) float64.
    """
    new, known = (stacked([pair[side] for pair in pairs]) for side in (0, 1))
    there = solve_motion(correspondences(known, new))
    back = solve_motion(correspondences(new, known), there.inverse()).inverse()
    middle = there.clone()
    middle[:3, 3] = (there[:3, 3] + back[:3, 3]) / 2
    u, _, v = torch.linalg.svd(there[:3, :3] + back[:3, :3])
    middle[:3, :3] = u @ v
    return middle


def correspondences(first: Encoded, second: Encoded) -> Correspondences:
    """
    Match the cells of one instant with the images of another, camera by camera.

    :param first: views of one instant.
    :param second: views of the other, the same cameras in the same order.
    :returns: all matches together; unsure and far ones weigh nothing.
    """
    pixels, share = best_matches(correlation(first.descriptors, second.descriptors))
    height, width = first.log_depth.shape[-2:]
    rays = cell_rays(first.intrinsics, (height, width), 8).flatten(1, 2)
    depth = first.log_depth.exp().flatten(1)
    pose = first.base_from_camera
    points = (rays * depth[..., None]) @ pose[:, :3, :3].mT + pose[:, None, :3, 3]
    sure = (share > LEAST_SHARE) & (depth < FARTHEST_MATCH)
    cells = height * width
    return Correspondences(
        points=points.flatten(0, 1).cpu(),
        pixels=pixels.flatten(0, 1).cpu(),
        weights=(share * sure).flatten().cpu(),
        intrinsics=second.intrinsics.repeat_interleave(cells, dim=0).cpu(),
        camera_from_base=second.base_from_camera.inverse().repeat_interleave(cells, 0).cpu(),
    )
