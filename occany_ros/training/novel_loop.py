"""The two optimisation runs of the embedded network's rendering stage."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Final

import numpy as np
from occany_ros.models.embedded.evidence import gather_evidence
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork
from occany_ros.models.embedded.rendering import RenderingStage
from occany_ros.training.loop import Progress, REPORT_EVERY, Schedule
from occany_ros.training.novel_batch import NovelBatch
from occany_ros.training.novel_losses import first_look_loss, second_look_loss
import torch
from torch import nn, Tensor

LOOKED_BEFORE: Final = 0.6
"""Share of the batches in which the closer look starts from an answer of its own."""

Report = Callable[[Progress], None]
Loss = Callable[[NovelBatch], dict[str, Tensor]]


def train_first_look(
    batches: Iterator[NovelBatch],
    schedule: Schedule,
    class_weights: Tensor,
    stage: RenderingStage,
    reader: EmbeddedNetwork,
    report: Report,
) -> None:
    """
    Train the first look on what the frozen first stage answered.

    :param batches: endless.
    :param schedule: how long and how fast.
    :param class_weights: weight of each class in the cross-entropy.
    :param stage: its first look ends as the running average of the weights.
    :param reader: the first stage; it stays as it is.
    :param report: called now and then.
    """
    network = channels_last(stage.imagination)
    reader = deepcopy(reader).requires_grad_(requires_grad=False)

    def loss(batch: NovelBatch) -> dict[str, Tensor]:
        """Loss terms of a batch."""
        evidence = gather_evidence(batch.sources, batch.cameras, network.depths)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            answer = network(evidence, batch.cameras, reader)
        return first_look_loss(answer, network.log_depths, batch, class_weights)

    _optimise(network, loss, batches, schedule, report)


def train_second_look(
    batches: Iterator[NovelBatch],
    schedule: Schedule,
    stage: RenderingStage,
    reader: EmbeddedNetwork,
    report: Report,
) -> None:
    """
    Train the second look on what the frozen first look answers.

    :param stage: its second look ends as the running average of the weights.

    The other parameters are those of `train_first_look`.
    """
    network = channels_last(stage.closer)
    random = np.random.default_rng(schedule.seed)

    def loss(batch: NovelBatch) -> dict[str, Tensor]:
        """Loss terms of a batch."""
        sources, cameras = batch.sources, batch.cameras
        with torch.autocast('cpu', dtype=torch.bfloat16):
            with torch.no_grad():
                first = stage.look(sources, cameras, reader)
                if random.random() < LOOKED_BEFORE:
                    nearer = stage.look_closer(sources, cameras, first).imagination.maps.log_depth
                    first = replace(first, maps=replace(first.maps, log_depth=nearer))
            answer = stage.look_closer(sources, cameras, first)
        return second_look_loss(answer, first.maps.log_depth, network.offsets, batch)

    _optimise(network, loss, batches, schedule, report)


def _optimise(
    network: nn.Module,
    loss: Loss,
    batches: Iterator[NovelBatch],
    schedule: Schedule,
    report: Report,
) -> None:
    """Minimise a loss; the network ends with the running average of its weights."""
    average = deepcopy(network)
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
    views = 0
    for step in range(schedule.steps):
        batch = next(batches)
        for group in optimiser.param_groups:
            group['lr'] = schedule.rate_at(step)
        terms = loss(batch)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        torch.nn.utils.clip_grad_norm_(network.parameters(), schedule.clip)
        optimiser.step()
        views += len(batch.depth)
        keep = min(schedule.average, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, current in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(current, 1 - keep)
        if step % REPORT_EVERY == 0 or step + 1 == schedule.steps:
            report(Progress(step, views, {name: float(t.detach()) for name, t in terms.items()}))
    network.load_state_dict(average.state_dict())
