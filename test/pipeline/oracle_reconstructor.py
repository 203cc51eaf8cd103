"""A reconstructor that knows the truth: a road between two walls, cast analytically."""

from dataclasses import dataclass, replace

import numpy as np
from occany_ros.geometry.frame import Camera, Frame, FrameSet
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import Prediction
from occany_ros.semantics.classes import OCC3D
import torch

ROAD, WALL, SKY = 11, 15, 17
HALF_WIDTH_M = 6.0
WALL_HEIGHT_M = 4.0
S = 1_000_000_000
START_NS = 1_700_000_000 * S


def pose(x=0.0, y=0.0, z=0.0, yaw_deg=0.0):
    """Pose with a rotation about z, (4, 4)."""
    angle = np.deg2rad(yaw_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = (x, y, z)
    return matrix


BODY_FROM_OPTICAL = np.array([(0, 0, 1, 0), (-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, 0, 1)], float)


def mounted(name, *, x=1.0, y=0.0, z=1.6, yaw_deg=0.0, width=128, height=64):
    """Calibrated camera on the robot."""
    intrinsics = np.array([(width / 2, 0, width / 2 - 0.5), (0, width / 2, height / 2 - 0.5)])
    return Camera(
        name=name,
        intrinsics=np.vstack([intrinsics, (0, 0, 1)]),
        base_from_camera=pose(x, y, z, yaw_deg) @ BODY_FROM_OPTICAL,
    )


def path(stamp_ns):
    """Where the robot is: it drives along the road and weaves, at about 5 m/s."""
    t = (stamp_ns - START_NS) / S
    return pose(5.0 * t, 1.5 * np.sin(t), 0.0, 20.0 * np.sin(0.7 * t))


def frame_set(cameras, seconds, *, width=128, height=64, blind=()):
    """Noise images of all cameras but the blind ones at one time."""
    stamp_ns = START_NS + round(seconds * S)
    rng = np.random.default_rng([stamp_ns, width])
    return FrameSet(
        tuple(
            Frame(camera, stamp_ns, rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
            for camera in cameras
            if camera.name not in blind
        )
    )


def uncalibrated(cameras):
    """Take the extrinsics away."""
    return [replace(camera, base_from_camera=None) for camera in cameras]


def cast(world_from_camera, intrinsics, height, width):
    """Points in the camera's frame, (h, w, 3), and native labels, (h, w)."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1)
    rays = pixels @ np.linalg.inv(intrinsics).T
    turned = rays @ world_from_camera[:3, :3].T
    origin = world_from_camera[:3, 3]
    with np.errstate(divide='ignore', invalid='ignore'):
        road = np.where(turned[..., 2] < 0, -origin[2] / turned[..., 2], np.inf)
        side = np.sign(turned[..., 1]) * HALF_WIDTH_M - origin[1]
        wall = np.where(turned[..., 1] != 0, side / turned[..., 1], np.inf)
        hit = origin[2] + wall * turned[..., 2]
    wall = np.where((hit >= 0) & (hit <= WALL_HEIGHT_M), wall, np.inf)
    depth = np.minimum(road, wall)
    labels = np.where(road < wall, ROAD, WALL)
    sky = ~np.isfinite(depth) | (depth > 200)
    labels[sky] = SKY
    return rays * np.where(sky, 200.0, depth)[..., None], labels.astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Seen:
    """Tokens: the truth of one view."""

    camera: str
    stamp_ns: int
    world_from_camera: np.ndarray
    local_points: np.ndarray
    labels: np.ndarray
    focal: float


class Oracle:
    """Answers the truth for cameras it knows, whatever calibration it is told."""

    def __init__(self, cameras, *, stride=1, where=path, with_labels=True):
        self.mounts = {camera.name: camera for camera in cameras}
        self.stride = stride
        self.where = where
        self.with_labels = with_labels
        self.encoded = []
        self.remembered = []
        self.poison = None

    def encode(self, views):
        """Cast every view."""
        height, width = (side // self.stride for side in views.images.shape[-2:])
        tokens = []
        for name, stamp_ns, told in zip(
            views.cameras, views.stamps_ns, views.intrinsics, strict=True
        ):
            mount = self.mounts[name].base_from_camera
            intrinsics = told.double().numpy().copy()
            intrinsics[:2] /= self.stride
            world_from_camera = self.where(stamp_ns) @ mount
            local, labels = cast(world_from_camera, intrinsics, height, width)
            tokens.append(
                Seen(name, stamp_ns, world_from_camera, local, labels, float(told[0, 0]))
            )
            self.encoded.append((name, stamp_ns))
        return tokens

    def remember(self, memory, tokens):
        """Append; the memory is the tuple of what was seen."""
        self.remembered.append((0 if memory is None else len(memory), len(tokens)))
        return (*(memory or ()), *tokens)

    def render(self, memory, tokens):
        """Answer in the frame of the first remembered view."""
        assert all(any(view is known for known in memory) for view in tokens)
        world_from_truth = invert(memory[0].world_from_camera)
        poses = np.stack([world_from_truth @ view.world_from_camera for view in tokens])
        local = np.stack([view.local_points for view in tokens])
        world = np.einsum('vij,vhwj->vhwi', poses[:, :3, :3], local)
        world += poses[:, None, None, :3, 3]
        labels = np.stack([view.labels for view in tokens])
        confidence = np.where(labels == SKY, 1.1, 5.0)
        if self.poison is not None and any(v.stamp_ns == self.poison for v in tokens):
            world[0, 0, 0] = np.nan
        return Prediction(
            world_points=torch.from_numpy(world).float(),
            local_points=torch.from_numpy(local).float(),
            confidence=torch.from_numpy(confidence).float(),
            world_from_camera=torch.from_numpy(poses).float(),
            focal=torch.tensor([view.focal for view in tokens]),
            labels=torch.from_numpy(labels) if self.with_labels else None,
        )


CLASSES = OCC3D
