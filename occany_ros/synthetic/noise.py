"""Tiling noise to paint surfaces with."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

SIZE = 512
"""Edge of the noise tile, texels."""


@lru_cache(maxsize=4)
def _tile(device: str) -> Tensor:
    random = np.random.default_rng(20)
    spectrum = np.fft.rfft2(random.standard_normal((SIZE, SIZE)))
    fx, fy = np.fft.rfftfreq(SIZE), np.fft.fftfreq(SIZE)
    radius = np.hypot(fx[None], fy[:, None])
    radius[0, 0] = 1
    shaped = spectrum * (radius > 3 / SIZE) / (radius + 2 / SIZE) * np.exp(-((radius / 0.16) ** 2))
    field = np.fft.irfft2(shaped, s=(SIZE, SIZE))
    field = np.clip(field / field.std(), -2.5, 2.5)
    return torch.from_numpy(field.astype(np.float32).ravel()).to(device)


@lru_cache(maxsize=4)
def _grains(device: str) -> Tensor:
    random = np.random.default_rng(21)
    return torch.from_numpy(random.standard_normal(1 << 20).astype(np.float32)).to(device)


def noise(u: Tensor, v: Tensor, texels: float) -> Tensor:
    """
    Look noise up.

    :param u: first surface coordinate, metres, (...).
    :param v: second surface coordinate, metres, (...).
    :param texels: texels a metre; the noise has detail from about 6 to 150 texels.
    :returns: mean 0, deviation 1, (...).
    """
    column = (u * texels).to(torch.int32) & (SIZE - 1)
    row = (v * texels).to(torch.int32) & (SIZE - 1)
    return _tile(str(u.device)).take((row * SIZE + column).long())


def dice(a: Tensor, b: Tensor, salt: float = 0.0) -> Tensor:
    """
    Give every pair of whole numbers its own number.

    :param a: whole numbers, (...).
    :param b: whole numbers, (...).
    :param salt: changes the outcome.
    :returns: between 0 and 1, (...).
    """
    mixed = torch.sin(a * 12.9898 + b * 78.233 + salt * 37.719) * 437.5453
    return mixed - mixed.floor()


def grain(count: int, start: int, device: torch.device | str) -> Tensor:
    """
    Draw sensor noise.

    :param count: how many numbers, less than a million.
    :param start: place in the sequence.
    :param device: where they go.
    :returns: mean 0, deviation 1, (count,).
    """
    grains = _grains(str(device))
    start %= len(grains) - count if count < len(grains) else 1
    return grains.narrow(0, start, count)


def line(distance: Tensor, half: float | Tensor, blur: Tensor) -> Tensor:
    """
    Cover of a painted line by a pixel.

    :param distance: from the line's middle, metres, (...).
    :param half: half the line's width, metres.
    :param blur: size of a pixel on the surface, metres, (...).
    :returns: 0 to 1, (...).
    """
    return ((half - distance.abs()) / blur + 0.5).clamp(0, 1) * (2 * half / blur).clamp(max=1)
