"""Sizes of an OccAny+ network (OccAny+ spec, section 1)."""

from dataclasses import dataclass, field
from typing import Final, Literal

from occany_ros.models.config import RayMapConfig

PATCH: Final = 14
TABLE_EDGE: Final = 37
"""Edge of the table of places: it was made for square images of 518 pixels."""
FEATURE_CHANNELS: Final = 256
"""Channels of each level of the semantic features."""
FEATURE_INPUT: Final = 1024
"""Channels of the map the semantic features are made of."""
CONDITIONING_WIDTH: Final = 256
CONDITIONING_KINDS: Final = (
    ('local_points', 3),
    ('world_points', 3),
    ('colour', 3),
    ('confidence', 1),
    ('fine', FEATURE_CHANNELS),
    ('middle', FEATURE_CHANNELS),
    ('coarse', FEATURE_CHANNELS),
)
METRES: Final = 20.0
"""Metres to the unit of the network's depths and ray origins."""

BackboneName = Literal['vits', 'vitb', 'vitl', 'vitg']
Stages = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class BackboneConfig:
    """
    Size of the vision transformer.

    :param width: channels of a token.
    :param depth: number of blocks.
    :param heads: attention heads of a block, of 64 channels each.
    :param hidden: channels inside the MLPs.
    :param is_gated: whether the MLPs gate half of their channels by the other half.
    :param first_turned: first block that normalises and turns queries and keys; in the
        reconstruction the first that may look at all views, too.
    :param taps: blocks whose answers the heads read, ascending.
    """

    width: int
    depth: int
    heads: int
    hidden: int
    is_gated: bool
    first_turned: int
    taps: Stages


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """
    Size of a pyramid head.

    :param width: channels of its maps.
    :param stages: channels of its four inputs once they are maps, finest first.
    """

    width: int
    stages: Stages


BACKBONES: Final[dict[BackboneName, BackboneConfig]] = {
    'vits': BackboneConfig(384, 12, 6, 1536, False, 4, (5, 7, 9, 11)),  # noqa: FBT003
    'vitb': BackboneConfig(768, 12, 12, 3072, False, 4, (5, 7, 9, 11)),  # noqa: FBT003
    'vitl': BackboneConfig(1024, 24, 16, 4096, False, 8, (11, 15, 19, 23)),  # noqa: FBT003
    'vitg': BackboneConfig(1536, 40, 24, 4096, True, 13, (19, 27, 33, 39)),  # noqa: FBT003
}
SURFACE_HEADS: Final[dict[BackboneName, HeadConfig]] = {
    'vits': HeadConfig(64, (48, 96, 192, 384)),
    'vitb': HeadConfig(128, (96, 192, 384, 768)),
    'vitl': HeadConfig(256, (256, 512, 1024, 1024)),
    'vitg': HeadConfig(256, (256, 512, 1024, 1024)),
}
FEATURE_HEAD: Final = HeadConfig(256, (256, 512, 1024, 1024))


@dataclass(frozen=True, slots=True)
class PlusConfig:
    """
    Sizes of a whole network.

    :param name: of the backbone: ``vits`` (DA3-SMALL), ``vitb`` (DA3-BASE), ``vitl``
        (DA3-LARGE), ``vitg`` (DA3-GIANT).
    :param feature_size: longer side of the images the semantic features imitate, pixels; None for
        a network without semantic features.
    :param imagines: whether it has a second network that renders novel views.
    :param views_at_once: novel views that are rendered as one group. Views of a group see each
        other, so this changes the answer (OccAny+ spec, section 8).
    :param is_plain: plain Depth Anything 3: depths in a unit of its own, and rays at the size of
        the head instead of the image.
    """

    name: BackboneName = 'vitl'
    feature_size: int | None = 518
    imagines: bool = False
    views_at_once: int = 12
    is_plain: bool = False
    backbone: BackboneConfig = field(init=False)
    surfaces: HeadConfig = field(init=False)

    def __post_init__(self) -> None:
        """Look the sizes up, and refuse what cannot be built."""
        if self.name not in BACKBONES:
            raise ValueError(f'name: expected one of {", ".join(BACKBONES)}, got {self.name!r}')
        if self.imagines and self.feature_size is None:
            raise ValueError('imagines: expected False without semantic features, got True')
        if self.feature_size is not None and self.feature_size % PATCH:
            raise ValueError(
                f'feature_size: expected a multiple of {PATCH} pixels, got {self.feature_size}'
            )
        if self.views_at_once < 1:
            raise ValueError(f'views_at_once: expected at least 1, got {self.views_at_once}')
        object.__setattr__(self, 'backbone', BACKBONES[self.name])
        object.__setattr__(self, 'surfaces', SURFACE_HEADS[self.name])

    @property
    def metres(self) -> float:
        """Metres to the unit of depths and ray origins; 1 where the unit is unknown."""
        return 1.0 if self.is_plain else METRES

    @property
    def conditioning(self) -> RayMapConfig:
        """Size of the encoder of what novel views are told, with one linear layer."""
        return RayMapConfig(
            encoder_width=self.backbone.width,
            width=None,
            part_width=CONDITIONING_WIDTH,
            patch=PATCH,
            kinds=CONDITIONING_KINDS,
        )
