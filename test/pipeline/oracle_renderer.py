"""An oracle that also knows what nobody looked at: novel views of the road between two walls."""

from dataclasses import replace

import numpy as np
from occany_ros.models.prediction import NovelViews
from oracle_reconstructor import cast, Oracle, SKY
import torch


class Imaginer(Oracle):
    """
    Casts novel views of the exact scene.

    :param relabel: native label -> label it has in novel views, to tell both kinds apart.
    :param patterned: confidence runs through 1, 2, 3, 4, 5 pixel by pixel instead of being sure.
    """

    def __init__(self, cameras, *, relabel=None, patterned=False, **options):
        super().__init__(cameras, **options)
        self.relabel = relabel or {}
        self.patterned = patterned
        self.poisoned = None
        self.rendered = []
        self.imagined = []

    def render(self, memory, tokens):
        """Answer as the oracle does, and keep the answer."""
        seen = super().render(memory, tokens)
        if self.patterned:
            seen = replace(seen, confidence=pattern(seen.confidence))
        self.rendered.append(seen)
        return seen

    def render_novel(self, memory, tokens, seen, world_from_camera):
        """Cast from poses nobody was at."""
        assert len(tokens) == len(seen.confidence)
        poses = world_from_camera.double().numpy()
        height, width = seen.confidence.shape[1:]
        focal = tokens[0].focal / self.stride
        intrinsics = np.array([(focal, 0, width / 2), (0, focal, height / 2), (0, 0, 1)])
        points, labels = [], []
        for pose in poses:
            local, native = cast(memory[0].world_from_camera @ pose, intrinsics, height, width)
            points.append(local @ pose[:3, :3].T + pose[:3, 3])
            labels.append(native)
        labels = np.stack(labels)
        confidence = torch.from_numpy(np.where(labels == SKY, 1.1, 5.0)).float()
        for old, new in self.relabel.items():
            labels[labels == old] = new
        world = torch.from_numpy(np.stack(points)).float()
        if self.poisoned is not None:
            world[..., 0, 0] = self.poisoned
        novel = NovelViews(
            world_points=world,
            confidence=pattern(confidence) if self.patterned else confidence,
            world_from_camera=world_from_camera,
            focal=torch.full((len(poses),), float(tokens[0].focal)),
            labels=torch.from_numpy(labels) if self.with_labels else None,
        )
        self.imagined.append(novel)
        return novel


def pattern(confidence):
    """Give the pixels 1, 2, 3, 4, 5, 1, ..., whatever they had."""
    count = confidence[0].numel()
    row = torch.arange(count).remainder(5) + 1.0
    return row.reshape(confidence.shape[1:]).expand_as(confidence).contiguous()
