"""The two optimisation runs of the embedded network's rendering stage."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Final

import numpy as np
from occany_ros.models.embedded.evidence import gather_evidence
from occany_ros.models.embedded.network import channels_last, EmbeddedNetwork
from occany_ros.models.embedded.rendering import RenderingStage
from occany_ros.training.loop import optimise, Progress, Schedule
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
    average = optimise(
        network,
        loss,
        batches,
        schedule,
        count=lambda batch: len(batch.depth),
        report=lambda progress, _: report(progress),
    )
    network.load_state_dict(average.state_dict())
