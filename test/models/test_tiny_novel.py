from dataclasses import replace

import numpy as np
from occany_ros.geometry.novel_views import novel_poses, NovelViewPlan
from occany_ros.models.embedded.asking import chosen, coverage, stands_free
from occany_ros.models.embedded.closer import compared, halved, patches_of
from occany_ros.models.embedded.evidence import gather_evidence, Imagined, Sources
from occany_ros.models.embedded.imagination import around_best, first_ends, ImaginationConfig
from occany_ros.models.prediction import labels_of, NovelViewRenderer, Prediction
from occany_ros.models.tiny import load_tiny, TinyOccAny
from occany_ros.models.views import Views
from occany_ros.synthetic.drive import make_drive
from occany_ros.synthetic.render import Shots
from occany_ros.synthetic.survey import survey
import pytest
import torch

WALL = 12.0
FOCAL = 60.0
SIZE = (16, 24)
PINHOLE = torch.tensor([[FOCAL, 0, 48], [0, FOCAL, 32], [0, 0, 1]])
MOUNT = torch.tensor([[0, 0, 1, 0.5], [-1, 0, 0, 0], [0, -1, 0, 1.6], [0, 0, 0, 1.0]])
PLAN = NovelViewPlan(views_per_frame=1, forward_m=1.5, rotate_deg=30.0, lateral_m=1.0)


def ahead(*metres):
    poses = torch.eye(4).repeat(len(metres), 1, 1)
    poses[:, 2, 3] = torch.tensor(metres)
    return poses


def wall_sources(places):
    """Cameras before a wall at z = 12 m."""
    count = len(places)
    depth = WALL - torch.tensor(places)
    return Sources(
        log_depth=depth.log()[:, None, None].expand(count, *SIZE).contiguous(),
        confidence=torch.full((count, *SIZE), 5.0),
        hidden=torch.ones(count, 3, *SIZE) * torch.arange(count)[:, None, None, None],
        descriptors=torch.nn.functional.normalize(torch.ones(count, 4, 8, 12), dim=1),
        patches=torch.zeros(count, 10, 32, 48),
        intrinsics=PINHOLE.expand(count, 3, 3),
    )


def painted_wall(beside):
    """Brightness of a painted wall at z = 12 m in cameras so many metres to the right."""
    paint = torch.rand(1, 1, 44, 44, generator=torch.Generator().manual_seed(0))
    rows, columns = torch.meshgrid(torch.arange(32), torch.arange(48), indexing='ij')
    halves = []
    for metres in beside:
        x = (columns * 2 + 1 - PINHOLE[0, 2]) / FOCAL * WALL + metres
        y = (rows * 2 + 1 - PINHOLE[1, 2]) / FOCAL * WALL
        place = torch.stack((x, y), dim=-1)[None] / 22
        halves.append(torch.nn.functional.grid_sample(paint, place, align_corners=False))
    return torch.cat(halves)


def camera_at(place, seen):
    source = torch.linalg.inv(ahead(*seen)) @ ahead(place)
    return Imagined(
        intrinsics=PINHOLE[None],
        base_from_camera=MOUNT[None],
        source_from_camera=source[None],
        source=torch.arange(len(seen))[None],
        counts=torch.ones(1, len(seen), dtype=torch.bool),
        size=SIZE,
    )


def test_evidence_finds_a_wall_from_nearer_by():
    depths = torch.linspace(np.log(1.2), np.log(48), 48).exp()
    found = gather_evidence(wall_sources((0.0, 1.0)), camera_at(3.0, (0.0, 1.0)), depths)
    assert torch.allclose(found.log_depth.exp(), torch.tensor(9.0), rtol=0.08)
    assert (found.near.argmax(dim=1) == found.near.argmax(dim=1)[0, 0, 0]).all()
    before, behind = depths < 7, depths > 12
    assert (found.signed[:, before] > 0.9).all()
    assert (found.seen[:, behind] == 0).all()
    assert torch.allclose(found.hidden, torch.tensor(0.5), atol=0.02)


