"""
Images of a synthetic street, and its true geometry.

How long a novel view takes depends on how much of it was seen. Weights that were never trained
see nothing sensible, so their answers get the geometry of the street before novel views are
rendered from them.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.evaluation.bench.preset import Preset
from occany_ros.geometry.frame import Frame
from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import Prediction
from occany_ros.models.views import Views
from occany_ros.pipeline.preprocess import views_from_frames
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.rig import known
import torch
from torch import Tensor

SEED: Final = 500
SKY_M: Final = 60.0
CONFIDENCE: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Street:
    """
    What the cameras of a preset see.

    :param views: the images.
    :param local_points: true points, each view's own optical frame, metres, (v, h, w, 3).
    :param world_from_camera: true poses; the world is the first view's frame, (v, 4, 4).
    :param focal: that of the first view, pixels.
    """

    views: Views
    local_points: Tensor
    world_from_camera: Tensor
    focal: float

    def true(self, prediction: Prediction) -> Prediction:
        """Put the true geometry in place of a predicted one; all else stays."""
        return with_geometry(prediction, self.local_points, self.world_from_camera, self.focal)

    def poses(self, plan: NovelViewPlan, count: int) -> Tensor:
        """
        Choose novel views, spread evenly over a plan so that every kind is among them.

        :param plan: gets more steps where it has too few views.
        :param count: how many.
        :returns: world_from_camera, (count, 4, 4).
        """
        while plan.count(len(self.world_from_camera)) < count:
            plan = replace(plan, views_per_frame=plan.views_per_frame + 1)
        poses = novel_poses(self.world_from_camera, plan).world_from_camera
        index = torch.arange(count, device=poses.device) * len(poses) // count
        return poses[index]


def street_of(preset: Preset, device: torch.device) -> Street:
    """
    Drive through a street and take the images of a preset, set after set.

    :param device: where they shall be.
    """
    drive = make_drive(
        SEED, rig=preset.rig, rate_hz=preset.rate_hz, steps=preset.frames, size=preset.size
    )
    frames: list[Frame] = []
    points, poses = [], []
    for step in drive:
        frames += step.frames.frames
        for frame, depth in zip(step.frames.frames, step.depth, strict=True):
            points.append(lifted(depth, known(frame.camera.intrinsics)))
            poses.append(step.world_from_base @ known(frame.camera.base_from_camera))
    first_from_world = invert(poses[0])
    return Street(
        views=views_from_frames(frames, (preset.size[1], preset.size[0]), device),
        local_points=torch.from_numpy(np.stack(points)).to(device),
        world_from_camera=torch.from_numpy(
            np.stack([first_from_world @ pose for pose in poses]).astype(np.float32)
        ).to(device),
        focal=float(known(frames[0].camera.intrinsics)[0, 0]),
    )


def with_geometry(
    prediction: Prediction, local_points: Tensor, world_from_camera: Tensor, focal: float
) -> Prediction:
    """
    Put another geometry in place of a predicted one; all else stays.

    :param local_points: each view's own optical frame, metres, (v, h, w, 3).
    :param world_from_camera: (v, 4, 4).
    :param focal: pixels.
    """
    rotation = world_from_camera[:, None, :3, :3]  # (v, 1, 3, 3)
    position = world_from_camera[:, None, None, :3, 3]
    return replace(
        prediction,
        world_points=local_points @ rotation.mT + position,
        local_points=local_points,
        confidence=torch.full_like(local_points[..., 0], CONFIDENCE),
        world_from_camera=world_from_camera,
        focal=torch.full_like(world_from_camera[:, 0, 0], focal),
    )


def part(views: Views, chosen: slice) -> Views:
    """Take views in a row."""
    return Views(
        images=views.images[chosen],
        cameras=views.cameras[chosen],
        stamps_ns=views.stamps_ns[chosen],
        intrinsics=views.intrinsics[chosen],
        base_from_camera=views.base_from_camera[chosen],
    )


def lifted(depth: NDArray[np.float32], intrinsics: NDArray[np.float64]) -> NDArray[np.float32]:
    """Lift a depth image (h, w) to points (h, w, 3); the sky is a wall far away."""
    rows, columns = np.indices(depth.shape)
    pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1)
    rays = pixels @ np.linalg.inv(intrinsics).T
    filled = np.where(depth > 0, depth, SKY_M)
    return (rays * filled[..., None]).astype(np.float32)
