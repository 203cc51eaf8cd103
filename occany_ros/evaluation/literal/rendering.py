"""Novel views by the chunk, each with copies of everything."""

from copy import deepcopy

from occany_ros.evaluation.literal.conditioning import conditioning_map, point_table
from occany_ros.evaluation.literal.decoder import render
from occany_ros.evaluation.literal.heads import Outputs, outputs
from occany_ros.evaluation.literal.ray_encoder import encoded_maps
from occany_ros.evaluation.literal.reconstruction import LiteralScene
from occany_ros.models.config import PATCH
from occany_ros.models.occany import OccAny
from occany_ros.models.prediction import NovelViews
import torch
from torch import Tensor


@torch.inference_mode()
def render_novel(
    network: OccAny, scene: LiteralScene, world_from_camera: Tensor, *, chunk: int = 12
) -> NovelViews:
    """
    Render views nobody took (spec, sections 8 to 10).

    :param network: whose weights to use, all float32.
    :param scene: from `occany_ros.evaluation.literal.reconstruction.reconstruct`.
    :param world_from_camera: poses of at least one view, (r, 4, 4).
    :param chunk: views rendered together.
    :raises ValueError: if the network has no weights for rendering.
    """
    encoder, decoder, heads = network.ray_maps, network.novel_decoder, network.novel_heads
    if encoder is None or decoder is None or heads is None:
        raise ValueError('network: expected one with a rendering stage, got reconstruction alone')
    table = point_table(scene.images, scene.seen)
    focal = scene.seen.focal[0]
    answers: list[Outputs] = []
    for poses in torch.split(world_from_camera, chunk):
        copies = torch.stack([deepcopy(scene.images[0]) for _ in poses])
        size = copies.shape[-2:]
        maps = torch.stack([conditioning_map(table, pose, focal, size) for pose in poses])
        tokens = encoded_maps(encoder, maps, scene.tokens)
        grid = (size[0] // PATCH, size[1] // PATCH)
        decoded = render(decoder, scene.memory, tokens, grid)
        answers.append(outputs(heads, decoded, grid, network.config.decoder.activation))
    return NovelViews(
        world_points=torch.cat([answer.maps.world_points for answer in answers]),
        confidence=torch.cat([answer.maps.confidence for answer in answers]),
        world_from_camera=world_from_camera,
        focal=focal.expand(len(world_from_camera)),
        features=tuple(
            torch.cat(level) for level in zip(*(a.features for a in answers), strict=True)
        ),
    )
