"""SAM 2: the mask of the thing in a box, found in a pyramid of features (semantics spec B.3)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from occany_ros.models.novel_batch import even_groups, room_bytes
from occany_ros.semantics.boxes import box_corners
from occany_ros.semantics.squeezing import squeezed_image, squeezed_masks, stretched_masks
import torch
from torch import Tensor

CELL: Final = 16
"""Edge of a cell of the coarsest features, in pixels of the square image."""
EDGE: Final = 512
"""Edge of the square that images are squeezed into, in the published modes."""
# What a box takes for each cell of the coarsest features, in channels of float32: image tokens of
# a block, two finer maps before and after their activation, and four masks.
_CHANNELS_A_WIDTH: Final = 20
# How many float32 squares of pixels a mask takes while it is rounded.
_SQUARES: Final = 4


class Sam2:
    """
    Finds masks of boxes in one view at a time.

    :param network: a `Sam2Model` of the library `transformers`. It works at any size of features,
        not only at the one in its configuration.
    :param precision: type of what passes through the network; masks stay float32.

    :ivar boxes_at_once: most boxes decoded together; 0 for as many as fit in memory. It changes
        time and memory, never the result.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - a class of an extra
        *,
        precision: torch.dtype = torch.float32,
    ) -> None:
        self.network = network
        self.precision = precision
        self.boxes_at_once = 0

    @property
    def widths(self) -> tuple[int, int, int]:
        """Channels of the features it decodes, coarsest first."""
        width = self.network.config.prompt_encoder_config.hidden_size
        return width, width // 4, width // 8

    @torch.inference_mode()
    def encode(self, image: NDArray[np.uint8], edge: int = EDGE) -> tuple[Tensor, ...]:
        """
        Make features of an image.

        :param image: RGB, (h, w, 3).
        :param edge: of the square it is squeezed into, pixels.
        :returns: coarsest first, (d, e, e), (d / 4, 2 e, 2 e), (d / 8, 4 e, 4 e), float32.
        """
        pixels = squeezed_image(image, edge).to(self.network.device)
        cells = edge // CELL
        self.network.backbone_feature_sizes = [[x * cells, x * cells] for x in (4, 2, 1)]
        with self._precision():
            maps = self.network.get_image_embeddings(pixels[None])
        return tuple(level[0].float() for level in reversed(maps))

    @torch.inference_mode()
    def masks(self, pyramid: tuple[Tensor, ...], places: Tensor, size: tuple[int, int]) -> Tensor:
        """
        Find the mask of every box.

        :param pyramid: features as from `encode`, of any ``e``.
        :param places: boxes, see `Boxes`, (n, 4).
        :param size: height and width of the view, pixels.
        :returns: which pixels are inside, (n, height, width) bool.
        """
        coarse = pyramid[0]
        edge = CELL * coarse.shape[-1]
        corners = box_corners(places.to(coarse.device), size, edge)  # (n, 4)
        parts = [torch.zeros(0, *size, dtype=torch.bool, device=coarse.device)]
        most = self.boxes_at_once or self._boxes_that_fit(pyramid)
        for first, end in even_groups(len(corners), most):
            logits = self.logits(pyramid, corners[first:end])
            parts.append(stretched_masks(logits, size))
        return torch.cat(parts)

    def rounded(self, masks: Tensor, pyramid: tuple[Tensor, ...]) -> Tensor:
        """
        Round masks to the grid of the logits, see `squeezed_masks` (B.5).

        :param masks: (n, h, w) bool.
        :param pyramid: features they were found in.
        :returns: (n, h, w) bool.
        """
        edge = CELL * pyramid[0].shape[-1]
        size = (masks.shape[1], masks.shape[2])
        parts = [masks[:0]]
        most = max(1, int(room_bytes(masks.device) / (_SQUARES * 4 * edge * edge)))
        for first, end in even_groups(len(masks), most):
            parts.append(stretched_masks(squeezed_masks(masks[first:end], edge), size))
        return torch.cat(parts)

    @torch.inference_mode()
    def logits(self, pyramid: tuple[Tensor, ...], corners: Tensor) -> Tensor:
        """
        Decode boxes of one view.

        :param pyramid: features as from `encode`.
        :param corners: left, top, right and bottom in pixels of the square, (n, 4).
        :returns: (n, 4 e, 4 e) float32.
        """
        cells = pyramid[0].shape[-1]
        prompts = self.network.prompt_encoder
        prompts.input_image_size = CELL * cells
        prompts.image_embedding_size = (cells, cells)
        with self._precision():
            answer = self.network(
                image_embeddings=[level[None] for level in reversed(pyramid)],
                input_boxes=corners[None],
                multimask_output=False,
            )
        return answer.pred_masks[0, :, 0].float()

    def _precision(self) -> torch.autocast:
        lowered = self.precision != torch.float32
        return torch.autocast(self.network.device.type, dtype=self.precision, enabled=lowered)

    def _boxes_that_fit(self, pyramid: tuple[Tensor, ...]) -> int:
        coarse = pyramid[0]
        return max(1, int(room_bytes(coarse.device) / (4 * _CHANNELS_A_WIDTH * coarse.numel())))
