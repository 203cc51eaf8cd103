"""The model card: what was trained how, and what it can and cannot do, beside the weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path

from occany_ros.models.embedded.network import EmbeddedNetwork
from safetensors.torch import save_file
import torch


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    How a network was trained.

    :param command: what makes it again.
    :param sequences: in the training set.
    :param seeds: first and last seed of the training set.
    :param steps: optimiser steps.
    :param frames: images seen, repeats counted.
    :param minutes: on the machine that trained it.
    :param device: of that machine.
    :param curve: (frames, loss terms) along the way.
    """

    command: str
    sequences: int
    seeds: tuple[int, int]
    steps: int
    frames: int
    minutes: float
    device: str
    curve: tuple[tuple[int, Mapping[str, float]], ...]


def export(network: EmbeddedNetwork, path: Path, recipe: Recipe) -> None:
    """
    Write weights as float16 safetensors and the recipe as JSON beside them.

    :param network: the averaged network.
    :param path: of the weights; the recipe gets the suffix ``.json``.
    """
    state = {
        name: value.detach().half().cpu().contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(state, path)
    facts = asdict(recipe) | {
        'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'parameters': sum(value.numel() for value in state.values()),
        'torch': torch.__version__,
    }
    path.with_suffix('.json').write_text(json.dumps(facts, indent=1) + '\n')
