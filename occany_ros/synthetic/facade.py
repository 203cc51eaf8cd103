"""Paint of buildings: plaster, brick, glass fronts, windows, shops, roofs, walls."""

from dataclasses import dataclass

from occany_ros.synthetic.noise import dice, line, noise
from occany_ros.synthetic.surface import Surface
import torch
from torch import Tensor


def _mix(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    return a + (b - a) * share


def glass(surface: Surface, salt: Tensor) -> Tensor:
    """
    Colour of a window pane that mirrors sky above and street below.

    :param surface: points on panes.
    :param salt: a number of each pane, between 0 and 1, (n,).
    :returns: linear RGB, (3, n).
    """
    sky = torch.tensor([[0.30, 0.38, 0.46]], device=salt.device).T
    dark = torch.tensor([[0.035, 0.04, 0.045]], device=salt.device).T
    share = (surface.mirror * 2.2 + 0.25).clamp(0, 1) * (0.35 + 0.5 * salt)
    return dark + (sky - dark) * share


def bricks(surface: Surface) -> Tensor:
    """
    Colour of brickwork: courses, joints, single bricks of other tint.

    :param surface: points on brick walls.
    :returns: linear RGB, (3, n).
    """
    u, v = surface.flat[0], surface.flat[1]
    course = torch.floor(v / 0.16)
    shifted = u / 0.48 + 0.5 * torch.remainder(course, 2)
    tint = 0.72 + 0.5 * dice(torch.floor(shifted), course)
    fade = (0.12 / surface.blur).clamp(max=1)
    tint = 1 + (tint - 1) * fade
    across = torch.remainder(v, 0.16) - 0.08
    joint = torch.maximum(
        line(across.abs() - 0.08, 0.012, surface.blur),
        line((torch.remainder(shifted, 1) - 0.5).abs() * 0.48 - 0.24, 0.012, surface.blur),
    )
    mortar = torch.tensor([[0.42, 0.40, 0.37]], device=u.device).T
    stain = 1 + 0.10 * noise(u, v, 9.0)
    return _mix(surface.colour * (tint * stain), mortar, joint * 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class _Bay:
    """
    Where points lie in the grid of windows.

    :param column: number of the bay along the front, (n,).
    :param storey: number of the storey, (n,).
    :param inside: from the middle of the bay, metres, (n,).
    :param up: above the storey's floor, metres, (n,).
    :param width: of a bay, metres, (n,).
    :param shop: whether there is a shop, (n,) bool.
    :param door: whether there is a door, (n,) bool.
    """

    column: Tensor
    storey: Tensor
    inside: Tensor
    up: Tensor
    width: Tensor
    shop: Tensor
    door: Tensor


def _bay(surface: Surface) -> _Bay:
    style, height = surface.style, surface.height
    wide = surface.extent[0] * 2
    count = torch.floor((wide - 0.8) / (2.2 + 1.8 * style[0])).clamp(min=1)
    width = (wide - 0.8) / count
    place = (surface.flat[0] + wide / 2 - 0.4) / width
    column, storey = torch.floor(place), torch.floor(height / 3.1)
    shop = (storey < 1) & (style[3] > 0.55)
    fourth = torch.remainder(column + torch.floor(style[1] * 7), 4) == 1
    door = (storey < 1) & fourth & ~shop
    inside = (torch.remainder(place, 1) - 0.5) * width
    return _Bay(column, storey, inside, height - storey * 3.1, width, shop, door)


def _pane(surface: Surface, bay: _Bay, rise: Tensor) -> Tensor:
    """Colour of panes and doors; ``rise`` counts from the sill, metres."""
    blur = surface.blur
    number = dice(bay.column + 31 * surface.face.to(rise.dtype), bay.storey, 1.0)
    number = number + surface.style[0]
    number = number - number.floor()
    bars = torch.maximum(line(bay.inside, 0.03, blur), line(rise - 0.9, 0.03, blur))
    look = glass(surface, number)
    curtain = torch.tensor([[0.55, 0.50, 0.42]], device=rise.device).T
    drawn = (number > 0.72) & (rise > 0.9 * dice(bay.column, bay.storey, 2.0)) & ~bay.shop
    look = _mix(look, curtain, drawn.to(rise.dtype) * 0.7)
    look = torch.where(bay.door, surface.second * 0.6 * (0.8 + 0.2 * bars), look)
    return _mix(look, _frame(surface), torch.where(bay.door, 0.0, bars * 0.9))


def _frame(surface: Surface) -> Tensor:
    return torch.where(surface.style[2] > 0.4, 0.62, 0.12)


def _windows(surface: Surface, wall: Tensor) -> Tensor:
    blur, style, bay = surface.blur, surface.style, _bay(surface)
    half = torch.where(bay.shop, bay.width * 0.43, 0.45 + 0.45 * style[1])
    half = torch.where(bay.door, 0.55, half)
    low = torch.where(bay.shop, 0.45, 0.85 + 0.15 * style[2])
    low = torch.where(bay.door, 0.05, low)
    high = torch.where(bay.shop, 2.45, 2.35 + 0.3 * style[2])
    edge = torch.minimum(bay.up - low, high - bay.up)
    edge = torch.minimum(half - bay.inside.abs(), edge)
    below_eaves = surface.height < surface.half[2] * 2 - 0.9
    edge = torch.where(below_eaves & (surface.face != 2), edge, -1.0)
    wall = _mix(wall, _frame(surface), ((edge + 0.10) / blur + 0.5).clamp(0, 1))
    wall = _mix(wall, _pane(surface, bay, bay.up - low), (edge / blur + 0.5).clamp(0, 1))
    sill = line(bay.up - low + 0.13, 0.06, blur) * (bay.inside.abs() < half + 0.15)
    bare = below_eaves & ~bay.shop & ~bay.door
    wall = wall + (0.5 - wall) * (sill * bare)
    return _shop_sign(surface, bay, wall)


def _shop_sign(surface: Surface, bay: _Bay, wall: Tensor) -> Tensor:
    up = bay.up
    letters = noise(surface.flat[0], surface.height, 40.0) > 0.5
    letters = letters & (up > 2.62) & (up < 2.92) & (bay.inside.abs() < bay.width * 0.3)
    fascia = surface.second * torch.where(letters, 2.2, 0.8)
    band = bay.shop & (up > 2.5) & (up < 3.05) & (surface.face != 2)
    return torch.where(band, fascia.clamp(max=0.9), wall)


def _streaks(surface: Surface) -> Tensor:
    u, v = surface.flat[0], surface.height
    top = surface.half[2] * 2
    drip = noise(u, v * 0.08, 12.0) * (0.5 + 0.5 * (v / top))
    dirt = (1 - v / 0.8).clamp(0, 1) * 0.25
    cornice = line(torch.remainder(v, 3.1) - 0.05, 0.07, surface.blur) * 0.18
    return 1 + 0.09 * drip + 0.07 * noise(u + 3.1, v, 7.0) - dirt + cornice


def plaster(surface: Surface) -> Tensor:
    """
    Colour of a plastered front with windows.

    :param surface: points on it.
    :returns: linear RGB, (3, n).
    """
    wall = surface.colour * (
        _streaks(surface) + 0.05 * noise(surface.flat[0], surface.flat[1], 60.0)
    )
    return _windows(surface, wall)


def brick(surface: Surface) -> Tensor:
    """
    Colour of a brick wall, with windows where its style is not all zero.

    :param surface: points on it.
    :returns: linear RGB, (3, n).
    """
    wall = bricks(surface)
    bare = surface.style.sum(0) == 0
    full = _windows(surface, wall * _streaks(surface))
    return torch.where(bare, wall, full)


def office(surface: Surface) -> Tensor:
    """
    Colour of a glass and steel front.

    :param surface: points on it.
    :returns: linear RGB, (3, n).
    """
    u, v, blur = surface.flat[0], surface.height, surface.blur
    bay = 1.3 + 1.2 * surface.style[0]
    number = dice(torch.floor(u / bay), torch.floor(v / 1.6), 3.0)
    pane = glass(surface, number) * (0.75 + 0.5 * number)
    tint = 0.6 + surface.colour * 1.6
    bars = torch.maximum(
        line(torch.remainder(u, bay) - bay / 2, 0.05, blur),
        line(torch.remainder(v, 1.6) - 0.8, 0.06, blur),
    )
    slab = line(torch.remainder(v, 3.2) - 1.6, 0.28, blur)
    out = _mix(pane * tint, surface.colour * 0.7, torch.maximum(bars, slab * 0.95))
    return torch.where((surface.face == 2), surface.colour * 0.8, out)


def roof(surface: Surface) -> Tensor:
    """
    Colour of roof tiles.

    :param surface: points on it.
    :returns: linear RGB, (3, n).
    """
    u, v = surface.flat[0], surface.flat[1]
    rows = line(torch.remainder(v, 0.3) - 0.15, 0.03, surface.blur)
    worn = 1 + 0.12 * noise(u, v, 25.0) + 0.1 * noise(u, v, 6.0)
    return surface.colour * (worn - 0.35 * rows)


def wall(surface: Surface) -> Tensor:
    """
    Colour of concrete blocks with stains.

    :param surface: points on it.
    :returns: linear RGB, (3, n).
    """
    u, v = surface.flat[0], surface.flat[1]
    seams = torch.maximum(
        line(torch.remainder(u, 2.0) - 1.0, 0.02, surface.blur),
        line(torch.remainder(v + 0.3, 1.0) - 0.5, 0.015, surface.blur),
    )
    worn = 1 + 0.14 * noise(u, v, 40.0) + 0.12 * noise(u, v, 11.0) - 0.4 * seams
    dirt = (1 - surface.height / 0.5).clamp(0, 1) * 0.25
    return surface.colour * (worn - dirt)
