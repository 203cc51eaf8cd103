"""Examine machine, parameters, weights and graph, and say what keeps output away."""

from collections.abc import Iterator, Mapping
import os
from typing import Any

from occany_ros.models.checkpoint_file import CheckpointError
from occany_ros.pipeline.imagination import NO_STAGE
from occany_ros.ros.cameras.mask_files import load_masks
from occany_ros.ros.cameras.sync_policy import synchroniser
from occany_ros.ros.health.diagnostics import CameraReport
from occany_ros.ros.health.finding import Finding
from occany_ros.ros.health.machine_checks import machine_findings
from occany_ros.ros.health.probe import Probe
from occany_ros.ros.health.watchdog import causes
from occany_ros.ros.settings.parameter_checks import own_parameters, parameters_from
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import problems_of
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter


def examine(given: Mapping[str, Any], *, seconds: float, node: str) -> Iterator[Finding]:
    """
    Look at everything the node needs.

    :param given: parameters of the node, dotted name -> value, those of every node included.
    :param seconds: how long to listen to the graph; 0 leaves it out.
    :param node: its full name; topics without a slash lie in its namespace.
    :returns: what was found, as it is found; nothing is changed and nothing is published.
    """
    yield from machine_findings(os.environ)
    try:
        parameters = parameters_from(own_parameters(given))
    except ValueError as error:
        for problem in problems_of(error):
            yield Finding('fault', 'parameters', problem)
        return
    try:
        load_masks(parameters.camera)
    except ValueError as error:
        yield Finding('fault', 'parameters', str(error))
        return
    yield Finding('ok', 'parameters', f'cameras: {", ".join(parameters.cameras)}')
    yield from _policy(parameters)
    yield from weights(parameters)
    if seconds > 0:
        simulated = given.get('use_sim_time') is True
        space = node.rpartition('/')[0]
        yield from graph_findings(parameters, seconds, simulated=simulated, space=space)


def _policy(parameters: Parameters) -> Iterator[Finding]:
    """Look whether what ``sync.policy`` needs is there."""
    from occany_ros.ros.engine import grouping_config

    try:
        synchroniser(parameters.sync.policy, grouping_config(parameters))
    except ValueError as error:
        yield Finding('fault', 'sync', str(error))


def weights(parameters: Parameters) -> Iterator[Finding]:
    """Load the network, as the node would, and let it go again."""
    from occany_ros.ros.engine import load_engine, loading_problem, release_gpu

    try:
        engine = load_engine(parameters)
    except CheckpointError as error:
        yield Finding('fault', 'weights', str(error))
        return
    except (ValueError, LookupError, OSError, RuntimeError, MemoryError) as error:
        yield Finding('fault', 'model', loading_problem(error))
        return
    if engine.memory:
        is_kept = engine.model.device.type == 'cuda'
        yield Finding('ok' if is_kept else 'warn', 'gpu', engine.memory)
    about = engine.about()
    yield _weights(parameters.model.variant, about)
    nobody_reads = about['labels'].startswith('none')
    yield Finding('warn' if nobody_reads else 'ok', 'labels', about['labels'])
    if parameters.mode != 'fast' and engine.model.stage == 'reconstruction':
        yield Finding('warn', 'mode', NO_STAGE)
    del engine
    release_gpu()


def _weights(variant: str, about: Mapping[str, str]) -> Finding:
    text = f'{variant} from {about["weights"]} on {about["device"]}, {about["precision"]}'
    if about['weights'] == 'synthetic':
        return Finding('warn', 'weights', f'{text}: it has never seen a real image')
    if about['lengths'].startswith('unknown'):
        return Finding('warn', 'weights', f'{text}; lengths: {about["lengths"]}')
    return Finding('ok', 'weights', text)


def graph_findings(
    parameters: Parameters, seconds: float, *, simulated: bool, space: str
) -> Iterator[Finding]:
    """Listen to the topics that a node of this namespace would listen to."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node(
        'occany_doctor',
        namespace=space,
        context=context,
        parameter_overrides=[Parameter('use_sim_time', value=simulated)],
    )
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    probe = Probe(node, parameters)
    try:
        probe.watch(executor, seconds)
        yield from judged(probe, parameters)
    finally:
        probe.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)


def judged(probe: Probe, parameters: Parameters) -> Iterator[Finding]:
    """Turn what a probe saw into findings."""
    facts, cameras = probe.facts(), probe.cameras()
    speaking = [camera for camera in cameras if camera.statistics.received]
    found = causes(facts)
    if facts.sets == 0 or facts.clock_stands or len(speaking) < len(cameras):
        yield from (Finding('fault', 'graph', text) for text in found)
    elif any(fact.zero_stamps >= fact.received for fact in facts.cameras):
        yield from (Finding('fault', 'stamps', text) for text in found)
    yield from (_camera(camera) for camera in speaking)
    if len(speaking) == len(cameras) > 1:
        yield _sync(probe, speaking, parameters.sync.slop)
    if speaking:
        yield _mounting(speaking, parameters)


def _camera(camera: CameraReport) -> Finding:
    statistics, state = camera.statistics, camera.state
    subject = f'camera {statistics.name}'
    topic = state.choice.topic if state.choice else ''
    if camera.undecodable:
        return Finding('fault', subject, f'{topic}: {camera.decode_error}')
    size = f'{camera.size[1]}x{camera.size[0]}' if camera.size else 'unknown size'
    text = f'{topic}: {statistics.rate_hz:.1f} Hz, {size}, {state.encoding}'
    if camera.note:
        return Finding('warn', subject, f'{text}; {camera.note}')
    if not camera.calibrated:
        text += '; no CameraInfo, the field of view is assumed'
    return Finding('ok', subject, text)


def _sync(probe: Probe, speaking: list[CameraReport], slop_s: float) -> Finding:
    sets, whole = probe.progress.sets, probe.whole_sets
    widest = max(abs(camera.statistics.skew_ns) for camera in speaking) / 1e9
    if sets and not whole:
        return Finding(
            'fault', 'sync',
            f'none of {sets} sets was complete: the stamps of the cameras do not lie within '
            f'sync.slop = {slop_s:g} s; synchronise the clocks of the drivers, or raise sync.slop',
        )  # fmt: skip
    return Finding('ok', 'sync', f'{whole} of {sets} sets complete, skew {1e3 * widest:.1f} ms')


def _mounting(speaking: list[CameraReport], parameters: Parameters) -> Finding:
    unmounted = [camera.statistics.name for camera in speaking if not camera.mounted]
    if not unmounted:
        return Finding('ok', 'tf', f'{parameters.base_frame} to all cameras')
    return Finding(
        'warn', 'tf',
        f'no transform from {parameters.base_frame} to {", ".join(unmounted)}: the grid hangs on '
        'the reference camera; publish it on /tf_static, or set <camera>.mounting or '
        'level.camera_height',
    )  # fmt: skip


def has_fault(findings: list[Finding]) -> bool:
    """Tell whether anything keeps output away."""
    return any(finding.level == 'fault' for finding in findings)
