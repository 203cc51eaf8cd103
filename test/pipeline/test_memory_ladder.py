"""Out of memory: the same set in the next lower mode, and never up again by itself."""

import weakref

import numpy as np
from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.occupancy.grid import GridSpec
from occany_ros.pipeline.config import MapperConfig
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.memory_ladder import Fall, is_out_of_memory, Ladder, OutOfMemory
from occany_ros.pipeline.replay import map_recording
from occany_ros.semantics.classes import OCC3D
from oracle_reconstructor import frame_set, mounted
from oracle_renderer import Imaginer
import pytest
import torch

FRONT = mounted('front')
CPU_TEXT = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
ERRORS = [
    torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB'),
    RuntimeError('CUDA error: out of memory'),
    RuntimeError(CPU_TEXT),
    RuntimeError('CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate'),
    MemoryError(),
    np._core._exceptions._ArrayMemoryError((9, 9), np.dtype(float)),
]


class Hungry(Imaginer):
    """Runs out of memory where more novel views are asked for than fit."""

    def __init__(self, room, error=ERRORS[0]):
        super().__init__([FRONT])
        self.room = room
        self.error = error
        self.asked = []
        self.held = []

    def render(self, memory, tokens):
        if self.room < 0:
            raise type(self.error)(*self.error.args)
        return super().render(memory, tokens)

    def render_novel(self, memory, tokens, seen, world_from_camera):
        self.asked.append(len(world_from_camera))
        if len(world_from_camera) > self.room:
            scratch = torch.zeros(1000)
            self.held.append(weakref.ref(scratch))
            raise type(self.error)(*self.error.args)
        return super().render_novel(memory, tokens, seen, world_from_camera)


class Bench:
    """A ladder, and what it told."""

    def __init__(self, network, mode='quality'):
        plan = NovelViewPlan(views_per_frame=2, forward_m=2.0, rotate_deg=60.0, lateral_m=2.0)
        grid = GridSpec(origin=(-8.0, -10.0, -1.0), resolution=1.0, shape=(24, 20, 6))
        self.network = network
        self.mapper = Mapper(
            reconstructor=network,
            classes=OCC3D,
            image_size=lambda _width, _height: (64, 32),
            config=MapperConfig(grid=grid, novel=plan, mode=mode, frames=1),
            device=torch.device('cpu'),
        )
        self.falls = []
        self.alive_at_release = []
        self.ladder = Ladder(self.release, self.falls.append)
        self.state = self.mapper.initial()

    def release(self):
        self.alive_at_release.append(sum(item() is not None for item in self.network.held))

    def step(self, seconds=0.0):
        frames = frame_set([FRONT], seconds)
        self.state, occupancy = self.ladder.step(self.mapper, self.state, frames)
        return occupancy


@pytest.mark.parametrize('error', ERRORS, ids=lambda error: type(error).__name__)
def test_every_way_to_say_it_is_understood(error):
    assert is_out_of_memory(error)
    bench = Bench(Hungry(3, error))
    assert bench.step().imagined.mode == 'balanced'
    assert len(bench.falls) == 1


@pytest.mark.parametrize(
    'error', [ValueError('out of memory'), RuntimeError('shapes differ'), KeyError('memory')]
)
def test_other_errors_are_left_alone(error):
    assert not is_out_of_memory(error)
    bench = Bench(Hungry(3, error))
    with pytest.raises(type(error)):
        bench.step()
    assert bench.falls == []
    assert bench.ladder.ceiling == 'quality'


@pytest.mark.parametrize(
    ('room', 'mode', 'falls'), [(6, 'quality', 0), (3, 'balanced', 1), (0, 'fast', 2)]
)
def test_the_same_set_is_mapped_in_the_highest_mode_that_fits(room, mode, falls):
    bench = Bench(Hungry(room))
    occupancy = bench.step()
    assert occupancy.imagined.mode == mode
    assert len(bench.falls) == falls
    assert bench.ladder.ceiling == mode
    lower = Bench(Hungry(6), mode).step()
    assert np.array_equal(occupancy.grid.labels, lower.grid.labels)


def test_what_the_failed_step_held_is_free_before_memory_is_given_back():
    bench = Bench(Hungry(0))
    bench.step()
    assert len(bench.network.held) == 2
    assert bench.alive_at_release == [0, 0]


def test_it_does_not_climb_by_itself():
    network = Hungry(3)
    bench = Bench(network)
    bench.step()
    network.room = 1000
    for beat in range(1, 6):
        assert bench.step(0.5 * beat).imagined.mode == 'balanced'
    assert bench.ladder.allowed('quality') == 'balanced'
    assert bench.ladder.allowed('fast') == 'fast'
    fresh = Ladder(lambda: None, bench.falls.append)
    assert fresh.step(bench.mapper, bench.state, frame_set([FRONT], 3.0))[1].imagined.mode == (
        'quality'
    )


def test_at_the_bottom_the_set_is_given_up_and_the_state_is_kept():
    network = Hungry(6)
    bench = Bench(network)
    bench.step()
    before = bench.state
    network.room = -1
    with pytest.raises(OutOfMemory, match=r'memory\.frames'):
        bench.step(0.5)
    assert bench.state is before
    assert [(fall.was, fall.now) for fall in bench.falls] == [
        ('quality', 'balanced'),
        ('balanced', 'fast'),
        ('fast', 'fast'),
    ]
    network.room = 6
    assert bench.step(1.0).imagined.mode == 'fast'


def test_the_warning_names_modes_cause_and_remedy():
    text = Fall('quality', 'balanced', 'CUDA out of memory').text
    for part in ('mode quality', 'mode balanced', 'set again', 'model.image_size', 'CUDA'):
        assert part in text
    assert 'set dropped' in Fall('fast', 'fast', 'x').text


def test_a_recording_goes_on_too():
    network = Hungry(3)
    bench = Bench(network)
    sets = [frame_set([FRONT], 0.5 * beat) for beat in range(3)]
    mapped = list(map_recording(bench.mapper, sets, bench.ladder))
    assert [entry.occupancy.imagined.mode for entry in mapped] == ['balanced'] * 3
    network.room = -1
    mapped = list(map_recording(bench.mapper, sets, bench.ladder))
    assert [entry.occupancy for entry in mapped] == [None] * 3
    assert isinstance(mapped[0].failure, OutOfMemory)
