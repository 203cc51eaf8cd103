"""Sky, fog and camera response."""

from collections.abc import Sequence

from occany_ros.synthetic.noise import grain, noise
import torch
from torch import Tensor


def sky(ray: Tensor, light: Tensor) -> Tensor:
    """
    Colour of the sky.

    :param ray: unit rays, (3, n).
    :param light: numbers of the light, of every ray or one for all, (18, n) or (18, 1).
    :returns: linear RGB, (3, n).
    """
    up = ray[2].clamp(min=0)
    zenith, horizon = light[6:9], light[9:12]
    colour = horizon + (zenith - horizon) * up.clamp(min=1e-4) ** 0.45
    reach = 1 / (up + 0.12)
    u, v = ray[0] * reach + light[17], ray[1] * reach
    shape = 0.7 * noise(u, v, 30.0) + 0.45 * noise(u + 3, v, 95.0)
    cover = ((shape + 3.0 * light[12] - 1.7) * 0.7).clamp(0, 1)
    white = horizon * 0.5 + 0.46
    shade = white * (1 - 0.10 * shape.clamp(0, 2))
    colour = colour + (shade - colour) * (cover * (up * 6).clamp(0, 0.92))
    glow = (ray * light[:3]).sum(0).clamp(min=0) ** 24
    return colour + light[3:6] * (0.35 * glow)


def fog(colour: Tensor, away: Tensor, light: Tensor) -> Tensor:
    """
    Blend far colours into the horizon's.

    :param colour: linear RGB, (3, n).
    :param away: distance from the camera, metres, (n,).
    :param light: numbers of the light, (18, n) or (18, 1).
    :returns: linear RGB, (3, n).
    """
    clear = torch.exp(-away * light[13])
    return light[9:12] + (colour - light[9:12]) * clear


def develop(planes: Tensor, solid: Tensor, light: Tensor, frames: Sequence[int]) -> Tensor:
    """
    Soften the outlines of solids, expose, and add sensor noise.

    :param planes: linear RGB, (b, 3, h, w).
    :param solid: which solid each pixel shows, (b, h, w).
    :param light: numbers of the light, (b, 18).
    :param frames: numbers that decide the noise, b of them.
    :returns: RGB, (b, h, w, 3) uint8.
    """
    edge = torch.zeros_like(solid, dtype=torch.bool)
    across, along = solid[:, :, 1:] != solid[:, :, :-1], solid[:, 1:] != solid[:, :-1]
    edge[:, :, 1:] |= across
    edge[:, :, :-1] |= across
    edge[:, 1:] |= along
    edge[:, :-1] |= along
    soft = torch.nn.functional.avg_pool2d(planes, 3, 1, 1, count_include_pad=False)
    planes = torch.where(edge[:, None], 0.45 * planes + 0.55 * soft, planes)
    planes.mul_(light[:, 14, None, None, None])
    planes.div_(1 + 0.22 * planes)
    planes.clamp_(min=1e-4).log_().mul_(light[:, 15, None, None, None]).exp_()
    shape = planes.shape[1:]
    dots = [grain(shape.numel(), 7919 * frame, planes.device).view(shape) for frame in frames]
    planes.addcmul_(torch.stack(dots), light[:, 16, None, None, None])
    planes.mul_(255).add_(0.5).clamp_(0, 255)
    return planes.to(torch.uint8).permute(0, 2, 3, 1).contiguous()
