from dataclasses import dataclass

import numpy as np
from occany_ros.evaluation.scores import scores_of, tally_frame
from occany_ros.geometry.rigid import invert
from occany_ros.models.prediction import Prediction
from occany_ros.occupancy.grid import FREE, OccupancyGrid3d, UNKNOWN
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import OCC3D
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.truth import occupancy, seen_cells
import pytest
import torch

HEIGHT, WIDTH, STRIDE = 96, 320, 2
SKY = 17
PIXELS = np.stack(
    [*np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), np.ones((HEIGHT, WIDTH))], -1
)


@dataclass(frozen=True, eq=False)
class Truth:
    """Tokens: what one view really shows."""

    world_from_camera: np.ndarray
    local_points: np.ndarray
    label: np.ndarray
    focal: float


class StreetOracle:
    """Answers with the depth, the labels and the poses of a drive."""

    def __init__(self, steps):
        self.known = {}
        for step in steps:
            for view, frame in enumerate(step.frames.frames):
                camera = frame.camera
                depth = np.where(step.label[view] == SKY, 150.0, step.depth[view])
                rays = PIXELS @ np.linalg.inv(camera.intrinsics).T
                local = (rays * depth[..., None])[::STRIDE, ::STRIDE]
                self.known[camera.name, step.stamp_ns] = Truth(
                    step.world_from_base @ camera.base_from_camera,
                    local,
                    step.label[view][::STRIDE, ::STRIDE],
                    float(camera.intrinsics[0, 0]),
                )

    def encode(self, views):
        """Look every view up."""
        return [self.known[key] for key in zip(views.cameras, views.stamps_ns, strict=True)]

    def remember(self, memory, tokens):
        """Append."""
        return (*(memory or ()), *tokens)

    def render(self, memory, tokens):
        """Answer in the frame of the first remembered view."""
        world_from_truth = invert(memory[0].world_from_camera)
        poses = np.stack([world_from_truth @ view.world_from_camera for view in tokens])
        local = np.stack([view.local_points for view in tokens])
        world = np.einsum('vij,vhwj->vhwi', poses[:, :3, :3], local)
        world += poses[:, None, None, :3, 3]
        labels = np.stack([view.label for view in tokens])
        return Prediction(
            world_points=torch.from_numpy(world).float(),
            local_points=torch.from_numpy(local).float(),
            confidence=torch.from_numpy(np.where(labels == SKY, 1.1, 5.0)).float(),
            world_from_camera=torch.from_numpy(poses).float(),
            focal=torch.tensor([view.focal for view in tokens]),
            labels=torch.from_numpy(labels),
        )


@dataclass(frozen=True, eq=False)
class Street:
    """A short drive, and its exact grid at the last step."""

    drive: object
    steps: list
    truth: OccupancyGrid3d


@pytest.fixture(scope='module', params=['front', 'surround'])
def street(request):
    drive = make_drive(4321, rig=request.param, rate_hz=2.0, steps=5, size=(HEIGHT, WIDTH))
    steps = list(drive)
    last = steps[-1]
    seen = np.zeros((200, 200, 16), bool)
    for step in steps:
        base_from_then = invert(last.world_from_base) @ step.world_from_base
        seen |= seen_cells(
            (step.depth[view], camera.intrinsics, base_from_then @ camera.base_from_camera)
            for view, camera in enumerate(drive.cameras)
        )
    exact = occupancy(drive.scene, last.world_from_base)
    labels = np.where(seen, exact.labels, UNKNOWN).astype(np.uint8)
    truth = OccupancyGrid3d(exact.spec, labels, exact.confidence, exact.class_names)
    return Street(drive, steps, truth)


def outputs(street, **settings):
    mapper = Mapper(
        reconstructor=StreetOracle(street.steps),
        classes=OCC3D,
        image_size=lambda width, height: (width, height),
        config=MapperConfig(min_interval_s=0.4, **settings),
        device=torch.device('cpu'),
    )
    mapped = list(map_recording(mapper, [step.frames for step in street.steps]))
    return [entry.occupancy for entry in mapped]


def test_true_maps_give_the_true_street_where_rays_carve(street):
    last = outputs(street, fusion='carve')[-1]
    scores = scores_of(tally_frame(last.grid, street.truth, OCC3D))
    assert scores.obstacle_f1 > 0.93
    assert scores.obstacle_iou > 0.5
    assert scores.mean_iou > 0.45
    known = street.truth.labels != UNKNOWN
    assert (last.grid.labels == UNKNOWN).any()
    assert (last.grid.labels[known] == UNKNOWN).mean() < 0.2


def test_true_maps_give_the_true_street_where_points_are_splatted(street):
    last = outputs(street, fusion='trilinear')[-1]
    scores = scores_of(tally_frame(last.grid, street.truth, OCC3D))
    assert scores.obstacle_f1 > 0.93
    obstacle = street.truth.labels != FREE
    near = obstacle & (street.truth.labels != UNKNOWN)
    assert (last.grid.labels[near] != FREE).mean() > 0.5


@pytest.mark.parametrize('anchor', ['newest', 'first'])
def test_path_is_the_driven_one(street, anchor):
    poses = np.stack([output.odom_from_base for output in outputs(street, anchor=anchor)])
    truth = np.stack([step.world_from_base for step in street.steps])
    np.testing.assert_allclose(poses, invert(truth[0]) @ truth, atol=1e-3)


def test_pictures_and_cloud_belong_to_the_newest_set(street):
    last = outputs(street)[-1]
    step = street.steps[-1]
    shown = zip(last.views, step.frames.frames, step.depth, step.label, strict=True)
    for view, frame, depth, label in shown:
        np.testing.assert_array_equal(view.image, frame.image)
        solid = np.isfinite(view.depth)
        assert (solid == (depth > 0)).mean() > 0.9
        near = solid & (depth > 0) & (depth < 20)
        assert np.median(np.abs(view.depth[near] / depth[near] - 1)) < 0.05
        labels = OCC3D.grid_from_native[label]
        assert (view.labels == labels).mean() > 0.9
