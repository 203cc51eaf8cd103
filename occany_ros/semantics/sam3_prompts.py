"""What SAM 3 is asked for: the words of a class set, encoded once (semantics spec B.1, B.7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from occany_ros.semantics.classes import ClassSet
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPrompts:
    """
    Words a network looks for, in its own tokens.

    :param tokens: of every prompt, padded to one length, (p, n, d) float32.
    :param is_word: which tokens are no padding, (p, n) bool.
    :param classes: native id each prompt stands for, (p,) uint8.
    """

    tokens: Tensor
    is_word: Tensor
    classes: NDArray[np.uint8]


def queried_prompts(classes: ClassSet) -> tuple[tuple[str, int], ...]:
    """
    List the prompts that are looked for, with the native id each stands for, class by class.

    Free space and ``other`` are what is left when nothing was found, so nobody looks for them.

    :raises ValueError: if nothing is left to look for.
    """
    nothing = (classes.empty, classes.other)
    found = tuple(entry for entry in classes.flat_prompts if entry[1] not in nothing)
    if not found:
        raise ValueError(
            f'class set {classes.name}: expected prompts for at least one class, got none; '
            'gather classes that have some'
        )
    return found


@torch.inference_mode()
def encode_prompts(
    network: Any,  # noqa: ANN401 - a class of an extra
    tokenizer: Callable[..., Any],
    classes: ClassSet,
) -> EncodedPrompts:
    """
    Encode every prompt of a class set that is looked for.

    :param network: a `Sam3Model` of the library `transformers`, with its text encoder.
    :param tokenizer: that lay beside it.
    :returns: tokens on the device of the network.
    :raises ValueError: if there is no prompt, or the tokenizer is not the network's.
    """
    prompts = queried_prompts(classes)
    written = tokenizer(
        [words for words, _ in prompts],
        padding='max_length',
        truncation=True,
        max_length=network.config.text_config.max_position_embeddings,
        return_tensors='pt',
    ).to(network.device)
    most, known = int(written.input_ids.max()), network.config.text_config.vocab_size
    if most >= known:
        raise ValueError(
            f'tokenizer: expected words below {known}, got {most}; it lies beside another '
            'network, download the whole folder again'
        )
    encoded = network.get_text_features(
        input_ids=written.input_ids, attention_mask=written.attention_mask
    )
    return EncodedPrompts(
        tokens=encoded.pooler_output,
        is_word=written.attention_mask.bool(),
        classes=np.array([index for _, index in prompts], np.uint8),
    )
