"""The demo's processes: the node, a player, and a recorder that watches both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
import subprocess
import sys
import time
from typing import Any, Final

from occany_ros.bags.cameras import CameraTopics
from occany_ros.bags.copying import copy_recording
from occany_ros.bags.reader import BagReader
from occany_ros.bags.writer import BagWriter
from occany_ros.cli.progress import Progress
from occany_ros.evaluation.demo_report import Latency, RunFigures
from occany_ros.ros.node_process import diagnostics_of, end, NodeProcess, start
from occany_ros.ros.recording.recorder import record, RecordReport

GRID: Final = '/occany/occupancy'
DIAGNOSTICS: Final = '/diagnostics'
READY_S: Final = 60.0
QUIET_S: Final = 2.5
STUCK_S: Final = 60.0
SUMS: Final = ('total', 'latency')  # they come last, being made of the others
PLAY: Final = 'import sys; from occany_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'


class NodeFailure(RuntimeError):  # noqa: N818 - it names what happened
    """The node did not start or did not last; the message holds its reasons."""


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """
    What is played to the node, and how.

    :param bag: to play.
    :param cameras: its cameras.
    :param sets: number of time steps in it.
    :param length_s: from the first to the last, seconds.
    :param rate: speed of playing.
    :param step: play a set only when the last was answered, so that none is skipped.
    """

    bag: Path
    cameras: tuple[CameraTopics, ...]
    sets: int
    length_s: float
    rate: float
    step: bool

    @property
    def sets_hz(self) -> float:
        """Return how many sets are played a second."""
        return (self.sets - 1) / self.length_s * self.rate if self.length_s else 0.0

    def command(self) -> list[str]:
        """Write the command line of the player."""
        topics = [camera.image for camera in self.cameras]
        command = [sys.executable, '-c', PLAY, 'play', str(self.bag), '--rate', str(self.rate)]
        command += ['--wait-for', *topics, '--topics', *topics, '/tf', '/tf_static']
        command += [camera.info for camera in self.cameras if camera.info]
        return [*command, '--step-on', GRID] if self.step else command


def script_of(bag: Path, cameras: tuple[CameraTopics, ...], *, rate: float, step: bool) -> Script:
    """Count what is in a bag."""
    with BagReader(bag) as reader:
        count = max(reader.topics[camera.image].count for camera in cameras)
        stamps = [raw.stamp_ns for raw in reader.messages({cameras[0].image})]
    length_s = (max(stamps) - min(stamps)) / 1e9
    return Script(bag, cameras, count, length_s, rate, step)


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """
    A run of the node that is over.

    :param figures: what was measured.
    :param last_words: end of the node's log.
    """

    figures: RunFigures
    last_words: str


@dataclass(slots=True, eq=False)
class Watch:
    """
    What has been seen of a run so far.

    :param grids_s: steady time of every grid's arrival.
    :param diagnostics: newest report of the node.
    :param reported_s: steady time of it.
    """

    grids_s: list[float] = field(default_factory=list)
    diagnostics: dict[str, dict[str, str]] = field(default_factory=dict)
    reported_s: float = 0.0

    def take(self, topic: str, _: str, data: bytes) -> None:
        """Note a recorded message."""
        if topic == GRID:
            self.grids_s.append(time.monotonic())
        elif topic == DIAGNOSTICS:
            self.diagnostics = diagnostics_of(data)
            self.reported_s = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Tell the time since the last grid."""
        return time.monotonic() - self.grids_s[-1] if self.grids_s else 0.0


def run_node(script: Script, output: Path, parameters: Mapping[str, Any]) -> Played:
    """
    Play a bag to the node in its own process, and record what it answers.

    :param script: what is played, from a process of its own.
    :param output: bag to make: what the node published, and what was played.
    :param parameters: of the node.
    :raises NodeFailure: the node ended by itself or never became ready.
    """
    watch = Watch()
    folder = output.parent
    node = NodeProcess(parameters, folder / 'node.log', folder / 'parameters.yaml')
    conductor = _Conductor(script, node, watch)
    with BagWriter(output) as writer, node:
        try:
            record(writer, _is_output, conductor.go_on, watch.take)
        finally:
            conductor.close()
        peak = node.peak_bytes()
        with BagReader(script.bag) as reader:
            copy_recording(reader, writer)
    problems = list(conductor.problems)
    if node.returncode:
        problems.append(f'the node ended with code {node.returncode}')
    figures = _figures(watch, script, peak, problems)
    return Played(figures, node.last_words())


