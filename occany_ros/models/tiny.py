"""The embedded default: a small network with the verbs of every OccAny family."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.matching import best_matches, correlation
from occany_ros.models.embedded.motion import Correspondences, solve_motion
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork, Encoded
from occany_ros.models.embedded.rays import calibration, cell_rays
from occany_ros.models.prediction import Prediction
from occany_ros.models.views import Views
from safetensors.torch import load_file
import torch
from torch import Tensor

WEIGHTS: Final = Path(__file__).parent / 'weights' / 'tiny.safetensors'
SAME_INSTANT_NS: Final = 60_000_000
LEAST_BASELINE: Final = 0.25
NO_LABEL: Final = 255


@dataclass(frozen=True, slots=True, eq=False)
class TinyTokens:
    """
    One encoded view.

    :param camera: name of its camera.
    :param stamp_ns: its time, nanoseconds.
    :param encoded: maps of this view alone, leading axis 1.
    :param mounted: whether its pose on the robot was known.
    """

    camera: str
    stamp_ns: int
    encoded: Encoded
    mounted: bool


@dataclass(frozen=True, slots=True, eq=False)
class TinyMemory:
    """
    The views that were remembered and where the robot was at each.

    :param views: in the order they were remembered.
    :param world_from_base: pose of the robot at each view's instant, (v, 4, 4) float64; the world
        is the optical frame of the first view.
    """

    views: tuple[TinyTokens, ...]
    world_from_base: Tensor


class TinyOccAny:
    """
    Reconstructor of a few street views by a small network and geometry.

    ``encode`` sees each image alone; ``remember`` finds the motion of the robot from matches
    between images of one camera; ``render`` sweeps each view against its neighbours in memory
    and answers depth, confidence, features and labels at 1/4 of the image.

    :param network: the weights.
    :param device: where they are.
    :param dtype: of the convolutions; heads and geometry stay in float32.
    """

    def __init__(
        self, network: EmbeddedNetwork, *, device: str = 'cpu', dtype: torch.dtype = torch.float32
    ) -> None:
        self.network = channels_last(network.to(device)).eval()
        self.device = device
        self.dtype = dtype

    def _precision(self) -> torch.autocast:
        kind = torch.device(self.device).type
        return torch.autocast(kind, dtype=self.dtype, enabled=self.dtype != torch.float32)

    @torch.inference_mode()
    def encode(self, views: Views) -> list[TinyTokens]:
        """
        See each view alone.

        :param views: images whose sides are multiples of 16; unknown calibration is NaN.
        :returns: one entry a view.
        """
        known = calibration(views)
        images = views.images.to(self.device, memory_format=torch.channels_last)
        with self._precision():
            encoded = self.network.encode(
                images,
                known.intrinsics.to(self.device, torch.float32),
                known.base_from_camera.to(self.device, torch.float32),
            )
        mounted = known.mounted.tolist()
        return [
            TinyTokens(camera, stamp_ns, part(encoded, slice(i, i + 1)), mounted[i])
            for i, (camera, stamp_ns) in enumerate(
                zip(views.cameras, views.stamps_ns, strict=True)
            )
        ]

    @torch.inference_mode()
    def remember(self, memory: TinyMemory | None, tokens: Sequence[TinyTokens]) -> TinyMemory:
        """
        Append views; each instant is placed by its motion from the nearest known instant.

        :param memory: what is already known, or None.
        :param tokens: views to append.
        :returns: a new memory; poses of known views do not change.
        """
        views = list(memory.views) if memory else []
        poses = list(memory.world_from_base.unbind()) if memory else []
        for instant in instants(tokens):
            pose = self._place(views, poses, instant)
            views.extend(instant)
            poses.extend([pose] * len(instant))
        return TinyMemory(tuple(views), torch.stack(poses))

    def _place(
        self, views: list[TinyTokens], poses: list[Tensor], instant: list[TinyTokens]
    ) -> Tensor:
        """Pose of the robot at an instant, in the world of the memory."""
        if not views:
            return mount(instant[0]).inverse()
        gaps = [abs(view.stamp_ns - instant[0].stamp_ns) for view in views]
        if min(gaps) < SAME_INSTANT_NS:
            return poses[gaps.index(min(gaps))]
        cameras = {view.camera for view in instant}
        near = [i for i, view in enumerate(views) if view.camera in cameras]
        if not near:
            return poses[gaps.index(min(gaps))]
        at = views[min(near, key=gaps.__getitem__)].stamp_ns
        known = [i for i in near if abs(views[i].stamp_ns - at) < SAME_INSTANT_NS]
        by_camera = {views[i].camera: views[i] for i in known}
        pairs = [(view, by_camera[view.camera]) for view in instant if view.camera in by_camera]
        return poses[known[0]] @ self._motion(pairs).inverse()

    def _motion(self, pairs: list[tuple[TinyTokens, TinyTokens]]) -> Tensor:
        """
        Motion between two instants from all cameras that saw both.

        :param pairs: (new, known) views of one camera each.
        :returns: new_from_known, (4, 4) float64.
        """
        new, known = (stacked([pair[i] for pair in pairs]) for i in (0, 1))
        forward = self._correspondences(known, new)
        motion = solve_motion(forward)
        backward = self._correspondences(new, known)
        again = solve_motion(backward, motion.inverse()).inverse()
        middle = motion.clone()
        middle[:3, 3] = (motion[:3, 3] + again[:3, 3]) / 2
        u, _, v = torch.linalg.svd(motion[:3, :3] + again[:3, :3])
        middle[:3, :3] = u @ v
        return middle

    def _correspondences(self, first: Encoded, second: Encoded) -> Correspondences:
        table = correlation(first.descriptors, second.descriptors)
        pixels, mass = best_matches(table)
        height, width = first.log_depth.shape[-2:]
        rays = cell_rays(first.intrinsics, (height, width), 8).flatten(1, 2)
        depth = first.log_depth.exp().flatten(1)
        local = rays * depth[..., None]
        pose = first.base_from_camera
        points = local @ pose[:, :3, :3].mT + pose[:, None, :3, 3]
        cells = height * width
        return Correspondences(
            points=points.flatten(0, 1),
            pixels=pixels.flatten(0, 1),
            weights=(mass * (mass > 0.35) * (depth < 60)).flatten(),
            intrinsics=second.intrinsics.repeat_interleave(cells, dim=0),
            camera_from_base=second.base_from_camera.inverse().repeat_interleave(cells, dim=0),
        )

    @torch.inference_mode()
    def render(self, memory: TinyMemory, tokens: Sequence[TinyTokens]) -> Prediction:
        """
        Read views back with their neighbours in memory in sight.

        :param memory: must hold the views.
        :param tokens: views to answer for.
        :returns: maps at 1/4 of the image, in the world of the memory.
        :raises LookupError: for a view that was never remembered.
        """
        place = {id(view): i for i, view in enumerate(memory.views)}
        missing = [view.camera for view in tokens if id(view) not in place]
        if missing:
            raise LookupError(f'tokens: expected remembered views, got new ones of {missing}')
        indices = [place[id(view)] for view in tokens]
        target = stacked(tokens)
        with self._precision():
            maps = self.network.read(target, self._sweeps(memory, indices))
        height, width = maps.log_depth.shape[-2:]
        rays = cell_rays(target.intrinsics, (height, width), 4)
        local = rays * maps.log_depth.exp()[..., None]  # v h w 3
        world_from_camera = (
            memory.world_from_base[indices].to(self.device) @ target.base_from_camera.double()
        ).float()
        turned = torch.einsum('vij,vhwj->vhwi', world_from_camera[:, :3, :3], local)
        return Prediction(
            world_points=turned + world_from_camera[:, None, None, :3, 3],
            local_points=local,
            confidence=1 + maps.log_precision.exp(),
            world_from_camera=world_from_camera,
            focal=target.intrinsics[:, 0, 0],
            labels=maps.logits.argmax(dim=1).to(torch.uint8),
            features=(maps.features.float(),),
        )

    def _sweeps(self, memory: TinyMemory, indices: list[int]) -> Tensor:
        """Mean sweep of each view against its neighbours, (v, 2 k, h8, w8)."""
        jobs = [(row, i, j) for row, i in enumerate(indices) for j in neighbours(memory, i)]
        shape = memory.views[indices[0]].encoded.eighth.shape
        bins = 2 * self.network.config.depths
        total = torch.zeros(len(indices), bins, *shape[-2:], device=self.device)
        if not jobs:
            return total
        rows = torch.tensor([row for row, _, _ in jobs], device=self.device)
        poses = [
            memory.world_from_base[i] @ mount(memory.views[i]) for i in range(len(memory.views))
        ]
        relative = torch.stack([poses[j].inverse() @ poses[i] for _, i, j in jobs]).float()
        sweeps = self.network.sweep(
            stacked([memory.views[i] for _, i, _ in jobs]),
            stacked([memory.views[j] for _, _, j in jobs]),
            relative.to(self.device),
        ).float()
        count = torch.bincount(rows, minlength=len(indices)).clamp(min=1)
        return total.index_add(0, rows, sweeps) / count[:, None, None, None]


def part(encoded: Encoded, index: slice) -> Encoded:
    """Take views of an encoding by slice."""
    return Encoded(**{f.name: getattr(encoded, f.name)[index] for f in fields(encoded)})


def stacked(views: Sequence[TinyTokens]) -> Encoded:
    """Join views along the leading axis."""
    return Encoded(
        **{
            f.name: torch.cat([getattr(view.encoded, f.name) for view in views])
            for f in fields(Encoded)
        }
    )


def mount(view: TinyTokens) -> Tensor:
    """Read the pose of a view's optical frame on the robot, (4, 4) float64 on the CPU."""
    return view.encoded.base_from_camera[0].double().cpu()


