"""Recordings through the grouper and the mapper, without ROS and without dropping anything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from occany_ros.geometry.frame import FrameSet
from occany_ros.models.prediction import MemoryT, TokensT
from occany_ros.pipeline.host_maps import NonFiniteOutput
from occany_ros.pipeline.mapper import Mapper
from occany_ros.pipeline.memory_ladder import Ladder, OutOfMemory
from occany_ros.pipeline.occupancy_update import Occupancy
from occany_ros.pipeline.state import MapperState
from occany_ros.pipeline.synchronisation.arrivals import Arrival, Group, Grouped, PayloadT
from occany_ros.pipeline.synchronisation.synchroniser import Synchroniser


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """
    What became of one set of a recording.

    :param frames: the set.
    :param occupancy: None where the network's answer was not finite, or memory ran out.
    :param failure: then the reason.
    """

    frames: FrameSet
    occupancy: Occupancy | None
    failure: NonFiniteOutput | OutOfMemory | None = None


def grouped_recording(
    arrivals: Iterable[Arrival[PayloadT]], grouper: Synchroniser[PayloadT]
) -> Iterator[Grouped[PayloadT]]:
    """
    Group recorded messages with the time they were recorded as the clock.

    :param arrivals: in the order of ``received_ns``.
    :param grouper: makes the sets; it has seen nothing yet.
    :returns: what each message brought about; in the end the sets that are still incomplete.
    """
    now_ns = None
    for arrival in arrivals:
        now_ns = arrival.received_ns
        while (due_ns := grouper.next_deadline_ns) is not None and due_ns < now_ns:
            yield grouper.poll(due_ns)
        yield grouper.push(arrival, now_ns)
    if now_ns is not None:
        yield grouper.drain(now_ns)


def group_recording(
    arrivals: Iterable[Arrival[PayloadT]], grouper: Synchroniser[PayloadT]
) -> Iterator[Group[PayloadT]]:
    """
    Group recorded messages as `grouped_recording` does.

    :returns: every set.
    """
    for grouped in grouped_recording(arrivals, grouper):
        yield from grouped.groups


def map_recording(
    mapper: Mapper[TokensT, MemoryT],
    sets: Iterable[FrameSet],
    ladder: Ladder[TokensT, MemoryT] | None = None,
) -> Iterator[Mapped]:
    """
    Map every set of a recording in turn.

    :param sets: oldest first.
    :param ladder: what to do when memory runs out; None: go on in a lower mode and tell nobody.
    :returns: one entry a set, as it is done.
    """
    state = mapper.initial()
    ladder = ladder or Ladder(lambda: None, lambda _: None)
    for frames in sets:
        state, mapped = _attempt(ladder, mapper, state, frames)
        yield mapped


def _attempt(
    ladder: Ladder[TokensT, MemoryT],
    mapper: Mapper[TokensT, MemoryT],
    state: MapperState[TokensT, MemoryT],
    frames: FrameSet,
) -> tuple[MapperState[TokensT, MemoryT], Mapped]:
    try:
        after, occupancy = ladder.step(mapper, state, frames)
    except (NonFiniteOutput, OutOfMemory) as failure:
        return state, Mapped(frames, None, failure)
    return after, Mapped(frames, occupancy)
