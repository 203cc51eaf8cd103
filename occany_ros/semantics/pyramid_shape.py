"""Features that a network of masks reads: what they must be, and those of one view."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class PyramidShape:
    """
    Square maps of several sizes, as one family of networks of geometry makes them.

    :param widths: channels of each level.
    :param scales: edge of each level over that of the coarsest.
    :param variant: the family, as in `model.variant`.
    """

    widths: tuple[int, ...]
    scales: tuple[int, ...]
    variant: str

    def check(self, features: tuple[Tensor, ...], views: int) -> None:
        """
        Refuse features of another family.

        :param features: level by level, of every view.
        :param views: how many there must be.
        :raises ValueError: they are not (v, c, s e, s e) for the channels and scales of each
            level, of any ``e``.
        """
        shapes = [tuple(level.shape) for level in features]
        edge = min((shape[-1] for shape in shapes), default=0)
        wanted = [
            (views, width, scale * edge, scale * edge)
            for width, scale in zip(self.widths, self.scales, strict=True)
        ]
        if shapes != wanted:
            raise ValueError(
                f'features: expected square maps of {_listed(self.widths)} channels for {views} '
                f'views, whose edges are as {_listed(self.scales)}, got {shapes}; use '
                f'model.variant {self.variant}, or semantics.mode pretrained'
            )


def of_view(features: tuple[Tensor, ...], view: int) -> tuple[Tensor, ...]:
    """Take the features of one view, level by level, (c, h, w) float32."""
    return tuple(level[view].float() for level in features)


def _listed(numbers: tuple[int, ...]) -> str:
    return ', '.join(map(str, numbers))