def instants(tokens: Sequence[TinyTokens]) -> list[list[TinyTokens]]:
    """Put consecutive views of different cameras taken within 60 ms together."""
    groups: list[list[TinyTokens]] = []
    for view in tokens:
        last = groups[-1] if groups else []
        close = last and abs(last[0].stamp_ns - view.stamp_ns) < SAME_INSTANT_NS
        if close and view.camera not in {other.camera for other in last}:
            last.append(view)
        else:
            groups.append([view])
    return groups


def neighbours(memory: TinyMemory, index: int, limit: int = 2) -> list[int]:
    """
    Find the views of the same camera nearest in time from which the robot has moved.

    :param memory: views and poses.
    :param index: the view whose neighbours are wanted.
    :param limit: how many at most.
    :returns: indices into the memory.
    """
    view, pose = memory.views[index], memory.world_from_base[index]
    found = [
        i
        for i, other in enumerate(memory.views)
        if other.camera == view.camera
        and other.encoded.eighth.shape == view.encoded.eighth.shape
        and float((memory.world_from_base[i][:3, 3] - pose[:3, 3]).norm()) > LEAST_BASELINE
    ]
    return sorted(found, key=lambda i: abs(memory.views[i].stamp_ns - view.stamp_ns))[:limit]


def load_tiny(
    *, device: str = 'cpu', dtype: torch.dtype = torch.float32, weights: Path | None = WEIGHTS
) -> TinyOccAny:
    """
    Load the embedded network.

    :param device: where to put it.
    :param dtype: float32, or bfloat16 / float16 for the convolutions.
    :param weights: a safetensors file; None draws deterministic random weights instead, the
        reference that no trained network may be confused with.
    :returns: a reconstructor.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EmbeddedNetwork(EmbeddedConfig())
    if weights is not None:
        state = {name: value.float() for name, value in load_file(weights).items()}
        network.load_state_dict(state, strict=True)
    return TinyOccAny(network, device=device, dtype=dtype)