def test_a_source_that_is_not_asked_says_nothing():
    camera = camera_at(3.0, (0.0, 1.0))
    camera = replace(camera, counts=torch.tensor([[True, False]]))
    found = gather_evidence(wall_sources((0.0, 1.0)), camera, torch.tensor([8.0, 9.0, 10.0]))
    assert torch.equal(found.hidden, torch.zeros_like(found.hidden))
    assert (found.alike == 0).all()


def test_brightness_tells_fine_steps_apart():
    beside = (-4.2, 0.0, 4.2)
    sources = replace(wall_sources((0.0,) * 3), patches=patches_of(painted_wall(beside)))
    camera = camera_at(0.0, (0.0,) * 3)
    camera.source_from_camera[0, :, 0, 3] = -torch.tensor(beside)
    offsets = torch.linspace(-0.15, 0.15, 13)
    answer = torch.full((1, *SIZE), np.log(WALL) + 0.05)
    alike, sharing = compared(sources, camera, answer, offsets)
    middle = alike[:, :, 4:-4, 8:-8].mean(dim=(0, 2, 3))
    assert offsets[middle.argmax()] == pytest.approx(-0.05, abs=1e-6)
    assert middle.max() > 1.2 * middle.median()
    assert sharing.max() == 1


def test_first_ends_are_chances():
    hazard = torch.randn(2, 7, 3, 4, generator=torch.Generator().manual_seed(0))
    chances = first_ends(hazard).exp()
    assert torch.allclose(chances.sum(dim=1), torch.ones(2, 3, 4), atol=1e-6)
    certain = torch.tensor([-20.0, 20.0, 20.0])[None, :, None, None]
    assert first_ends(certain).exp()[0, 1, 0, 0] == pytest.approx(1.0)


def test_the_answer_lies_between_the_places_around_the_likeliest():
    chances = torch.tensor([0.05, 0.1, 0.4, 0.4, 0.05])[None, :, None, None]
    place, mass = around_best(chances, torch.arange(5.0))
    assert place.item() == pytest.approx((1 * 0.1 + 2 * 0.4 + 3 * 0.4) / 0.9)
    assert mass.item() == pytest.approx(0.9)


