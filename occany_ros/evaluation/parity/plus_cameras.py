"""Golden files of cameras found from rays."""

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.models.plus.ray_pose import cameras_from_rays, drawn_samples
import torch
from torch import Tensor

POSE_TOLERANCE = 1e-5
PIXEL_TOLERANCE = 2e-4 / 50
"""Of pinhole matrices, whose largest entries are some 50 pixels."""
HOMOGRAPHY_TOLERANCE = 1e-4


def check_ray_cameras(fixture: Fixture) -> list[Comparison]:
    """Find the cameras of a ray map, with the draws the file was made with."""
    rays, confidence = fixture.tensors['ray'], fixture.tensors['ray_conf']
    size = (rays.shape[2], rays.shape[3])
    seed = int(fixture.metadata['torch_manual_seed'])
    found = cameras_from_rays(rays[0], confidence[0], size, torch.Generator().manual_seed(seed))
    samples = drawn_samples(size[0] * size[1], torch.Generator().manual_seed(seed))
    pose, intrinsics = found.world_from_camera[None, :, :3], found.intrinsics[None]
    answers = {
        'c2w': Answer(pose, POSE_TOLERANCE),
        'intrinsics': Answer(intrinsics, PIXEL_TOLERANCE),
        'homography': Answer(found.homographies.float(), HOMOGRAPHY_TOLERANCE),
        'ransac.sample_idx': Answer(samples, 0.0),
    }
    if 'depth' in fixture.tensors:
        points = pinhole_points(fixture.tensors['depth'], intrinsics, pose)
        answers['pointmap_from_depth_and_pose'] = Answer(points, POSE_TOLERANCE)
    if fixture.stem == 'pose_clean':
        answers['true.c2w'] = Answer(pose, POSE_TOLERANCE)
        answers['true.K'] = Answer(intrinsics, PIXEL_TOLERANCE)
        return matched(fixture, answers, {'ray', 'ray_conf', 'depth'})
    return matched(fixture, answers, {'ray', 'ray_conf', 'depth', 'true.c2w', 'true.K'})


def pinhole_points(depth: Tensor, intrinsics: Tensor, world_from_camera: Tensor) -> Tensor:
    """
    Put depths into the world by pinhole cameras, as the released code can as well.

    :param depth: (b, v, h, w).
    :param intrinsics: (b, v, 3, 3); pixel centres at integers.
    :param world_from_camera: (b, v, 3, 4).
    :returns: (b, v, h, w, 3).
    """
    rows, columns = depth.shape[-2:]
    focal = intrinsics.diagonal(dim1=-2, dim2=-1)[..., None, None, :2]  # (b, v, 1, 1, 2)
    middle = intrinsics[..., None, None, :2, 2]
    pixels = torch.stack(
        torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing='xy'), dim=-1
    )
    local = torch.cat(((pixels - middle) / focal * depth[..., None], depth[..., None]), dim=-1)
    turned = torch.einsum('bvij,bvhwj->bvhwi', world_from_camera[..., :3], local)
    return turned + world_from_camera[..., None, None, :, 3]
