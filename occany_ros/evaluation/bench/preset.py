"""What is measured: how many images of what size, and which novel views around them."""

from dataclasses import dataclass, replace
from typing import Final

from occany_ros.geometry.novel_views import NovelViewPlan
from occany_ros.models.factory import ImageSizeRule
from occany_ros.synthetic.rig import Rig

# Cameras of each rig of `occany_ros.synthetic.rig`.
_CAMERAS: Final[dict[Rig, int]] = {'front': 1, 'surround': 6}


@dataclass(frozen=True, slots=True)
class Preset:
    """
    One setting of the tables.

    :param name: as on the command line.
    :param rig: cameras of the synthetic vehicle that takes the images.
    :param frames: sets of images in the memory.
    :param size: height and width of an image, pixels.
    :param rate_hz: sets a second.
    :param plan: novel views in mode ``quality``; None leaves it to the model.
    """

    name: str
    rig: Rig
    frames: int
    size: tuple[int, int]
    rate_hz: float = 1.0
    plan: NovelViewPlan | None = None

    @property
    def cameras(self) -> int:
        """Count the images of a set."""
        return _CAMERAS[self.rig]

    @property
    def views(self) -> int:
        """Count the images in the memory."""
        return self.frames * self.cameras

    @property
    def title(self) -> str:
        """Say what is measured, e.g. ``kitti, 5 x 512x160``."""
        return f'{self.name}, {self.views} x {self.size[1]}x{self.size[0]}'


EVALUATION_PLAN: Final = NovelViewPlan(
    views_per_frame=10, forward_m=3.0, rotate_deg=60.0, lateral_m=2.0
)
"""Novel views of the geometry tables of the paper (OccAny spec, section 14)."""

PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset('front', 'front', frames=5, size=(160, 512), rate_hz=4.0),
        Preset('surround', 'surround', frames=5, size=(288, 512), rate_hz=4.0),
        Preset('kitti', 'front', frames=5, size=(160, 512), plan=EVALUATION_PLAN),
        Preset('nuscenes', 'surround', frames=1, size=(288, 512), plan=EVALUATION_PLAN),
    )
}
"""``front`` and ``surround`` are the node as it starts, the others the paper's evaluation."""


def preset_named(name: str) -> Preset:
    """
    Find a preset.

    :raises ValueError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f'preset: expected one of {", ".join(PRESETS)}, got {name!r}')
    return PRESETS[name]


def fitted(preset: Preset, rule: ImageSizeRule) -> Preset:
    """
    Give a preset images that a network can take, as near to its own as possible.

    :param rule: of the network; a size that fits it stays.
    """
    height, width = preset.size
    if not (height % rule.multiple or width % rule.multiple):
        return preset
    patches = max(1, round(height * rule.long_side / width / rule.multiple))
    return replace(preset, size=(patches * rule.multiple, rule.long_side))
