"""Golden files of GroundingDINO: answers of its queries made into named boxes (spec B.2)."""

import json

from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.array_files import read_table
from occany_ros.evaluation.parity.comparison import Comparison, left_out
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.semantics.boxes import BoxThresholds, named_boxes
from occany_ros.semantics.grounding import network_size
from occany_ros.semantics.prompts import caption
import torch

TOLERANCE = 1e-6
MOST_TOKENS = 256
INPUTS = frozenset(('logits', 'boxes', 'input_ids', 'n_tokens', 'box_threshold', 'text_threshold'))


def check_boxes(fixture: Fixture) -> list[Comparison]:
    """Name the boxes of the raw answers, and write the caption."""
    tensors = fixture.tensors
    names = json.loads(fixture.metadata['class_names'])
    logits = torch.full((len(tensors['logits']), MOST_TOKENS), -torch.inf)
    logits[:, : int(tensors['n_tokens'])] = tensors['logits'].float()
    boxes = named_boxes(
        logits,
        tensors['boxes'],
        json.loads(fixture.metadata['tokens']),
        names,
        BoxThresholds(float(tensors['box_threshold']), float(tensors['text_threshold'])),
    )
    answers = {
        'out_boxes': Answer(boxes.places, TOLERANCE),
        'out_conf': Answer(boxes.scores, TOLERANCE),
        'out_class_index': Answer(torch.from_numpy(boxes.labels), 0.0),
    }
    found = [names[index] for index in boxes.labels]
    return [
        *matched(fixture, answers, INPUTS),
        same('out_labels', found, json.loads(fixture.metadata['out_labels'])),
        same('caption', [caption(names)], [json.loads(fixture.metadata['caption'])]),
    ]


def check_sizes(fixture: Fixture) -> list[Comparison]:
    """Choose the size of the detector's image; the error is in pixels."""
    comparisons = []
    for case in read_table(fixture.path):
        (width, height), golden = case['in_wh'], case['gdino_wh']
        rows, columns = network_size((height, width))
        error = max(abs(columns - golden[0]), abs(rows - golden[1]))
        comparisons.append(Comparison(f'{width} x {height}', float(error), 0.0))
    return [*comparisons, left_out('hf_processor_wh', 'another program chooses these sizes')]


def same(name: str, ours: list[str], golden: list[str]) -> Comparison:
    """Count the texts that differ."""
    misses = sum(mine != theirs for mine, theirs in zip(ours, golden, strict=False))
    return Comparison(name, float(misses + abs(len(ours) - len(golden))), 0.0)
