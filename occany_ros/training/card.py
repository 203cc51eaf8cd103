"""The model card: what was trained how, and what it can and cannot do, beside the weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path

from occany_ros.models.embedded.network import EmbeddedNetwork
from occany_ros.models.embedded.rendering import join_stages, RenderingStage, split_stages
from safetensors.torch import load_file, save_file
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


def export_rendering(stage: RenderingStage, first: Path, path: Path, recipe: Recipe) -> None:
    """
    Write the rendering stage beside the weights of the first, which stay bit for bit the same.

    The recipe joins those of the first stage under the name ``rendering``.

    :param first: file that holds the first stage.
    :param path: to write; may be ``first``.
    """
    seeing, _ = split_stages(load_file(first))
    rendering = {
        name: value.detach().half().cpu().contiguous()
        for name, value in stage.state_dict().items()
    }
    known = first.with_suffix('.json')
    facts = json.loads(known.read_text()) if known.exists() else {}
    save_file(join_stages(seeing, rendering), path)
    facts |= {
        'rendering': asdict(recipe) | {'parameters': sum(v.numel() for v in rendering.values())},
        'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
        'torch': torch.__version__,
    }
    path.with_suffix('.json').write_text(json.dumps(facts, indent=1) + '\n')
