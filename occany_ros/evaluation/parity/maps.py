"""What post-processing gives, under the names the golden files use."""

from dataclasses import dataclass

from occany_ros.evaluation.parity.answers import Answer
from occany_ros.geometry.pointmap import plucker_rays, transform_pointmap
from occany_ros.geometry.pose_vector import matrix_from_pose_vector
from occany_ros.models.config import Activation
from occany_ros.models.postprocess import colours, point_maps, registered_poses, shared_focal
from torch import Tensor


@dataclass(frozen=True, slots=True)
class MapTolerances:
    """
    What the outputs of post-processing may be off by.

    :param maps: maps and poses of the pose head.
    :param focal: focal length.
    :param registered: registered poses, which sum over all pixels of a view.
    """

    maps: float
    focal: float
    registered: float


def postprocessed(
    raw: Tensor, activation: Activation, vector: Tensor, tolerances: MapTolerances
) -> dict[str, Answer]:
    """
    Post-process raw maps.

    :param raw: raw head outputs, (b, v, h, w, 10).
    :param activation: how raw numbers become points.
    :param vector: pose vectors, (b, v, 7).
    :param tolerances: of the answers.
    :returns: answers by name; of maps, a file may hold the first views only.
    """
    maps = point_maps(raw, activation)
    focal = shared_focal(maps.local_points)
    world_from_camera = matrix_from_pose_vector(vector)
    values = {
        'pts3d': maps.world_points,
        'pts3d_local': maps.local_points,
        'conf': maps.confidence,
        'rgb': colours(raw[..., 7:]),
        'pose_rotmat': world_from_camera[..., :3, :3],
        'pose_trans': world_from_camera[..., :3, 3],
        'c2w_pose': world_from_camera,
        'pose_absT_quaR': vector,
        'ray_map': plucker_rays(world_from_camera, focal, *raw.shape[-3:-1]),
        'pts3d_from_local_and_pose': transform_pointmap(world_from_camera, maps.local_points),
    }
    answers = {
        name: Answer(value, tolerances.maps, leading_axis=1) for name, value in values.items()
    }
    answers['focal'] = Answer(focal, tolerances.focal)
    answers['c2w'] = Answer(registered_poses(maps), tolerances.registered)
    return answers


def prefixed(prefix: str, answers: dict[str, Answer]) -> dict[str, Answer]:
    """Put a word before the names of answers."""
    return {f'{prefix}.{name}': answer for name, answer in answers.items()}
