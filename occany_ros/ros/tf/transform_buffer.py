"""A small transform tree over time, for machines without tf2_ros; knows no ROS."""

from bisect import bisect_left
from dataclasses import dataclass
from threading import Condition
from typing import Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.geometry.quaternion import quaternion_from_rotation, rotation_from_quaternion

NANOSECONDS: Final = 1_000_000_000
_MOST_FRAMES: Final = 2000
_MOST_STAMPS: Final = 10_000
_LONGEST_NAME: Final = 500


@dataclass(slots=True, eq=False)
class _Edge:
    """
    A frame's way to its parent: one transform for ever, or many with times, ascending.

    :param late: how many in a row came that were older than all that is kept.
    """

    parent: str
    stamps_ns: list[int]
    matrices: list[NDArray[np.float64]]
    is_static: bool
    late: int = 0


class TransformBuffer:
    """
    Transforms of the last seconds, looked up between any two frames.

    Safe to fill in one thread and to ask in another; nothing but dictionary work is done under
    its lock.

    :param keep_ns: how long transforms with a time are kept, by their own stamps.
    :param most: times kept of a frame.
    """

    def __init__(self, keep_ns: int = 10 * NANOSECONDS, most: int = _MOST_STAMPS) -> None:
        self._keep_ns = keep_ns
        self._most = most
        self._edges: dict[str, _Edge] = {}
        self._changed = Condition()

    def put(
        self,
        names: tuple[str, str],
        stamp_ns: int,
        parent_from_child: NDArray[np.float64],
        *,
        is_static: bool,
    ) -> None:
        """
        Take a transform in.

        One that is older than all that is kept is left out; a second one in a row begins anew:
        else a single stamp from the far future would shut out every true one for ever.

        :param names: parent and child.
        :param parent_from_child: (4, 4), metres.
        :raises ValueError: the names are empty, equal or too long, or there are too many frames.
        """
        parent, child = names[0].lstrip('/'), names[1].lstrip('/')
        self._check(parent, child)
        with self._changed:
            edge = self._edges.get(child)
            if edge is not None and not is_static:
                edge.late = edge.late + 1 if stamp_ns < edge.stamps_ns[-1] - self._keep_ns else 0
                if edge.late == 1 and not edge.is_static:
                    return
                edge = None if edge.late else edge
            if edge is None or is_static or edge.is_static or edge.parent != parent:
                edge = self._edges[child] = _Edge(parent, [], [], is_static)
            place = bisect_left(edge.stamps_ns, stamp_ns)
            if place < len(edge.stamps_ns) and edge.stamps_ns[place] == stamp_ns:
                edge.matrices[place] = parent_from_child
            else:
                edge.stamps_ns.insert(place, stamp_ns)
                edge.matrices.insert(place, parent_from_child)
            first = bisect_left(edge.stamps_ns, edge.stamps_ns[-1] - self._keep_ns)
            first = max(first, len(edge.stamps_ns) - self._most)
            del edge.stamps_ns[:first], edge.matrices[:first]
            self._changed.notify_all()

    def lookup(
        self, target: str, source: str, stamp_ns: int, timeout_s: float = 0.0
    ) -> NDArray[np.float64]:
        """
        Find the transform between two frames at a time.

        :param timeout_s: longest wait for it to come.
        :returns: target_from_source, (4, 4), metres.
        :raises LookupError: the frames are unknown, not connected, or not at that time.
        """
        target, source = target.lstrip('/'), source.lstrip('/')
        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(lambda: self._is_there(target, source, stamp_ns), timeout_s)
            return self._between(target, source, stamp_ns)

    def are_joined(self, first: str, second: str) -> bool:
        """Whether two frames are in one tree, at whatever time."""
        first, second = first.lstrip('/'), second.lstrip('/')
        with self._changed:
            if not (self._known(first) and self._known(second)):
                return False
            return self._ancestors(first)[-1] == self._ancestors(second)[-1]

    def parent_of(self, child: str) -> str | None:
        """Parent of a frame, None where it has none."""
        with self._changed:
            edge = self._edges.get(child.lstrip('/'))
            return None if edge is None else edge.parent

    def clear_times(self) -> None:
        """Forget everything but the static transforms: the clock jumped."""
        with self._changed:
            self._edges = {name: edge for name, edge in self._edges.items() if edge.is_static}

    def _check(self, parent: str, child: str) -> None:
        if not 0 < len(parent) <= _LONGEST_NAME or not 0 < len(child) <= _LONGEST_NAME:
            raise ValueError(f'frames: expected names of 1 to {_LONGEST_NAME} letters')
        if parent == child:
            raise ValueError(f'frame {child!r}: expected another frame for its parent, got itself')
        if child not in self._edges and len(self._edges) >= _MOST_FRAMES:
            raise ValueError(f'frame {child!r}: expected at most {_MOST_FRAMES} frames on /tf')

    def _known(self, frame: str) -> bool:
        return frame in self._edges or any(e.parent == frame for e in self._edges.values())

    def _is_there(self, target: str, source: str, stamp_ns: int) -> bool:
        try:
            self._between(target, source, stamp_ns)
        except LookupError:
            return False
        return True

    def _between(self, target: str, source: str, stamp_ns: int) -> NDArray[np.float64]:
        for frame in (target, source):
            if not self._known(frame):
                raise LookupError(f'frame {frame!r}: expected on /tf or /tf_static, got nothing')
        targets, sources = self._ancestors(target), self._ancestors(source)
        shared = next((frame for frame in sources if frame in targets), None)
        if shared is None:
            raise LookupError(
                f'frames {target!r} and {source!r}: expected one tree, got the roots '
                f'{targets[-1]!r} and {sources[-1]!r}'
            )
        shared_from_target = self._climbed(targets[: targets.index(shared)], stamp_ns)
        shared_from_source = self._climbed(sources[: sources.index(shared)], stamp_ns)
        return np.linalg.inv(shared_from_target) @ shared_from_source

    def _ancestors(self, frame: str) -> list[str]:
        """Frames from this one up to its root."""
        frames = [frame]
        while frames[-1] in self._edges:
            parent = self._edges[frames[-1]].parent
            if parent in frames:
                raise LookupError(f'frame {frame!r}: expected a tree, got the circle {frames}')
            frames.append(parent)
        return frames

    def _climbed(self, frames: list[str], stamp_ns: int) -> NDArray[np.float64]:
        """Transform from the first of these frames to the parent of the last."""
        matrix = np.eye(4)
        for frame in frames:
            matrix = _at(self._edges[frame], frame, stamp_ns) @ matrix
        return matrix


