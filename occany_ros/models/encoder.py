"""The image encoder: tokens of one image, whatever the others are (OccAny spec, section 4)."""

from occany_ros.layers.block import EncoderBlock, NORM_EPS
from occany_ros.layers.embedding import grid_positions, PatchEmbedding, rotary_table
from occany_ros.models.config import EncoderConfig, HIDDEN_RATIO, PATCH
from torch import nn, Tensor


class ImageEncoder(nn.Module):
    """
    A vision transformer without class token or absolute position.

    :param config: its size.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.head_width = config.width // config.heads
        self.embedding = PatchEmbedding(channels=3, width=config.width, patch=PATCH)
        self.blocks = nn.ModuleList(
            EncoderBlock(
                width=config.width, heads=config.heads, hidden=HIDDEN_RATIO * config.width
            )
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPS)

    def forward(self, images: Tensor) -> Tensor:
        """
        Encode images independently of one another.

        :param images: RGB in [-1, 1], (b, 3, h, w), height and width multiples of the patch, of
            the type of the weights.
        :returns: one token for every patch, row-major, (b, n, d).
        """
        rows, columns = images.shape[-2] // PATCH, images.shape[-1] // PATCH
        places = grid_positions(rows, columns, images.device)
        rotary = rotary_table(places, self.head_width).to(images.dtype)
        x = self.embedding(images)  # (b, n, d)
        for block in self.blocks:
            x = block(x, rotary)
        return self.norm(x)
