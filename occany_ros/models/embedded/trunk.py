"""Convolutions and attention that turn one image into maps at 1/4, 1/8 and 1/16 of its size."""

from occany_ros.layers.block import EncoderBlock
from occany_ros.layers.embedding import grid_positions, rotary_table
from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.rays import RAY_CHANNELS
import torch
from torch import nn, Tensor
from torch.nn import functional

GROUP = 8


class ConvNorm(nn.Sequential):
    """A 3x3 convolution, a group norm and a rectifier."""

    def __init__(self, width_in: int, width_out: int, *, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(width_in, width_out, 3, stride=stride, padding=1, bias=False),
            nn.GroupNorm(width_out // GROUP, width_out),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two 3x3 convolutions beside a straight path."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = ConvNorm(width, width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(width // GROUP, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform maps (v, d, h, w); the shape stays."""
        return functional.relu(x + self.norm(self.second(self.first(x))))


class Trunk(nn.Module):
    """
    The part of the network that sees each image alone.

    Calibration channels join at 1/4 and again at 1/16, so that position is known without any
    position code and any image size or camera works.
    """

    def __init__(self, config: EmbeddedConfig) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = config.widths
        self.to_half = ConvNorm(3, half, stride=2)
        self.to_quarter = ConvNorm(half, quarter, stride=2)
        self.rays_quarter = nn.Conv2d(RAY_CHANNELS, quarter, 1)
        self.at_quarter = Residual(quarter)
        self.to_eighth = ConvNorm(quarter, eighth, stride=2)
        self.at_eighth = nn.Sequential(Residual(eighth), Residual(eighth))
        self.to_sixteenth = ConvNorm(eighth, sixteenth, stride=2)
        self.rays_sixteenth = nn.Conv2d(RAY_CHANNELS, sixteenth, 1)
        self.at_sixteenth = Residual(sixteenth)
        self.head_width = sixteenth // config.heads
        self.blocks = nn.ModuleList(
            EncoderBlock(width=sixteenth, heads=config.heads, hidden=4 * sixteenth)
            for _ in range(config.attention_blocks)
        )
        self.up_eighth = ConvNorm(sixteenth + eighth, eighth)

    def forward(self, images: Tensor, channels: Tensor) -> tuple[Tensor, Tensor]:
        """
        Make the maps of every image.

        :param images: RGB in [-1, 1], (v, 3, h, w).
        :param channels: calibration channels at 1/4, (v, c, h/4, w/4).
        :returns: maps at 1/4 (before context) and at 1/8 (with context).
        """
        quarter = self.to_quarter(self.to_half(images))
        quarter = self.at_quarter(quarter + self.rays_quarter(channels))
        eighth = self.at_eighth(self.to_eighth(quarter))
        x = self.to_sixteenth(eighth) + self.rays_sixteenth(channels[:, :, 2::4, 2::4])
        x = self.at_sixteenth(x)
        tokens = x.flatten(2).transpose(1, 2)  # v n d
        rotary = rotary_table(grid_positions(x.shape[-2], x.shape[-1], x.device), self.head_width)
        for block in self.blocks:
            tokens = block(tokens, rotary)
        x = tokens.transpose(1, 2).reshape(x.shape)
        context = functional.interpolate(x, scale_factor=2.0, mode='nearest')
        return quarter, self.up_eighth(torch.cat((context, eighth), dim=1))
