"""
SAM 3: masks of everything a word names, found in a pyramid of features (semantics spec A.3, B.7).

The network of the library `transformers` is driven part by part: the text is encoded once for
all, the token without which it answers differently from the published code is added, and masks
are made only where something was found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from occany_ros.models.novel_batch import even_groups, room_bytes
from occany_ros.semantics.painting import Masks
from occany_ros.semantics.sam3_prompts import EncodedPrompts
from occany_ros.semantics.squeezing import stretched_masks
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """
    One view as the detector sees it.

    :param pyramid: features, finest first, each (1, d, h, w).
    :param codes: places of the coarsest features, (1, d, h, w).
    :param geometry: what stands in for drawn boxes where there are none, (1, 1, d).
    """

    pyramid: tuple[Tensor, ...]
    codes: Tensor
    geometry: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """
    What a group of ``p`` prompts found in a view, before masks are made.

    :param scores: of every query, (p, q) float32.
    :param queries: (p, q, d).
    :param pixels: the coarsest features, after the prompt was read into them, (p, n, d).
    :param words: tokens of the prompts and of the geometry, (p, m, d).
    :param is_word: which of them are no padding, (p, m) bool.
    """

    scores: Tensor
    queries: Tensor
    pixels: Tensor
    words: Tensor
    is_word: Tensor


class Sam3:
    """
    Finds all objects of a list of prompts in a view.

    :param network: a `Sam3Model` of the library `transformers`; neither its image encoder nor its
        text encoder is used.
    :param prompts: what it looks for, on the device of the network.
    :param threshold: least score of an object, which must be above it.
    :param precision: type of what passes through the network; scores and masks stay float32.

    :ivar prompts_at_once: most prompts decoded together; 0 for as many as fit in memory. It
        changes time and memory, never the result.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - a class of an extra
        prompts: EncodedPrompts,
        *,
        threshold: float,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.network = network
        self.prompts = prompts
        self.threshold = threshold
        self.precision = precision
        self.prompts_at_once = 0

    @torch.inference_mode()
    def find(self, pyramid: tuple[Tensor, ...], size: tuple[int, int]) -> Masks:
        """
        Look for every prompt in one view.

        :param pyramid: features (d, 4 e, 4 e), (d, 2 e, 2 e), (d, e, e) of any ``e``.
        :param size: height and width of the masks wanted, pixels.
        :returns: prompt by prompt, in the order of the network's queries.
        """
        lowered = self.precision != torch.float32
        with torch.autocast(pyramid[-1].device.type, dtype=self.precision, enabled=lowered):
            scene = self._scene(tuple(level[None] for level in pyramid))
            parts = [_nothing(size), *self._objects(scene, size)]
        return Masks(
            pixels=np.concatenate([part.pixels for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
        )

    def _scene(self, pyramid: tuple[Tensor, ...]) -> _Scene:
        coarse = pyramid[-1]  # (1, d, e, e)
        part = self.network.geometry_encoder
        codes = part.position_encoding(coarse.shape, coarse.device, torch.float32)
        return _Scene(pyramid=pyramid, codes=codes, geometry=geometry_token(part, coarse, codes))

    def _objects(self, scene: _Scene, size: tuple[int, int]) -> Iterator[Masks]:
        """Decode group by group, and make the masks of each prompt that found something."""
        most = self.prompts_at_once or self._prompts_that_fit(scene)
        for first, end in even_groups(len(self.prompts.tokens), most):
            decoded = self._decode(scene, first, end)
            kept = decoded.scores > self.threshold  # (p, q)
            for index in kept.any(dim=1).nonzero()[:, 0].tolist():
                chosen = kept[index]
                masks = self._masks(scene, decoded, index, chosen)
                yield Masks(
                    pixels=stretched_masks(masks, size).cpu().numpy(),
                    scores=decoded.scores[index, chosen].cpu().numpy(),
                    labels=np.repeat(self.prompts.classes[first + index], len(masks)),
                )

    def _decode(self, scene: _Scene, first: int, end: int) -> _Decoded:
        """Read a range of prompts into the features, and queries out of them."""
        count = end - first
        coarse, codes = scene.pyramid[-1], scene.codes
        geometry = scene.geometry.expand(count, -1, -1)
        words = torch.cat((self.prompts.tokens[first:end], geometry), dim=1)  # (p, n + 1, d)
        is_word = functional.pad(self.prompts.is_word[first:end], (0, 1), value=True)
        encoded = self.network.detr_encoder(
            vision_features=[coarse.expand(count, -1, -1, -1)],
            vision_pos_embeds=[codes.expand(count, -1, -1, -1)],
            text_features=words,
            text_mask=is_word,
        )
        decoded = self.network.detr_decoder(
            vision_features=encoded.last_hidden_state,
            vision_pos_encoding=encoded.pos_embeds_flattened,
            text_features=words,
            text_mask=is_word,
            spatial_shapes=encoded.spatial_shapes,
        )
        queries = decoded.intermediate_hidden_states[-1]  # (p, q, d)
        logits = self.network.dot_product_scoring(
            decoder_hidden_states=queries[None], text_features=words, text_mask=is_word
        )[0, :, :, 0]
        return _Decoded(
            scores=query_scores(logits, decoded.presence_logits[-1]),
            queries=queries,
            pixels=encoded.last_hidden_state,
            words=words,
            is_word=is_word,
        )

    def _masks(self, scene: _Scene, decoded: _Decoded, index: int, chosen: Tensor) -> Tensor:
        """Mask logits of the chosen queries of one prompt, (k, 4 e, 4 e)."""
        one = slice(index, index + 1)
        return self.network.mask_decoder(
            decoder_queries=decoded.queries[one, chosen],
            backbone_features=list(scene.pyramid),
            encoder_hidden_states=decoded.pixels[one],
            prompt_features=decoded.words[one],
            prompt_mask=decoded.is_word[one],
        ).pred_masks[0]

    def _prompts_that_fit(self, scene: _Scene) -> int:
        """Say how many prompts are decoded together, by the largest tensors of the decoder."""
        sizes = self.network.config.detr_decoder_config
        bias = 3 * sizes.num_attention_heads * (sizes.num_queries + 1)
        channels = bias + 2 * sizes.intermediate_size + 8 * sizes.hidden_size
        coarse = scene.pyramid[-1]
        return max(1, int(room_bytes(coarse.device) / (4 * channels * coarse[0, 0].numel())))


def _nothing(size: tuple[int, int]) -> Masks:
    return Masks(
        pixels=np.zeros((0, *size), np.bool_),
        scores=np.zeros(0, np.float32),
        labels=np.zeros(0, np.uint8),
    )


def geometry_token(part: Any, coarse: Tensor, codes: Tensor) -> Tensor:  # noqa: ANN401
    """
    Make the token that the published detector adds to the words of every prompt.

    It is what the encoder of drawn boxes answers where none are drawn; the library leaves it out
    then, and every score moves (semantics spec A.3). It depends on the view alone.

    :param part: the geometry encoder of the network.
    :param coarse: coarsest features of the view, (1, d, h, w).
    :param codes: their places, (1, d, h, w).
    :returns: (1, 1, d).
    """
    pixels, places = (x.flatten(2).transpose(1, 2) for x in (coarse, codes))  # (1, h w, d)
    token = part.prompt_layer_norm(part.final_proj(part.cls_embed.weight[None]))  # (1, 1, d)
    for layer in part.layers:
        token = layer(
            prompt_feats=token, vision_feats=pixels, vision_pos_encoding=places, prompt_mask=None
        )
    return part.output_layer_norm(token)


def query_scores(logits: Tensor, presence: Tensor) -> Tensor:
    """
    Score every query: how well it fits the words, times whether they are in view at all.

    :param logits: of the queries of each prompt, (p, q).
    :param presence: logit of each prompt, (p, 1).
    :returns: 0 to 1, (p, q) float32.
    """
    return logits.float().sigmoid() * presence.float().sigmoid()
