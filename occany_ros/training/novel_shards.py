"""What the frozen first stage answered of short drives, with the truth elsewhere, on disk."""

from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.embedded.closer import halved
from occany_ros.models.embedded.memory import grey_of
from occany_ros.models.embedded.network import EmbeddedNetwork, Encoded, select
from occany_ros.models.tiny import load_tiny
from occany_ros.synthetic.scene import Scene
from occany_ros.synthetic.sequence import scene_of
from occany_ros.training.batch import Batch, jittered, network_images
from occany_ros.training.dataset import render_shard, ShardPlan
from occany_ros.training.novel_truth import look_around
from occany_ros.training.shards import load_shard, save_shard
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class NovelShard:
    """
    ``n`` sequences of ``t`` frames of one camera and ``q`` imagined views each.

    The world is the optical frame of the first frame, as far as it was known.

    :param log_depth: answer of the first stage, (n, t, h4, w4) float16.
    :param confidence: of that answer, (n, t, h4, w4) float16.
    :param hidden: what it was read from, (n, t, d, h4, w4) float16.
    :param descriptors: (n, t, c, h8, w8) float16.
    :param grey: brightness of the halved images, (n, t, h2, w2) uint8.
    :param intrinsics: pixels of the images, (n, 3, 3) float32.
    :param world_from_camera: of the frames, with small errors, (n, t, 4, 4) float32.
    :param world_from_novel: of the imagined views, (n, q, 4, 4) float32.
    :param base_from_novel: (n, q, 4, 4) float32.
    :param depth: true depth there, 0 = sky, (n, q, h4, w4) float16.
    :param labels: true class there, (n, q, h4, w4) uint8.
    :param shown: whether some frame shows that surface too, (n, q, h4, w4) bool.
    """

    log_depth: NDArray[np.float16]
    confidence: NDArray[np.float16]
    hidden: NDArray[np.float16]
    descriptors: NDArray[np.float16]
    grey: NDArray[np.uint8]
    intrinsics: NDArray[np.float32]
    world_from_camera: NDArray[np.float32]
    world_from_novel: NDArray[np.float32]
    base_from_novel: NDArray[np.float32]
    depth: NDArray[np.float16]
    labels: NDArray[np.uint8]
    shown: NDArray[np.bool_]

    def __len__(self) -> int:
        """Count the sequences."""
        return len(self.depth)


def answer_all(plans: Sequence[ShardPlan], weights: Path, workers: int) -> Iterator[Path]:
    """
    Render the images that are missing and let the first stage answer, several shards at a time.

    :param plans: of the images; the answers get the suffix ``.answers.npz``.
    :param weights: of the first stage.
    :param workers: processes, one core each.
    :returns: the answers as they become ready.
    """
    plans[0].path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, mp_context=get_context('spawn')) as pool:
        jobs = [pool.submit(answer_planned, work, weights) for work in plans]
        for job in as_completed(jobs):
            yield job.result()


def answer_planned(work: ShardPlan, weights: Path) -> Path:
    """Answer one shard on one core; do nothing where it is there, and leave no images behind."""
    path = work.path.with_suffix('.answers.npz')
    if path.exists():
        return path
    torch.set_num_threads(1)
    render_shard(work)
    save_shard(path, answer_shard(work.path, work.seeds, load_tiny(weights=weights).network))
    work.path.unlink()
    return path


def answer_shard(path: Path, seeds: Sequence[int], network: EmbeddedNetwork) -> NovelShard:
    """
    Let the frozen network see the sequences of a shard, and render the truth around them.

    :param path: shard of images.
    :param seeds: of its sequences.
    :param network: weights of the first stage.
    """
    shard = load_shard(path)
    frames, height, width = shard.images.shape[1:4]
    rows = [
        _answered(network, shard.batch([row]), scene_of(seed, frames, (height, width)), seed)
        for row, seed in enumerate(seeds)
    ]
    return NovelShard(
        **{f.name: np.stack([row[f.name] for row in rows]) for f in fields(NovelShard)}
    )


@torch.no_grad()
def _answered(
    network: EmbeddedNetwork, batch: Batch, scene: Scene, seed: int
) -> dict[str, NDArray[Any]]:
    """Fields of one sequence."""
    generator = torch.Generator().manual_seed(seed)
    mounts = jittered(
        batch.base_from_camera[0], angle_deg=0.05, metres=0.003, scale=0.002, generator=generator
    )
    images = network_images(batch.images, generator)
    poses = batch.world_from_camera[0]
    guessed = walked(poses, generator)
    pinhole = batch.intrinsics[0, 0]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        encoded = network.encode(images, batch.intrinsics[0].float(), mounts.float())
        maps = network.read(encoded, _sweeps(network, encoded, guessed))
    truth = look_around(
        scene,
        poses.numpy(),
        at_quarter(pinhole.numpy()),
        batch.depth[0].numpy(),
        np.random.default_rng([seed, 5]),
    )
    return {
        'log_depth': maps.log_depth.numpy().astype(np.float16),
        'confidence': (1 + maps.log_precision.exp()).clamp(max=1e3).numpy().astype(np.float16),
        'hidden': maps.hidden.float().numpy().astype(np.float16),
        'descriptors': encoded.descriptors.numpy().astype(np.float16),
        'grey': (halved(grey_of(images)) * 255).byte().squeeze(1).numpy(),
        'intrinsics': pinhole.numpy().astype(np.float32),
        'world_from_camera': guessed.numpy().astype(np.float32),
        'world_from_novel': (guessed.numpy()[truth.frame] @ truth.frame_from_novel).astype(
            np.float32
        ),
        'base_from_novel': (mounts.numpy()[truth.frame] @ truth.frame_from_novel).astype(
            np.float32
        ),
        'depth': truth.depth.astype(np.float16),
        'labels': truth.label,
        'shown': truth.shown,
    }


def at_quarter(pinhole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pinhole matrix of maps whose cell i answers for the pixel 4 i + 2 of the image, (3, 3)."""
    quarter = pinhole.copy()
    quarter[:2] /= 4
    quarter[:2, 2] -= 0.5
    return quarter


def _sweeps(network: EmbeddedNetwork, encoded: Encoded, poses: Tensor) -> Tensor:
    """Mean sweep of every frame against those nearest in time, (t, 2 k, h8, w8)."""
    frames, count = len(poses), network.config.sources
    pairs = [
        (target, source)
        for target in range(frames)
        for source in sorted(set(range(frames)) - {target}, key=lambda i: abs(i - target))[:count]
    ]
    target, source = (torch.tensor(side) for side in zip(*pairs, strict=True))
    relative = (poses[source].inverse() @ poses[target]).float()
    sweeps = network.sweep(select(encoded, target), select(encoded, source), relative)
    return sweeps.float().reshape(frames, -1, *sweeps.shape[1:]).mean(dim=1)


def walked(poses: Tensor, generator: torch.Generator) -> Tensor:
    """Poses as an odometry with small errors finds them, from the first on, (t, 4, 4)."""
    moves = jittered(
        poses[:-1].inverse() @ poses[1:],
        angle_deg=0.06,
        metres=0.01,
        scale=0.015,
        generator=generator,
    )
    found = [torch.eye(4, dtype=poses.dtype)]
    for move in moves:
        found.append(found[-1] @ move)
    return torch.stack(found)