class _Conductor:
    """Decides what happens next, some twenty times a second."""

    def __init__(self, script: Script, node: NodeProcess, watch: Watch) -> None:
        self.problems: list[str] = []
        self._node = node
        self._watch = watch
        self._sets = script.sets
        self._player: subprocess.Popen[bytes] | None = None
        self._log = (node.log.parent / 'player.log').open('wb')
        self._started_s = time.monotonic()
        self._played_s = 0.0
        self._progress = Progress('the node is starting')
        self._command = script.command()

    def go_on(self, report: RecordReport) -> bool:
        """Start the player when the node is ready; tell whether to go on recording."""
        if not self._node.is_running:
            raise NodeFailure(f'the node ended by itself:\n{self._node.last_words()}')
        if self._player is None:
            return self._await_node(report)
        done = len(self._watch.grids_s)
        self._progress.show(min(done / max(self._sets, 1), 1.0), f'{done} of {self._sets} sets')
        if self._player.poll() is None:
            return True
        if not self._played_s:
            self._played_s = time.monotonic()
            if self._player.returncode:
                self.problems.append(self._players_words())
        over = done >= self._sets or self._watch.quiet_s > QUIET_S
        told = self._watch.reported_s > max([self._played_s, *self._watch.grids_s[-1:]])
        waited_s = time.monotonic() - self._played_s
        return not (over and told) and (waited_s < QUIET_S or done > 0 or waited_s < STUCK_S)

    def close(self) -> None:
        """End the player."""
        if self._player is not None:
            end(self._player)
            self._progress.done(f'{len(self._watch.grids_s)} of {self._sets} sets')
        self._log.close()

    def _await_node(self, report: RecordReport) -> bool:
        active = self._watch.diagnostics.get('output', {}).get('state') == 'active'
        if GRID in report.received and active:
            self._progress.done(f'ready after {time.monotonic() - self._started_s:.1f} s')
            self._progress = Progress('playing')
            self._player = start(self._command, self._log)
            return True
        waited_s = time.monotonic() - self._started_s
        self._progress.show(0.0, f'{waited_s:.0f} s')
        inference = self._watch.diagnostics.get('inference', {})
        if inference.get('is_error'):
            raise NodeFailure(f'the node cannot start: {inference["message"]}')
        if waited_s > READY_S:
            words = self._node.last_words()
            raise NodeFailure(f'the node is not active after {READY_S:.0f} s:\n{words}')
        return True

    def _players_words(self) -> str:
        self._log.flush()
        text = Path(self._log.name).read_text(encoding='utf-8', errors='replace')
        return f'the player: {" ".join(text.splitlines()[-2:])}'


def _is_output(topic: str) -> bool:
    return (
        topic.startswith('/occany/') and '/transition_event' not in topic
    ) or topic == DIAGNOSTICS


def _figures(watch: Watch, script: Script, peak: int, problems: list[str]) -> RunFigures:
    inference = watch.diagnostics.get('inference', {})
    received = int(watch.diagnostics.get('sync', {}).get('sets', 0))
    times = watch.grids_s
    lasted_s = times[-1] - times[0] if len(times) > 1 else 0.0
    return RunFigures(
        sent=script.sets,
        received=received,
        processed=len(times),
        sent_hz=0.0 if script.step else script.sets_hz,
        rate_hz=(len(times) - 1) / lasted_s if lasted_s else 0.0,
        stages=_stages(inference),
        peak_bytes=peak,
        model=inference,
        problems=tuple(problems),
    )


def _stages(inference: Mapping[str, str]) -> dict[str, Latency]:
    """Read the durations out of the node's report; the total comes last."""
    names = [key.removesuffix('_ms_p50') for key in inference if key.endswith('_ms_p50')]
    names = [name for name in names if name not in SUMS] + [name for name in SUMS if name in names]
    return {
        name: Latency(float(inference[f'{name}_ms_p50']), float(inference[f'{name}_ms_p95']))
        for name in names
    }
