"""Figures to ``DiagnosticStatus`` messages; free functions, no node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from occany_ros.pipeline.synchronisation.arrivals import CameraStatistics, Closing, Event
from occany_ros.ros.cameras.inputs import CameraState
from occany_ros.ros.messages.convert import time_message
from occany_ros.ros.progress import Progress

OK: Final = DiagnosticStatus.OK
WARN: Final = DiagnosticStatus.WARN
ERROR: Final = DiagnosticStatus.ERROR
STALE: Final = DiagnosticStatus.STALE
_PARTIAL_SHARE: Final = 0.2
_MEBI: Final = 1 << 20
_STARTS_OVER: Final = (
    'sets are used further apart than memory.max_gap, so each forgets the one before it and the '
    'odometry starts anew; raise memory.max_gap above the time of a set (latency_ms_p95 of '
    'inference), or lower mode'
)
_PARTIAL_REMEDY: Final = (
    'see the cameras, synchronise the clocks of their drivers, or raise sync.slop or sync.max_wait'
)


@dataclass(frozen=True, slots=True, eq=False)
class CameraReport:
    """
    Everything about one camera.

    :param statistics: of the synchroniser.
    :param state: of its subscriptions.
    :param size: height and width of its images, None before the first.
    :param undecodable: images that could not be decoded.
    :param decode_error: what the last of them said.
    :param note: about its calibration, empty where all is well.
    :param calibrated: whether its focal length is known.
    :param mounted: whether its place on the robot is known.
    :param extrinsics: how: ``mounting``, ``tf`` or ``none``.
    :param is_needed: there are no sets without it.
    :param has_just_dropped: whether an image could not be decoded lately.
    """

    statistics: CameraStatistics
    state: CameraState
    size: tuple[int, int] | None
    undecodable: int
    decode_error: str
    note: str
    calibrated: bool
    mounted: bool
    is_needed: bool = False
    extrinsics: str = 'none'
    has_just_dropped: bool = False


def status(
    name: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """Make one status; floats are cut to what a person reads."""
    texts = {
        key: f'{value:.3f}' if isinstance(value, float) else str(value)
        for key, value in values.items()
    }
    return DiagnosticStatus(
        name=f'occany: {name}',
        level=level,
        message=message,
        hardware_id='occany',
        values=[KeyValue(key=key, value=value) for key, value in texts.items()],
    )


def array(statuses: Sequence[DiagnosticStatus], stamp_ns: int) -> DiagnosticArray:
    """Make the message of a report."""
    message = DiagnosticArray(status=list(statuses))
    message.header.stamp = time_message(stamp_ns)
    return message


def camera_status(report: CameraReport) -> DiagnosticStatus:
    """Rate, age, skew and drops of a camera."""
    statistics, state = report.statistics, report.state
    level, message = _camera_verdict(report)
    silence = statistics.silence_ns
    values: dict[str, object] = {
        'topic': state.choice.topic if state.choice else 'none',
        'type': state.choice.type_name if state.choice else 'none',
        'encoding': state.encoding,
        'size': f'{report.size[1]}x{report.size[0]}' if report.size else 'unknown',
        'frame_id': state.frame_id,
        'rate_hz': statistics.rate_hz,
        'age_s': statistics.age_ns / 1e9,
        'silence_s': 'never spoke' if silence is None else silence / 1e9,
        'skew_ms': statistics.skew_ns / 1e6,
        'received': statistics.received,
        'sets': statistics.sets,
        'missed': statistics.missed,
        'undecodable': report.undecodable,
        'drops': report.undecodable + dropped(statistics.events),
        'qos_mismatch': state.incompatible,
        'calibrated': report.calibrated,
        'extrinsics': report.extrinsics,
    }
    values |= {event.value: count for event, count in statistics.events.items()}
    if report.decode_error:
        values['last_error'] = report.decode_error
    return status(f'camera {statistics.name}', level, message, values)


def dropped(events: Mapping[Event, int]) -> int:
    """Count the messages of a camera that were not used."""
    kept = (Event.ZERO_STAMP, Event.OUT_OF_ORDER)
    return sum(count for event, count in events.items() if event not in kept)


def sync_status(
    cameras: Sequence[CameraReport],
    closings: Mapping[Closing, int],
    values: Mapping[str, object],
) -> DiagnosticStatus:
    """
    Tell how sets came to be.

    :param values: figures to show besides.
    """
    sets = sum(closings.values())
    whole = closings.get(Closing.COMPLETE, 0)
    partial = sets - whole
    level, message = OK, f'{sets} sets'
    if sets and partial > _PARTIAL_SHARE * sets:
        level, message = WARN, f'{partial} of {sets} sets lack a camera; {_PARTIAL_REMEDY}'
    elif not sets and any(camera.statistics.received for camera in cameras):
        level, message = WARN, 'images come, but no set'
    values = {'sets': sets, 'partial_sets': partial, **values}
    values |= {f'closed: {closing.value}': count for closing, count in closings.items()}
    return status('sync', level, message, values)


def inference_status(
    progress: Progress, model: Mapping[str, str], problem: str
) -> DiagnosticStatus:
    """Latency of every stage, rate, failures and which weights are at work."""
    failed = sum(progress.failures.values())
    imagined = progress.imagined  # read once: the worker exchanges it meanwhile
    level, message = OK, f'{progress.rate_hz:.2f} Hz'
    if problem:
        level, message = ERROR, problem
    elif progress.has_just_failed:
        level, message = WARN, f'{failed} sets failed: {progress.last_failure}'
    else:
        notes = _notes(progress, model)
        if notes:
            level, message = WARN, '; '.join((message, *notes))
    values: dict[str, object] = dict(model)
    values |= {
        'mode': imagined.mode,
        'mode_asked': progress.mode_asked,
        'oom_count': progress.out_of_memory,
        'busy_s': progress.busy_s,
        'novel_views': imagined.views,
        'novel_plan': imagined.plan or 'none',
    }
    values |= {'rate_hz': progress.rate_hz, 'outputs': progress.outputs, 'failures': failed}
    values |= {f'failed: {kind}': count for kind, count in dict(progress.failures).items()}
    if failed:
        values['last_failure'] = progress.last_failure
    for name, spread in progress.stages().items():
        values[f'{name}_ms_p50'] = spread.p50_ms
        values[f'{name}_ms_p95'] = spread.p95_ms
    return status('inference', level, message, values)


def _notes(progress: Progress, model: Mapping[str, str]) -> list[str]:
    """Say what of a network that runs is not as asked for."""
    notes = [note for note in (progress.imagined.missing, progress.last_fall) if note]
    if model.get('labels', '').startswith('none'):
        notes.append('labels: ' + model['labels'])
    if model.get('lengths', '').startswith('unknown'):
        notes.append('lengths: ' + model['lengths'])
    if model.get('weights') == 'synthetic':
        notes.append('weights: synthetic, not made for real images')
    return notes


def memory_status(progress: Progress, gpu_bytes: int | None) -> DiagnosticStatus:
    """Frames in the window and bytes in use."""
    values: dict[str, object] = {
        'frames': progress.window,
        'rss_mb': resident_bytes() / _MEBI,
        'rss_peak_mb': resident_bytes('VmHWM') / _MEBI,
    }
    values['gpu_mb'] = 'none' if gpu_bytes is None else gpu_bytes / _MEBI
    values |= {f'restarts: {reason}': count for reason, count in dict(progress.restarts).items()}
    if progress.starts_over:
        return status('memory', WARN, _STARTS_OVER, values)
    return status('memory', OK, f'{progress.window} sets in memory', values)


def output_status(
    progress: Progress,
    traffic: Mapping[str, tuple[int, int]],
    explanation: Sequence[str],
    state: str,
) -> DiagnosticStatus:
    """
    Tell whether something comes out, and if not, why.

    :param traffic: output -> subscribers, and messages made so far.
    """
    level, message = OK, f'{progress.outputs} outputs, {progress.rate_hz:.2f} Hz'
    if explanation:
        level = WARN if progress.is_going else ERROR
        message = '; '.join(explanation)
    elif state != 'active':
        message = f'the node is {state}'
    values: dict[str, object] = {
        'state': state,
        'outputs': progress.outputs,
        'silence_s': progress.silence_s,
    }
    for name, (listening, made) in traffic.items():
        values[f'subscribers ~/{name}'] = listening
        values[f'published ~/{name}'] = made
    return status('output', level, message, values)


def as_text(statuses: Sequence[DiagnosticStatus]) -> str:
    """Write a report for people."""
    marks = {OK: 'ok   ', WARN: 'WARN ', ERROR: 'ERROR', STALE: 'STALE'}
    lines = []
    for entry in statuses:
        lines.append(f'{marks[entry.level]} {entry.name}: {entry.message}')
        lines += [f'        {item.key} = {item.value}' for item in entry.values]
    return '\n'.join(lines)


def resident_bytes(field: str = 'VmRSS') -> int:
    """Read the memory of this process from the kernel; zero where it does not tell."""
    try:
        lines = Path('/proc/self/status').read_text(encoding='ascii').splitlines()
    except OSError:
        return 0
    found = (line.split() for line in lines if line.startswith(f'{field}:'))
    return next((int(parts[1]) * 1024 for parts in found), 0)


def _camera_verdict(report: CameraReport) -> tuple[bytes, str]:
    statistics = report.statistics
    if not statistics.received:
        return (STALE if statistics.alive else ERROR), f'never spoke{_refusal(report.state)}'
    if not statistics.alive:
        silence_s = (statistics.silence_ns or 0) / 1e9
        follows = 'no sets without it' if report.is_needed else 'sets go on without it'
        return WARN, f'silent for {silence_s:.1f} s; {follows}{_refusal(report.state)}'
    if report.has_just_dropped:
        return WARN, f'{report.undecodable} images dropped: {report.decode_error}'
    if report.note:
        return WARN, report.note
    if statistics.events.get(Event.ZERO_STAMP):
        return WARN, (
            'images without a stamp, the time of receipt stands in; let the driver fill '
            'header.stamp'
        )
    return OK, f'{statistics.rate_hz:.1f} Hz'


def _refusal(state: CameraState) -> str:
    if not state.is_refused:
        return ''
    return (
        '; its publisher is not reliable and qos.image_reliability asks for it, set it to '
        'best_effort'
    )
