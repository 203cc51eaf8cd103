"""What one answer has from those before it: the path, and the colours of features."""

from collections import deque
from dataclasses import replace
from typing import Any

from occany_ros.pipeline.feature_colours import feature_basis, FeatureBasis, fits
from occany_ros.ros.messages.outputs import pose
from occany_ros.ros.messages.scene import Scene


class SceneHistory:
    """Remembers what is needed until the path begins anew."""

    def __init__(self) -> None:
        self._path: deque[Any] = deque()
        self._basis: FeatureBasis | None = None

    def extended(self, scene: Scene) -> Scene:
        """Take an answer in, and give it path and colours."""
        self._path.append(pose(scene))
        while len(self._path) > scene.parameters.path.max_size:
            self._path.popleft()
        return replace(scene, path=tuple(self._path), feature_basis=self._basis_of(scene))

    def restart(self) -> None:
        """Forget everything."""
        self._path.clear()
        self._basis = None

    def _basis_of(self, scene: Scene) -> FeatureBasis | None:
        """Keep one basis, so that a thing keeps its colour; the first set makes it."""
        views = scene.occupancy.views
        maps = [view.features for view in views if view.features is not None]
        if maps and not fits(self._basis, maps[0]):
            self._basis = feature_basis(maps)
        return self._basis
