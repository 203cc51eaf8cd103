"""Golden files of SAM 3: raw answers of its heads made into label maps (semantics spec B.7)."""

import numpy as np
from occany_ros.evaluation.parity.answers import Answer, matched
from occany_ros.evaluation.parity.comparison import Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.semantics.classes import CLASS_SETS
from occany_ros.semantics.painting import paint
from occany_ros.semantics.sam3 import query_scores
from occany_ros.semantics.sam3_prompts import queried_prompts
from occany_ros.semantics.squeezing import stretched_masks
import torch

INPUTS = frozenset(
    (
        *('prompt_set', 'thr', 'H', 'W', 'view_batch_size', 'empty_class', 'ignore_ids'),
        *('pred_logits', 'presence_logits', 'pred_masks', 'valid_prompt_indices'),
    )
)


def check_sam3(fixture: Fixture) -> list[Comparison]:
    """
    Score, filter, stretch and paint the raw answers, and compare the label maps.

    :raises ValueError: if they are of no class set of ours.
    """
    tensors = fixture.tensors
    empty = int(tensors['empty_class'])
    classes = next((one for one in CLASS_SETS.values() if one.empty == empty), None)
    if classes is None:
        raise ValueError(f'empty_class: expected that of one of {[*CLASS_SETS]}, got {empty}')
    prompt_classes = np.array([index for _, index in queried_prompts(classes)], np.uint8)
    size = (int(tensors['H']), int(tensors['W']))
    maps = []
    for logits, presence, masks in zip(
        *(tensors[name].float() for name in ('pred_logits', 'presence_logits', 'pred_masks')),
        strict=True,
    ):
        scores = query_scores(logits, presence[:, None])  # (p, q)
        kept = scores > float(tensors['thr'])
        maps.append(
            paint(
                stretched_masks(masks[kept], size).numpy(),
                scores[kept].numpy(),
                prompt_classes[kept.nonzero()[:, 0].numpy()],
                empty,
                (classes.other,),
            )
        )
    answers = {'sem2d': np.stack(maps), 'valid_prompt_class': prompt_classes}
    return matched(
        fixture,
        {name: Answer(torch.from_numpy(value), 0) for name, value in answers.items()},
        INPUTS,
    )
