"""What geometry rests on, for ``/diagnostics``: mountings, level, scale, frames, odometry."""

from collections.abc import Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticStatus
from occany_ros.pipeline.occupancy_update import LevelReport, ScaleReport
from occany_ros.ros.health.diagnostics import CameraReport, OK, status, WARN
from occany_ros.ros.health.optional_packages import packages_text
from occany_ros.ros.progress import Progress
from occany_ros.ros.settings.mounting import rotator
from occany_ros.ros.settings.parameters import Parameters


def tf_status(
    source: str,
    cameras: Sequence[CameraReport],
    progress: Progress,
    refused: str,
    parameters: Parameters,
) -> DiagnosticStatus:
    """
    Tell which transforms are used, and what stands in for missing ones.

    :param source: what reads /tf.
    :param refused: why our own transform is not published; empty where it is, or nobody asked.
    """
    told = dict(progress.notes)  # the worker writes to it meanwhile
    notes = {key: text for key, text in told.items() if key.startswith(('tf ', 'map_'))}
    mounted = [camera.statistics.name for camera in cameras if camera.mounted]
    problems = [refused] if refused else []
    problems += [notes[key] for key in ('map_to_odom', 'tf grid.frame') if key in notes]
    if progress.extrinsics == 'assumed' and parameters.level.mode == 'tf':
        problems.append(
            'no extrinsics on /tf: the grid hangs on the reference camera by the axis swap '
            f'optical to body; publish {parameters.base_frame} to camera on /tf_static, set '
            '<camera>.mounting, or set level.camera_height'
        )
    problems += _guess_problem(cameras, parameters)
    problems += _level_problem(progress.level, parameters)
    problems += _scale_problem(progress.scale, parameters)
    message = f'extrinsics of {len(mounted)} of {len(cameras)} cameras are known'
    values: dict[str, object] = {'source': source, 'euler_angles': rotator()[1]}
    values['optional_packages'] = packages_text()
    values |= _extrinsics(cameras, parameters)
    values |= _level_values(progress.level, parameters)
    values |= _scale_values(progress.scale, parameters)
    values |= _frame_values(progress, parameters)
    if problems:
        return status('tf', WARN, '; '.join(problems), {**values, **notes})
    return status('tf', OK, message, {**values, **notes})


def _extrinsics(cameras: Sequence[CameraReport], parameters: Parameters) -> dict[str, object]:
    """Say of each camera how it is known where it sits."""
    is_any = any(camera.mounted for camera in cameras)
    other = 'seen in images' if _sees_places(parameters) else 'taken to look ahead'
    values: dict[str, object] = {}
    for number, camera in enumerate(cameras):
        name = camera.statistics.name
        if camera.mounted:
            values[f'extrinsics {name}'] = camera.extrinsics
        else:
            swapped = number == 0 and not is_any
            values[f'extrinsics {name}'] = 'axis swap' if swapped else other
    return values


def _sees_places(parameters: Parameters) -> bool:
    """Tell whether the network finds in images how cameras sit to each other."""
    return parameters.model.variant != 'tiny'


def _guess_problem(cameras: Sequence[CameraReport], parameters: Parameters) -> list[str]:
    """Name the cameras whose places are a bad guess."""
    lost = [
        camera.statistics.name
        for camera in cameras
        if camera.statistics.sets and not camera.mounted
    ]
    if _sees_places(parameters) or len(cameras) < 2 or not lost:
        return []
    text = (
        f'nobody says where {", ".join(lost)} sit, and model.variant tiny cannot see it: it takes '
        'them to look ahead from one place, so that odometry and grid are wrong where they do '
        f'not; publish {parameters.base_frame} to camera on /tf_static, set <camera>.mounting, or '
        'take another model.variant'
    )
    return [text]


def _level_values(level: LevelReport | None, parameters: Parameters) -> dict[str, object]:
    values: dict[str, object] = {'level.mode': parameters.level.mode}
    if level is None:
        return values
    values |= {
        'level': level.source,
        'level_roll_deg': level.roll_deg,
        'level_pitch_deg': level.pitch_deg,
        'level_height_m': level.height_m,
    }
    if parameters.level.mode == 'ground_plane':
        values['level_planes'] = level.planes
        values |= _refusals('level_refused', level.refused)
    return values


def _level_problem(level: LevelReport | None, parameters: Parameters) -> list[str]:
    if level is None or parameters.level.mode != 'ground_plane':
        return []
    if level.source == 'ground plane':
        return []
    why = f'no ground was seen yet ({level.missing}); the {level.source} stands in'
    return [f'level.mode ground_plane: {why}']


def _scale_values(scale: ScaleReport, parameters: Parameters) -> dict[str, object]:
    values: dict[str, object] = {'scale.source': parameters.scale.source, 'scale': scale.value}
    if parameters.scale.source != 'model':
        values |= {'scale_in_use': scale.source, 'scale_evidence': scale.told}
        values |= _refusals('scale_refused', scale.refused)
    return values


def _scale_problem(scale: ScaleReport, parameters: Parameters) -> list[str]:
    wanted = parameters.scale.source
    if wanted in ('model', scale.source) or not scale.missing:
        return []
    missing = scale.missing
    if wanted == 'odom' and parameters.publish_tf == 'odom_to_base' and not scale.told:
        missing = 'publish_tf odom_to_base makes odom_frame our own, which is no evidence'
    return [f'scale.source {wanted}: the network is believed meanwhile: {missing}']


def _refusals(name: str, refused: Mapping[str, int]) -> dict[str, object]:
    return {f'{name}: {reason}': count for reason, count in refused.items()}


def _frame_values(progress: Progress, parameters: Parameters) -> dict[str, object]:
    frames, base = progress.frames, parameters.base_frame
    external = f'{parameters.odom_frame} <- {base}'
    own = parameters.publish_tf == 'odom_to_base' and frames.odom == parameters.odom_frame
    return {
        'grid_frame': frames.grid or 'none yet',
        'odometry': f'{frames.odom} <- {base}' if frames.odom else 'none yet',
        'external_odometry': external if frames.has_external and not own else 'none',
    }
