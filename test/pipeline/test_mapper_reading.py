"""Labels that a reader takes from images or features, and keeps with the set they belong to."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from occany_ros.geometry.frame import FrameSet
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.occupancy.grid import FREE, GridSpec, UNKNOWN
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.host_maps import NonFiniteOutput
from occany_ros.pipeline.label_rules import LabelRules
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.memory_ladder import Ladder
from occany_ros.semantics.class_file import read_class_set
from occany_ros.semantics.classes import KITTI, OCC3D
from oracle_reconstructor import frame_set, mounted, Oracle, ROAD, S, START_NS, WALL
from oracle_renderer import Imaginer
import pytest
import torch

GRID = GridSpec(origin=(-20.0, -20.0, -1.0), resolution=0.5, shape=(80, 80, 12))
PLANNER = Path(__file__).parents[2] / 'config' / 'classes' / 'planner.yaml'
FRONT, REAR = mounted('front'), mounted('rear', yaw_deg=180.0)
NO_MASK = 255
TREE, CAR = OCC3D.names.index('vegetation'), OCC3D.names.index('car')
RED = 250
"""What a red pixel is at least: the reader below knows things by it."""


class Featured(Oracle):
    """Knows a pyramid of features too: the time of the view, in each pixel."""

    def render(self, memory, tokens):
        times = [
            (view.stamp_ns - START_NS) / S + 0.25 * (view.camera == 'rear') for view in tokens
        ]
        level = torch.tensor(times)[:, None, None, None] * torch.ones(1, 4, 3, 5)
        return replace(super().render(memory, tokens), features=(level, level[:, :2]))


class ColourReader:
    """Reads classes from colours: the red channel is the class, from 250 on there is no mask."""

    def __init__(self, no_mask=NO_MASK):
        self.asked = []
        self.features = []
        self.no_mask = no_mask

    def read(self, images, features):
        """Look at the red channel."""
        self.asked.append(np.stack(images))
        self.features.append([level.clone() for level in features])
        red = np.stack(images)[..., 0]
        return np.where(red >= RED, self.no_mask, red).astype(np.uint8)


def coloured(cameras, seconds, colour, mask=None):
    """Make a set in which everything has one class, or each camera its own."""
    frames = []
    for frame in frame_set(cameras, seconds).frames:
        image = frame.image.copy()
        image[..., 0] = colour[frame.camera.name] if isinstance(colour, dict) else colour
        frames.append(replace(frame, image=image, mask=mask))
    return FrameSet(tuple(frames))


def mapper_with(reader, oracle=None, *, classes=OCC3D, rules=None, **settings):
    """Make a mapper that asks a reader."""
    options = {'grid': GRID, 'min_interval_s': 0.4, 'frames': 3} | settings
    labels = LabelRules(**{'source': 'pretrained'} | (rules or {}))
    return Mapper(
        reconstructor=oracle or Oracle([FRONT, REAR]),
        classes=classes,
        image_size=lambda _width, _height: (64, 32),
        config=MapperConfig(labels=labels, **options),
        device=torch.device('cpu'),
    ).with_reader(reader)


def drive(mapper, colours, cameras=(FRONT,)):
    """Map one set for each colour; gives the last state and all answers."""
    state, answers = mapper.initial(), []
    for index, colour in enumerate(colours):
        state, answer = mapper.step(state, coloured(cameras, 0.5 * index, colour))
        answers.append(answer)
    return state, answers


def classes_in(answer):
    """Name the classes of the occupied voxels."""
    labels = np.unique(answer.grid.labels[answer.grid.labels != FREE])
    return {answer.grid.class_names[label] for label in labels}


@pytest.mark.parametrize('anchor', ['newest', 'first'])
def test_an_image_is_read_once_and_its_labels_stay_with_it(anchor):
    reader = ColourReader()
    state, answers = drive(mapper_with(reader, anchor=anchor), [WALL, TREE, CAR, ROAD])
    assert [asked.shape for asked in reader.asked] == [(1, 32, 64, 3)] * 4
    assert [int(asked[0, 0, 0, 0]) for asked in reader.asked] == [WALL, TREE, CAR, ROAD]
    assert [np.unique(entry.labels).tolist() for entry in state.window] == [[TREE], [CAR], [ROAD]]
    assert classes_in(answers[0]) == {'manmade'}
    assert classes_in(answers[1]) == {'manmade', 'vegetation'}
    assert 'manmade' not in classes_in(answers[-1])  # its set has left the window
    assert np.unique(answers[-1].views[0].labels).tolist() == [OCC3D.grid_from_native[ROAD]]


@pytest.mark.parametrize('anchor', ['newest', 'first'])
def test_features_are_those_of_the_newest_set(anchor):
    reader, cameras = ColourReader(), [FRONT, REAR]
    mapper = mapper_with(reader, Featured(cameras), anchor=anchor, rules={'source': 'distill'})
    _, answers = drive(mapper, [{'front': WALL, 'rear': TREE}] * 3, cameras)
    for step, (first, second) in enumerate(reader.features):
        assert (first.shape, second.shape) == ((2, 4, 3, 5), (2, 2, 3, 5))
        assert first[:, 0, 0, 0].tolist() == [0.5 * step, 0.5 * step + 0.25]
    assert [image[0, 0, 0] for image in reader.asked[-1]] == [WALL, TREE]
    shown = [np.unique(view.labels).tolist() for view in answers[-1].views]
    assert shown == [[OCC3D.grid_from_native[WALL]], [OCC3D.grid_from_native[TREE]]]


def test_who_looks_at_images_gets_no_features():
    reader = ColourReader()
    drive(mapper_with(reader, Featured([FRONT])), [WALL])
    assert reader.features == [[]]


@pytest.mark.parametrize(('classes', 'nothing'), [(OCC3D, 17), (OCC3D, 255), (KITTI, 0)])
def test_what_has_no_mask_is_there_all_the_same(classes, nothing):
    reader = ColourReader(no_mask=nothing)
    _, (answer,) = drive(mapper_with(reader, classes=classes), [RED])
    _, (named,) = drive(mapper_with(ColourReader(), classes=classes), [10])
    assert classes_in(answer) == {'other'}
    assert not answer.views[0].is_labelled
    np.testing.assert_array_equal(answer.grid.labels == FREE, named.grid.labels == FREE)


def test_a_reader_answers_in_the_classes_in_use():
    classes = read_class_set(PLANNER, OCC3D)
    static = classes.names.index('static')
    _, (answer,) = drive(mapper_with(ColourReader(), classes=classes), [static])
    assert classes_in(answer) == {'static'}


@pytest.mark.parametrize('stride', [1, 2])
def test_hidden_pixels_have_no_label(stride):
    mask = np.ones((64, 128), np.bool_)
    mask[:, :64] = False
    mapper = mapper_with(ColourReader(), Oracle([FRONT], stride=stride))
    _, answer = mapper.step(mapper.initial(), coloured([FRONT], 0.0, WALL, mask))
    labels = answer.views[0].labels
    assert labels.shape == (32, 64)
    assert (labels[:, :32] == UNKNOWN).all()
    assert (labels[:, 32:] == OCC3D.grid_from_native[WALL]).all()


def test_sets_between_are_not_read_and_take_the_labels_of_the_same_places():
    reader = ColourReader()
    _, answers = drive(mapper_with(reader, rules={'every': 3}), [WALL, TREE, TREE, ROAD, TREE])
    assert [int(asked[0, 0, 0, 0]) for asked in reader.asked] == [WALL, ROAD]
    for answer in answers[:3]:
        assert classes_in(answer) - {'other'} == {'manmade'}
        assert answer.views[0].is_labelled
    both = {'manmade', 'driveable_surface'}
    for answer in answers[3:]:
        assert classes_in(answer) - {'other'} == both
    known = np.isin(answers[2].grid.labels, (FREE, OCC3D.grid_from_native[OCC3D.other]))
    occupied = answers[2].grid.labels != FREE
    assert (~known).sum() > 0.5 * occupied.sum()


def test_grids_vote_on_what_was_read():
    def last(votes):
        mapper = mapper_with(ColourReader(), frames=1, rules={'votes': votes})
        grid = drive(mapper, [WALL, WALL, TREE])[1][-1].grid
        return np.count_nonzero(grid.labels == OCC3D.grid_from_native[WALL])

    assert last(0) == 0
    assert last(3) > 100


def test_what_moved_by_its_labels_leaves_no_trail():
    class Near(Oracle):
        """Sees everything of the first view right ahead."""

        def encode(self, views):
            tokens = super().encode(views)
            if len(self.encoded) == 1:
                tokens[0].local_points[:] *= 1.5 / tokens[0].local_points[..., 2:]
            return tokens

    def cars(moving):
        oracle = Near([FRONT], where=lambda _stamp_ns: np.eye(4))
        mapper = mapper_with(ColourReader(), oracle, rules={'moving': moving})
        grid = drive(mapper, [CAR, WALL])[1][-1].grid
        return np.count_nonzero(grid.labels == OCC3D.grid_from_native[CAR])

    assert cars(None) < 0.7 * cars(frozenset())


def test_novel_views_stay_without_labels():
    plan = NovelViewPlan(views_per_frame=2, forward_m=4.0, rotate_deg=60.0, lateral_m=1.0)
    mapper = mapper_with(ColourReader(), Imaginer([FRONT]), novel=plan, rules={'every': 2})
    _, answers = drive(mapper, [WALL] * 2)
    seen = [drive(mapper.in_mode('fast'), [WALL] * 2)[1][index] for index in range(2)]
    for answer, plain in zip(answers, seen, strict=True):
        assert classes_in(answer) == {'manmade', 'other'}
        added = (answer.grid.labels != FREE) & (plain.grid.labels == FREE)
        assert added.sum() > 100
        assert set(answer.grid.labels[added]) == {int(OCC3D.grid_from_native[OCC3D.other])}


def test_nobody_is_asked_where_labels_are_off():
    reader = ColourReader()
    _, answers = drive(mapper_with(reader, rules={'source': 'off'}), [WALL] * 2)
    assert not reader.asked
    assert classes_in(answers[-1]) == {'other'}


def test_an_answer_that_is_not_finite_is_not_read():
    oracle, reader = Oracle([FRONT]), ColourReader()
    oracle.poison = START_NS
    with pytest.raises(NonFiniteOutput):
        drive(mapper_with(reader, oracle), [WALL])
    assert not reader.asked


def test_a_reader_that_runs_out_of_memory_goes_down_the_same_ladder():
    class Hungry(ColourReader):
        """Fits once others have given way."""

        def read(self, images, features):
            if not falls:
                raise torch.OutOfMemoryError('CUDA out of memory')
            return super().read(images, features)

    falls = []
    ladder = Ladder(lambda: None, falls.append)
    mapper = mapper_with(Hungry(), mode='quality')
    _, answer = ladder.step(mapper, mapper.initial(), coloured([FRONT], 0.0, WALL))
    assert [(fall.was, fall.now) for fall in falls] == [('quality', 'balanced')]
    assert classes_in(answer) == {'manmade'}
