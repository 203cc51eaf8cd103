"""Where the robot was when each view was taken, found from matches between views."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Final

from occany_ros.models.embedded.matching import (
    best_matches,
    correlation,
    pixel_to_cell,
    returning,
    STRIDE,
)
from occany_ros.models.embedded.memory import mount, SAME_INSTANT_NS, TinyTokens
from occany_ros.models.embedded.motion import Correspondences, reprojected, solve_motion
from occany_ros.models.embedded.network import CONFIDENCE_COST, Encoded, log_ground_depth
from occany_ros.models.embedded.rays import cell_rays
from occany_ros.models.embedded.tracking import find_corners, follow
import torch
from torch import Tensor

Pairs = tuple[tuple[TinyTokens, TinyTokens], ...]
"""Views of one camera each, (new, known)."""

LEAST_SHARE: Final = 0.35
"""A dense match counts if this much of the probability lies around its peak."""
FARTHEST_MATCH: Final = 60.0
"""Matches of points beyond are left out, metres."""
LEAST_CORNERS: Final = 20
AGREED_PIXELS: Final = 2.0
"""A corner agrees with a motion that puts it this near to where it was found."""


def place(
    views: Sequence[TinyTokens],
    poses: Sequence[Tensor],
    instant: Sequence[TinyTokens],
    motion: Callable[[Pairs], Tensor],
) -> Tensor:
    """
    Place an instant by its motion from the nearest known instant of one of its cameras.

    An instant that shares no camera with what is known is put where the nearest in time was.

    :param views: what is known.
    :param poses: world_from_base of each known view, (4, 4) float64.
    :param instant: new views of one instant, each of another camera.
    :param motion: `motion_between`, or what remembers its answers.
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
    pairs = tuple((view, by_camera[view.camera]) for view in instant if view.camera in by_camera)
    return poses[known[0]] @ motion(pairs).inverse()


def motion_between(pairs: Pairs, nowhere: Tensor) -> Tensor:
    """
    Estimate the motion between two instants from all cameras that saw both.

    Dense matches give a first answer, corners followed from there the final one. Solved in both
    directions and averaged: a depth that is too far pulls the two apart.

    :param pairs: (new, known) views of one camera each.
    :param nowhere: see `occany_ros.models.embedded.matching.likelihood`.
    :returns: new_from_known of the base, (4, 4) float64.
    """
    turned = tuple((known, new) for new, known in pairs)
    guess = solve_motion(dense_matches(pairs, nowhere))
    there = refined(pairs, guess)
    back = refined(turned, there.inverse()).inverse()
    middle = there.clone()
    middle[:3, 3] = (there[:3, 3] + back[:3, 3]) / 2
    u, _, v = torch.linalg.svd(there[:3, :3] + back[:3, :3])
    middle[:3, :3] = u @ v
    return middle


def refined(pairs: Pairs, guess: Tensor) -> Tensor:
    """
    Motion from corners followed between the images, from the guess and from standstill.

    :param pairs: (new, known) views of one camera each.
    :param guess: new_from_known, (4, 4) float64.
    :returns: the answer that more corners agree with; the guess where too few do.
    """
    best, most = guess, LEAST_CORNERS
    corners = [corners_of(new, known) for new, known in pairs]
    for start in (guess, None):
        matches = joined(
            [
                followed(new, known, at, start)
                for (new, known), at in zip(pairs, corners, strict=True)
            ]
        )
        motion = solve_motion(matches, guess if start is None else start)
        error = (reprojected(matches, motion) - matches.pixels).norm(dim=-1)
        agreed = int(((error < AGREED_PIXELS) & (matches.weights > 0)).sum())
        if agreed > most:
            best, most = motion, agreed
    return best