def _at(edge: _Edge, child: str, stamp_ns: int) -> NDArray[np.float64]:
    if edge.is_static:
        return edge.matrices[-1]
    place = bisect_left(edge.stamps_ns, stamp_ns)
    if place < len(edge.stamps_ns) and edge.stamps_ns[place] == stamp_ns:
        return edge.matrices[place]
    if place in (0, len(edge.stamps_ns)):
        first, last = (value / NANOSECONDS for value in (edge.stamps_ns[0], edge.stamps_ns[-1]))
        raise LookupError(
            f'{edge.parent!r} <- {child!r}: expected at {stamp_ns / NANOSECONDS:.3f} s, '
            f'got {first:.3f} to {last:.3f} s'
        )
    before, after = place - 1, place
    span = edge.stamps_ns[after] - edge.stamps_ns[before]
    share = (stamp_ns - edge.stamps_ns[before]) / span
    return _mixed(edge.matrices[before], edge.matrices[after], share)


def _mixed(
    first: NDArray[np.float64], second: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Go the share of the way: the position straight, the rotation on the great circle."""
    a, b = (quaternion_from_rotation(matrix[:3, :3]) for matrix in (first, second))
    cosine = float(a @ b)
    a, cosine = (a, cosine) if cosine >= 0 else (-a, -cosine)
    angle = np.arccos(min(cosine, 1.0))
    if angle < 1e-6:
        mixed = a + share * (b - a)
    else:
        mixed = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_from_quaternion(mixed)
    matrix[:3, 3] = (1 - share) * first[:3, 3] + share * second[:3, 3]
    return matrix
