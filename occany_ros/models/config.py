"""Sizes of the OccAny networks; the defaults are the released model (OccAny spec, section 1)."""

from dataclasses import dataclass, field
from typing import Final, Literal

Activation = Literal['linear', 'norm_exp']
Family = Literal['occany', 'must3r']

PATCH = 16
HIDDEN_RATIO = 4
POINT_CHANNELS = 7
FEATURE_CHANNELS = (256, 64, 32)
# Kinds of conditioning channels, in their order, and how many there are of each.
RAY_MAP_CHANNELS: Final = {
    'local_points': 3,
    'world_points': 3,
    'colour': 3,
    'confidence': 1,
    'coarse': FEATURE_CHANNELS[0],
    'middle': FEATURE_CHANNELS[1],
    'fine': FEATURE_CHANNELS[2],
}


def _check_heads(owner: str, width: int, heads: int) -> None:
    if width % heads or width // heads % 4:
        raise ValueError(
            f'{owner}.heads: expected a divisor of the width {width} that leaves a multiple of 4 '
            f'channels a head, got {heads}'
        )


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """
    Size of the image encoder.

    :param width: channels of a token.
    :param depth: number of blocks.
    :param heads: attention heads of a block.
    """

    width: int = 1024
    depth: int = 24
    heads: int = 16

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width."""
        _check_heads('encoder', self.width, self.heads)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """
    Size of a decoder with memory and of its heads.

    :param encoder_width: channels of the tokens it is given.
    :param width: channels of its own tokens.
    :param depth: number of blocks.
    :param heads: attention heads of a block.
    :param feature_size: edge of the square image the semantic features imitate, pixels; the
        coarsest feature map has one cell a patch of it.
    :param activation: how raw numbers become points.
    :param family: ``occany``, or ``must3r`` for the network it grew from, which has no pose token
        and nothing that goes with one, no task tokens, and a point head alone.
    """

    encoder_width: int = 1024
    width: int = 768
    depth: int = 12
    heads: int = 12
    feature_size: int = 512
    activation: Activation = 'linear'
    family: Family = 'occany'

    def __post_init__(self) -> None:
        """Refuse heads that do not divide the width, and unknown names."""
        _check_heads('decoder', self.width, self.heads)
        if self.activation not in ('linear', 'norm_exp'):
            raise ValueError(
                f"decoder.activation: expected 'linear' or 'norm_exp', got {self.activation!r}"
            )
        if self.family not in ('occany', 'must3r'):
            raise ValueError(f"decoder.family: expected 'occany' or 'must3r', got {self.family!r}")


@dataclass(frozen=True, slots=True)
class RayMapConfig:
    """
    Size of the encoder of conditioning maps.

    :param encoder_width: channels of its tokens, those of the image encoder.
    :param width: channels inside; None for one linear layer instead of two.
    :param part_width: channels each kind of map gets.
    :param patch: edge of a patch, pixels.
    :param kinds: of channels, in their order, and how many there are of each.
    """

    encoder_width: int = 1024
    width: int | None = 768
    part_width: int = 256
    patch: int = PATCH
    kinds: tuple[tuple[str, int], ...] = tuple(RAY_MAP_CHANNELS.items())


@dataclass(frozen=True, slots=True)
class OccAnyConfig:
    """
    Sizes of a whole network.

    :param encoder: of the image encoder.
    :param decoder: of the decoder with memory; that of novel views is as large.
    :param ray_maps: of the encoder of conditioning maps; None without novel views.
    :param image_size: longer side of the images it was trained on, pixels.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    ray_maps: RayMapConfig | None = None
    image_size: int = 512

    def __post_init__(self) -> None:
        """Refuse parts that do not fit the encoder."""
        if self.image_size < 1 or self.image_size % PATCH:
            raise ValueError(
                f'image_size: expected a multiple of {PATCH} pixels, got {self.image_size}'
            )
        if self.ray_maps is not None and self.decoder.family != 'occany':
            raise ValueError('ray_maps: expected None for plain MUSt3R, got sizes')
        if self.decoder.encoder_width != self.encoder.width:
            raise ValueError(
                f'decoder.encoder_width: expected the encoder width {self.encoder.width}, '
                f'got {self.decoder.encoder_width}'
            )
        if self.ray_maps is not None and self.ray_maps.encoder_width != self.encoder.width:
            raise ValueError(
                f'ray_maps.encoder_width: expected the encoder width {self.encoder.width}, '
                f'got {self.ray_maps.encoder_width}'
            )
