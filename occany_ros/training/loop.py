"""One optimisation run of the embedded network."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from typing import Final, TypeVar

from occany_ros.models.embedded.config import EmbeddedConfig
from occany_ros.models.embedded.matching import correlation, likelihood
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork, select
from occany_ros.training.batch import Batch, jittered, match_targets, network_images
from occany_ros.training.losses import (
    depth_loss,
    first_depth_loss,
    label_loss,
    LossWeights,
    match_loss,
)
import torch
from torch import nn, Tensor

WITHOUT_SOURCES: Final = 0.12
ONE_SOURCE: Final = 0.25
REPORT_EVERY: Final = 50

BatchT = TypeVar('BatchT')
NetworkT = TypeVar('NetworkT', bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    How long and how fast to learn.

    :param steps: optimiser steps.
    :param rate: peak learning rate.
    :param warm_up: steps of linear warm-up.
    :param floor: last learning rate as a share of the peak.
    :param decay: weight decay.
    :param clip: largest gradient norm.
    :param average: decay of the running average of the weights.
    :param seed: of the variation of the images, the poses and the sources.
    """

    steps: int
    rate: float = 1.2e-3
    warm_up: int = 150
    floor: float = 0.02
    decay: float = 0.05
    clip: float = 1.0
    average: float = 0.998
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a half cosine."""
        if step < self.warm_up:
            return self.rate * (step + 1) / self.warm_up
        share = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return self.rate * (self.floor + (1 - self.floor) * (1 + cos(pi * share)) / 2)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: step, frames seen, and the terms of the loss of that step."""

    step: int
    frames: int
    terms: dict[str, float]


def sequence_loss(
    network: EmbeddedNetwork,
    batch: Batch,
    weights: LossWeights,
    class_weights: Tensor,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """
    Loss terms of a batch, each already weighted.

    Every frame is encoded once; each is then read with sweeps against the other frames of its
    sequence at poses with a small error, against one of them, or against none.
    """
    sequences, frames = batch.images.shape[:2]
    mounts = batch.base_from_camera.flatten(0, 1)
    seen_mounts = jittered(
        mounts, angle_deg=0.1, metres=0.005, scale=0.003, generator=generator
    ).float()
    encoded = network.encode(
        network_images(batch.images, generator),
        batch.intrinsics.flatten(0, 1).float(),
        seen_mounts,
    )
    views = torch.arange(sequences * frames).view(sequences, frames)
    poses = batch.world_from_camera
    device = batch.images.device
    total = torch.zeros((), device=device)
    count = torch.zeros(sequences * frames, device=device)
    matches = []
    for shift in range(1, frames):
        target = views.flatten()
        order = torch.arange(frames).roll(-shift)
        source = views[:, order].flatten()
        relative = (poses[:, order].inverse() @ poses).flatten(0, 1)
        relative = jittered(
            relative, angle_deg=0.1, metres=0.015, scale=0.03, generator=generator
        ).float()
        draw = torch.rand(sequences * frames, generator=generator, device=device)
        used = draw > (WITHOUT_SOURCES + ONE_SOURCE if shift > 1 else WITHOUT_SOURCES)
        sweep = network.sweep(select(encoded, target), select(encoded, source), relative)
        total = total + sweep * used[:, None, None, None]
        count = count + used
    for first, second in [
        (i, j) for i in range(frames) for j in (i - 1, i + 1) if 0 <= j < frames
    ]:
        target, source = views[:, first], views[:, second]
        table = correlation(encoded.descriptors[target], encoded.descriptors[source])
        likely = likelihood(table, network.nowhere)
        matches.append(match_loss(likely, table.shape[-1], match_targets(batch, first, second)))
    maps = network.read(encoded, total / count.clamp(min=1)[:, None, None, None])
    depth, labels = batch.depth.flatten(0, 1), batch.labels.flatten(0, 1)
    return {
        'depth': depth_loss(maps, depth, labels, weights.sky),
        'labels': weights.labels * label_loss(maps.logits, labels, class_weights),
        'first': weights.first_depth
        * first_depth_loss(
            encoded.log_depth, encoded.log_precision, batch.coarse_depth.flatten(0, 1)
        ),
        'matches': weights.matches * torch.stack(matches).mean(),
    }


def train(
    batches: Iterator[Batch],
    schedule: Schedule,
    class_weights: Tensor,
    *,
    network: EmbeddedNetwork | None = None,
    device: str = 'cpu',
    report: Callable[[Progress, EmbeddedNetwork], None],
) -> EmbeddedNetwork:
    """
    Train the embedded network.

    :param batches: endless.
    :param schedule: how long and how fast.
    :param class_weights: weight of each class in the cross-entropy.
    :param network: where to start; a new one with weights drawn from the seed when None.
    :param device: where to compute.
    :param report: called every ``REPORT_EVERY`` steps with the averaged network.
    :returns: the network with the running average of the weights.
    """
    torch.manual_seed(schedule.seed)
    generator = torch.Generator(device).manual_seed(schedule.seed)
    class_weights = class_weights.to(device)
    network = network or EmbeddedNetwork(EmbeddedConfig())
    network = channels_last(network.to(device))

    def loss(batch: Batch) -> dict[str, Tensor]:
        with torch.autocast(device, dtype=torch.bfloat16):
            return sequence_loss(network, batch, LossWeights(), class_weights, generator)

    return optimise(
        network,
        loss,
        (batch.to(device) for batch in batches),
        schedule,
        count=lambda batch: batch.images.shape[0] * batch.images.shape[1],
        report=report,
    )


def optimise(
    network: NetworkT,
    loss: Callable[[BatchT], dict[str, Tensor]],
    batches: Iterator[BatchT],
    schedule: Schedule,
    *,
    count: Callable[[BatchT], int],
    report: Callable[[Progress, NetworkT], None],
) -> NetworkT:
    """
    Minimise a loss.

    :param network: changed in place.
    :param loss: its terms for a batch, each already weighted.
    :param batches: at least as many as there are steps.
    :param schedule: how long and how fast.
    :param count: images of a batch, for the reports.
    :param report: called every ``REPORT_EVERY`` steps with the averaged network.
    :returns: the network with the running average of the weights.
    """
    average = deepcopy(network).eval()
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [
            {'params': decayed, 'weight_decay': schedule.decay},
            {'params': plain, 'weight_decay': 0},
        ],
        lr=schedule.rate,
        betas=(0.9, 0.95),
    )
    frames = 0
    for step in range(schedule.steps):
        batch = next(batches)
        for group in optimiser.param_groups:
            group['lr'] = schedule.rate_at(step)
        terms = loss(batch)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        optimiser.step()
        frames += count(batch)
        keep = min(schedule.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, current in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(current, 1 - keep)
        if step % REPORT_EVERY == 0 or step + 1 == schedule.steps:
            values = {name: float(term.detach()) for name, term in terms.items()}
            report(Progress(step, frames, values), average)
    return average