def corners_of(new: TinyTokens, known: TinyTokens) -> Correspondences:
    """
    Find the corners of a known view that are to be followed into a new one.

    :returns: with the pixels of the known view, where they are not followed yet.
    """
    view = known.encoded
    height, width = view.log_depth.shape[-2:]
    rays = cell_rays(view.intrinsics, (height, width), STRIDE)
    ground = log_ground_depth(rays, view.base_from_camera)[0]
    on_ground = (view.log_depth[0] - ground).abs() < 0.03
    corners = find_corners(known.grey, on_ground.cpu().numpy())
    cells = pixel_to_cell(torch.from_numpy(corners)).round().long()
    row, column = cells[:, 1].clamp(0, height - 1), cells[:, 0].clamp(0, width - 1)
    depth = torch.where(on_ground, ground, view.log_depth[0]).exp().cpu()[row, column]
    pinhole = view.intrinsics[0].cpu()
    flat = torch.cat((torch.from_numpy(corners), torch.ones(len(corners), 1)), dim=-1)
    local = flat @ pinhole.inverse().T * depth[:, None]
    pose = mount(known).float()
    count = len(corners)
    return Correspondences(
        points=local @ pose[:3, :3].T + pose[:3, 3],
        pixels=torch.from_numpy(corners),
        weights=(depth < FARTHEST_MATCH).float(),
        error=relative_error(view).cpu()[0, row, column],
        intrinsics=new.encoded.intrinsics.cpu().expand(count, 3, 3),
        camera_from_base=mount(new).inverse().expand(count, 4, 4),
    )


def followed(
    new: TinyTokens, known: TinyTokens, corners: Correspondences, guess: Tensor | None
) -> Correspondences:
    """
    Follow corners of a known view into a new one.

    :param corners: from `corners_of`.
    :param guess: new_from_known of the base, to start from; None starts where the corners were.
    """
    start = None if guess is None else reprojected(corners, guess).float().numpy()
    pixels, good = follow(known.grey, new.grey, corners.pixels.numpy(), start)
    return replace(
        corners,
        pixels=torch.from_numpy(pixels),
        weights=corners.weights * torch.from_numpy(good),
    )


def dense_matches(pairs: Pairs, nowhere: Tensor) -> Correspondences:
    """
    Match the cells of known views with new ones by their descriptors.

    :param pairs: (new, known) views of one camera each.
    :param nowhere: see `occany_ros.models.embedded.matching.likelihood`.
    :returns: all matches together; unsure and far ones weigh nothing.
    """
    return joined([_dense(new.encoded, known.encoded, nowhere) for new, known in pairs])


def _dense(new: Encoded, known: Encoded, nowhere: Tensor) -> Correspondences:
    height, width = known.log_depth.shape[-2:]
    table = correlation(known.descriptors, new.descriptors)
    pixels, share = best_matches(table, nowhere)
    turned = table.flatten(2).transpose(1, 2).reshape(1, -1, height, width)
    back, _ = best_matches(turned, nowhere)
    rays = cell_rays(known.intrinsics, (height, width), STRIDE).flatten(1, 2)
    depth = known.log_depth.exp().flatten(1)
    pose = known.base_from_camera
    points = (rays * depth[..., None]) @ pose[:, :3, :3].mT + pose[:, None, :3, 3]
    sure = (share > LEAST_SHARE) & (depth < FARTHEST_MATCH)
    sure &= returning(pixels, back, (new.log_depth.shape[-2], new.log_depth.shape[-1]))
    cells = height * width
    return Correspondences(
        points=points[0].cpu(),
        pixels=pixels[0].cpu(),
        weights=(share * sure)[0].cpu(),
        error=relative_error(known).flatten().cpu(),
        intrinsics=new.intrinsics.expand(cells, 3, 3).cpu(),
        camera_from_base=new.base_from_camera.inverse().expand(cells, 4, 4).cpu(),
    )


def relative_error(view: Encoded) -> Tensor:
    """
    Error to expect of the first depth, which training ties to the confidence, (v, h, w).

    The loss ``c e - k log c`` is smallest where the error is ``e = k / c``.
    """
    return CONFIDENCE_COST / (1 + view.log_precision.exp())


def joined(parts: Sequence[Correspondences]) -> Correspondences:
    """Join the matches of several cameras."""
    return Correspondences(
        **{f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Correspondences)}
    )
