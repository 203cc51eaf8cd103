"""How many novel views are rendered at once."""

from collections.abc import Iterator
from typing import Final

import torch

# What a decoded view takes for each of its pixels while it is rendered: tokens inside a block,
# z-buffer, raw maps and answers. Conditioning is gathered in parts of a size of its own.
PIXEL_BYTES: Final = 400
# Share of a GPU's free memory they may take, and most they may take anywhere.
FREE_SHARE: Final = 0.5
MOST_BYTES: Final = {'cpu': 1 << 28, 'cuda': 1 << 32}


def views_that_fit(pixels: int, device: torch.device) -> int:
    """
    Say how many novel views fit in memory together.

    :param pixels: of one view.
    :param device: where they are rendered.
    :returns: at least 1.
    """
    return max(1, int(room_bytes(device) / (PIXEL_BYTES * pixels)))


def room_bytes(device: torch.device) -> float:
    """
    Say how much of a device's memory a part of the work may take for a moment.

    :param device: where the work is done.
    :returns: bytes.
    """
    room = float(MOST_BYTES.get(device.type, MOST_BYTES['cpu']))
    if device.type == 'cuda':
        free, _ = torch.cuda.mem_get_info(device)
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        room = min(room, FREE_SHARE * (free + idle))
    return room


def full_groups(count: int, size: int) -> Iterator[tuple[int, int]]:
    """
    Cut a range into groups of one size; the last one may be smaller.

    :param count: length of the range.
    :param size: of a group; 0 for one group of all.
    :returns: first index and end of each.
    """
    for first in range(0, count, size or count or 1):
        yield first, min(first + (size or count), count)


def even_groups(count: int, most: int) -> Iterator[tuple[int, int]]:
    """
    Cut a range into as few groups as possible, of sizes as equal as possible.

    :param count: length of the range.
    :param most: largest size of a group, at least 1.
    :returns: first index and end of each.
    """
    groups = -(-count // most)
    for group in range(groups):
        yield group * count // groups, (group + 1) * count // groups