def test_sources_are_chosen_for_what_the_others_do_not_cover():
    covers = torch.tensor([[[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]]).bool()
    source, counts = chosen(covers, 3)
    assert source[0].tolist()[:2] == [0, 2]
    assert counts[0].tolist() == [True, True, True]
    assert not chosen(covers, 4)[1][0, 3]


def test_points_behind_a_camera_cover_nothing():
    points = torch.tensor([0.0, 0, 5]).expand(1, 8, 8, 3)
    turned = torch.diag(torch.tensor([-1.0, 1, -1, 1]))[None]
    assert coverage(points, ahead(0.0), PINHOLE[None], SIZE).any()
    assert not coverage(points, turned, PINHOLE[None], SIZE).any()


def test_brightness_is_relative_to_what_is_around():
    grey = torch.randint(0, 256, (1, 20, 24), generator=torch.Generator().manual_seed(1)).byte()
    dim = (grey.float() * 0.5 + 20).byte()
    bright, faint = (patches_of(halved(image)) for image in (grey, dim))
    assert bright.shape == (1, 10, 10, 12)
    assert torch.allclose(bright, faint, atol=0.1)
    assert patches_of(halved(torch.full((1, 20, 24), 90).byte())).abs().max() < 0.05


@pytest.fixture(scope='module')
def street():
    drive = make_drive(903, rig='front', rate_hz=4.0, steps=4, size=(160, 512))
    steps = list(drive)
    frames = [step.frames.frames[0] for step in steps]
    images = torch.from_numpy(np.stack([frame.image for frame in frames])).float() / 127.5 - 1
    mount, pinhole = (
        torch.from_numpy(np.asarray(part, np.float32)).expand(4, *part.shape)
        for part in (frames[0].camera.base_from_camera, frames[0].camera.intrinsics)
    )
    views = Views(
        images=images.permute(0, 3, 1, 2),
        cameras=('front',) * 4,
        stamps_ns=tuple(frame.stamp_ns for frame in frames),
        intrinsics=pinhole,
        base_from_camera=mount,
    )
    model = load_tiny()
    tokens = model.encode(views)
    memory = model.remember(None, tokens)
    return drive, model, memory, tokens, model.render(memory, tokens)


def test_imagined_views_are_maps_at_the_poses_that_were_asked_for(street):
    _, model, memory, tokens, seen = street
    poses = novel_poses(seen.world_from_camera, PLAN).world_from_camera
    answer = model.render_novel(memory, tokens, seen, poses)
    assert isinstance(model, NovelViewRenderer)
    assert answer.world_points.shape == (12, 40, 128, 3)
    assert labels_of(answer).shape == answer.confidence.shape == (12, 40, 128)
    assert labels_of(answer).dtype == torch.uint8
    assert answer.confidence.min() >= 1
    assert answer.world_points.isfinite().all()
    assert torch.equal(answer.world_from_camera, poses)
    again = model.render_novel(memory, tokens, seen, poses)
    assert torch.equal(answer.world_points, again.world_points)
    some = model.render_novel(memory, tokens, seen, poses[[7, 2]])
    assert torch.allclose(some.world_points, answer.world_points[[7, 2]], atol=1e-3)
    assert (labels_of(some) == labels_of(answer)[[7, 2]]).float().mean() > 0.999


def test_imagined_depth_is_nearer_to_the_truth_than_the_nearest_points(street):
    drive, model, memory, tokens, seen = street
    plan = replace(PLAN, rotate_deg=0.0)
    poses = novel_poses(seen.world_from_camera, plan).world_from_camera
    answer = model.render_novel(memory, tokens, seen, poses)
    camera = drive.cameras[0]
    pinhole = camera.intrinsics.copy()
    pinhole[:2] /= 4
    pinhole[:2, 2] -= 0.5
    step = np.eye(4)
    step[2, 3] = plan.forward_m
    places = drive.world_from_base @ camera.base_from_camera @ step
    truth = survey([drive.scene] * 4, Shots(places, np.stack([pinhole] * 4), [0] * 4), (40, 128))
    depth, label = torch.from_numpy(truth.depth), torch.from_numpy(truth.label)
    counts = (depth > 1.5) & (depth < 20) & ~torch.isin(label, torch.tensor([11, 12, 13, 14]))
    inverse = torch.linalg.inv(poses)
    ours = torch.einsum('rj,rhwj->rhw', inverse[:, 2, :3], answer.world_points)
    ours = ours + inverse[:, 2, 3, None, None]
    error = (ours / depth - 1).abs()[counts]
    sure = answer.confidence[counts] > answer.confidence[counts].median()
    assert error.median() < 0.07
    assert error[sure].mean() < 0.5 * error[~sure].mean()
    assert (labels_of(answer) == label)[depth > 0].float().mean() > 0.75


def test_weights_without_a_rendering_stage_say_so(street):
    _, model, memory, tokens, seen = street
    without = TinyOccAny(model.network)
    with pytest.raises(ValueError, match='occany train --stage rendering'):
        without.render_novel(memory, tokens, seen, seen.world_from_camera)


def test_random_weights_can_imagine_too():
    assert load_tiny(weights=None).rendering is not None
    assert ImaginationConfig().sources == 5


def test_a_camera_in_a_wall_does_not_stand_free():
    depth = torch.full((2, *SIZE), WALL)
    seen = Prediction(
        world_points=torch.zeros(2, *SIZE, 3),
        local_points=torch.stack((depth, depth, depth), dim=-1),
        confidence=torch.ones(2, *SIZE),
        world_from_camera=ahead(0.0, 1.0),
        focal=torch.full((2,), FOCAL),
    )
    places = ahead(3.0, 12.1, 14.0, -5.0)  # the second camera sees no wall before 13 m
    free = stands_free(seen, PINHOLE.expand(2, 3, 3), places)
    assert free.tolist() == [True, True, False, True]
    seen.local_points[1, ..., 2] = 5
    assert not stands_free(seen, PINHOLE.expand(2, 3, 3), places)[1]
