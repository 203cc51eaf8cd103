"""From images to what was seen, first-pass outputs for nobody included."""

from dataclasses import dataclass

from occany_ros.evaluation.literal.blocks import encoder_block, layer_norm, patch_places
from occany_ros.evaluation.literal.decoder import LiteralMemory, observe, render
from occany_ros.evaluation.literal.heads import Outputs, outputs
from occany_ros.layers.block import EncoderBlock
from occany_ros.models.config import PATCH
from occany_ros.models.encoder import ImageEncoder
from occany_ros.models.occany import OccAny
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class LiteralScene:
    """
    Everything a reconstruction leaves behind for the novel views.

    :param images: RGB in [-1, 1], (v, 3, h, w).
    :param tokens: of the image encoder, (v, n, e).
    :param memory: of all views.
    :param seen: what the render pass answers about every view.
    """

    images: Tensor
    tokens: Tensor
    memory: LiteralMemory
    seen: Outputs


@torch.inference_mode()
def reconstruct(network: OccAny, images: Tensor) -> LiteralScene:
    """
    Reconstruct views by the released schedule: 2, 1, 1, ... and then all at once (spec, 5.6).

    :param network: whose weights to use, all float32.
    :param images: RGB in [-1, 1], (v, 3, h, w), of at least one view.
    """
    grid = (images.shape[-2] // PATCH, images.shape[-1] // PATCH)
    activation = network.config.decoder.activation
    tokens = encoded(network.encoder, images)
    first = min(2, len(tokens))
    memory, decoded = observe(network.decoder, None, tokens[:first], grid)
    outputs(network.heads, decoded, grid, activation)
    for index in range(first, len(tokens)):
        memory, decoded = observe(network.decoder, memory, tokens[index].unsqueeze(0), grid)
        outputs(network.heads, decoded, grid, activation)
    decoded = render(network.decoder, memory, tokens, grid)
    return LiteralScene(images, tokens, memory, outputs(network.heads, decoded, grid, activation))


def encoded(encoder: ImageEncoder, images: Tensor) -> Tensor:
    """Encode images (v, 3, h, w) into tokens (v, n, e) (spec, section 4)."""
    layer = encoder.embedding.projection
    x = functional.conv2d(images, layer.weight, layer.bias, stride=PATCH)
    places = patch_places(*x.shape[-2:])
    x = x.flatten(2).permute(0, 2, 1)
    for block in encoder.blocks:
        if isinstance(block, EncoderBlock):
            x = encoder_block(block, x, places)
    return layer_norm(encoder.norm, x)
