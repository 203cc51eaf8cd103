"""Sizes of the embedded network."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """
    Everything that decides the shape of the embedded network's weights.

    :param widths: channels at 1/2, 1/4, 1/8 and 1/16 of the image.
    :param attention_blocks: self-attention blocks at 1/16.
    :param heads: attention heads.
    :param match_width: channels of the descriptors that are compared between views.
    :param feature_width: channels of the semantic features at 1/4, decoded to labels.
    :param depths: hypotheses of the plane sweep, log-spaced.
    :param depth_range: nearest and farthest hypothesis, metres.
    :param sources: views a view is swept against, at most.
    :param labels: classes, the last one being free space (sky).
    """

    widths: tuple[int, int, int, int] = (24, 48, 96, 192)
    attention_blocks: int = 3
    heads: int = 3
    match_width: int = 32
    feature_width: int = 48
    depths: int = 32
    depth_range: tuple[float, float] = (2.0, 80.0)
    sources: int = 2
    labels: int = 18
