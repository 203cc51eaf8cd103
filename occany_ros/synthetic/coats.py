"""Paint of everything smaller than a building: vehicles, plants, clothes, street furniture."""

from collections.abc import Callable, Sequence

from occany_ros.synthetic import facade
from occany_ros.synthetic.noise import dice, line, noise
from occany_ros.synthetic.primitives import Material
from occany_ros.synthetic.surface import Surface
import torch
from torch import Tensor


def _mix(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    return a + (b - a) * share


def _solid(surface: Surface, r: float, g: float, b: float) -> Tensor:
    return torch.tensor([[r, g, b]], device=surface.colour.device).T


def _plain(surface: Surface) -> Tensor:
    shade = 1 + 0.05 * noise(surface.flat[0], surface.flat[1], 50.0)
    return surface.colour * shade


def _foliage(surface: Surface) -> Tensor:
    p = surface.local
    above = surface.unit[2].abs() > 0.75
    along = torch.where(above, p[0], surface.flat[0])
    up = torch.where(above, p[1], p[2])
    fine = noise(along + surface.style[0] * 9, up, 55.0)
    lumps = noise(p[0] * 0.6 - p[1] * 0.8, p[2] * 0.9 + surface.style[1] * 7, 16.0)
    leaf = noise(along * 0.7 - up * 0.7, along * 0.7 + up * 0.7, 190.0)
    fade = (0.25 / surface.blur).clamp(max=1)
    close = (0.04 / surface.blur).clamp(max=1)
    shade = 0.92 + (0.26 * fine + 0.10) * fade + 0.26 * lumps + 0.42 * leaf * close
    shade = shade.clamp(min=0.16) * (0.72 + 0.28 * surface.unit[2])
    warm = _solid(surface, 0.25, 0.08, -0.3)
    return surface.colour * shade * (1 + warm * (shade.clamp(0, 1.5) - 0.5))


def _bark(surface: Surface) -> Tensor:
    shade = 1 + 0.3 * noise(surface.flat[0] * 3, surface.flat[1] * 0.5, 40.0)
    return surface.colour * shade


def _body(surface: Surface) -> Tensor:
    x, y, z = surface.local.unbind(0)
    hx, hy, hz = surface.half.unbind(0)
    blur = surface.blur
    front, flank = surface.face == 0, surface.face == 1
    paint = surface.colour * (1 + 0.25 * (surface.mirror.clamp(-0.2, 0.8)))
    low = ((-z - hz * 0.55) / blur + 0.5).clamp(0, 1) * (surface.face != 2)
    paint = _mix(paint, _solid(surface, 0.04, 0.04, 0.042), low * 0.85)
    seams = torch.maximum(line(x - 0.75, 0.014, blur), line(x + 0.35, 0.014, blur))
    seams = torch.maximum(seams, line(x + 1.3, 0.014, blur)) * flank * (z > -hz * 0.6)
    arch = torch.minimum((x - hx * 0.62).abs(), (x + hx * 0.60).abs())
    arch = (torch.hypot(arch, z + hz) < 0.43) & flank
    handle = line(z - hz * 0.45, 0.02, blur) * ((x + 0.1).abs() < 0.1) * flank
    paint = _mix(paint, _solid(surface, 0.02, 0.02, 0.02), torch.maximum(seams * 0.8, arch * 1.0))
    paint = _mix(paint, _solid(surface, 0.4, 0.4, 0.4), handle * 0.6)
    ahead = surface.toward > 0
    lights = (y.abs() > hy * 0.62) & (z > hz * 0.05) & (z < hz * 0.72) & front
    white, red = _solid(surface, 0.75, 0.76, 0.72), _solid(surface, 0.42, 0.02, 0.02)
    paint = torch.where(lights, torch.where(ahead, white, red), paint)
    grille = (y.abs() < hy * 0.5) & (z.abs() < hz * 0.38) & front & ahead
    slats = 0.03 + 0.05 * (torch.remainder(z, 0.08) > 0.05)
    paint = torch.where(grille, slats, paint)
    plate = (y.abs() < 0.26) & ((z + hz * 0.45).abs() < 0.065) & front
    text = 0.7 - 0.6 * (
        (y.abs() < 0.21) & ((z + hz * 0.45).abs() < 0.035) & (torch.remainder(y * 22, 1.0) > 0.45)
    )
    return torch.where(plate, text, paint)


def _cabin(surface: Surface) -> Tensor:
    hx, hy, hz = surface.half.unbind(0)
    x, y = surface.local[0], surface.local[1]
    blur = surface.blur
    rise = surface.unit[2]
    tall = surface.style[3] >= 1.0
    low = torch.where(tall, 0.0, -0.82)
    end = torch.where(surface.face == 0, hy * 0.86 - y.abs(), hx * 0.9 - x.abs())
    end = end - (rise + 1) * 0.5 * torch.where(surface.face == 0, 0.10 * hy, 0.22 * hx)
    edge = torch.minimum(end, torch.minimum((rise - low) * hz, (0.80 - rise) * hz))
    pane = (edge / blur + 0.5).clamp(0, 1) * (surface.face != 2)
    pillar = line(x - 0.02 * hx, 0.05, blur) * (surface.face == 1)
    look = facade.glass(surface, torch.full_like(x, 0.55)) * 0.8
    look = _mix(look, _solid(surface, 0.03, 0.03, 0.03), pillar)
    paint = surface.colour * (1 + 0.25 * surface.mirror.clamp(-0.2, 0.8))
    return _mix(paint, look, pane)


def _tyre(surface: Surface) -> Tensor:
    radius = torch.hypot(surface.unit[0], surface.unit[1])
    cap = surface.face == 2
    spokes = 0.5 + 0.5 * torch.cos(torch.atan2(surface.unit[1], surface.unit[0]) * 5)
    metal = 0.22 + 0.22 * spokes
    hub = cap & (radius < 0.66)
    open_wheel = surface.style[0] > 0.9
    metal = torch.where(open_wheel, surface.second * 0.6, metal)
    rim = torch.where(hub, metal, surface.colour)
    inside = ~cap & (surface.unit[2].abs() < 0.72) & ~open_wheel
    return torch.where(inside, rim * 0.2, rim)


def _bus(surface: Surface) -> Tensor:
    x, y, z = surface.local.unbind(0)
    hx, hy, hz = surface.half.unbind(0)
    blur = surface.blur
    end = surface.face == 0
    along = torch.where(end, y, x)
    reach = torch.where(end, hy, hx)
    edge = torch.minimum((z + 0.25), (hz - 0.42 - z))
    edge = torch.minimum(edge, reach - 0.12 - along.abs())
    pane = (edge / blur + 0.5).clamp(0, 1) * (surface.face != 2)
    pillars = line(torch.remainder(along + reach, 1.5) - 0.75, 0.05, blur) * ~end
    look = _mix(
        facade.glass(surface, torch.full_like(x, 0.6)), _solid(surface, 0.03, 0.03, 0.03), pillars
    )
    stripe = line(z + 0.55, 0.14, blur)
    paint = _mix(surface.colour, surface.second, stripe * 0.8)
    paint = _mix(paint, look, pane)
    door = (surface.face == 1) & (((x - hx * 0.86).abs() < 0.6) | (x.abs() < 0.65))
    door = door & (z < 0.9) & (z > -1.2) & (surface.toward < 0)
    paint = torch.where(door, facade.glass(surface, torch.full_like(x, 0.3)), paint)
    display = end & (z > hz - 0.40) & (z < hz - 0.10) & (y.abs() < hy * 0.7)
    amber = torch.where((noise(y, z, 90.0) > 0.2) & (y.abs() < hy * 0.4), 0.75, 0.03)
    sign = torch.stack([amber, amber * 0.6, amber * 0.1])
    paint = torch.where((display & (surface.toward > 0)), sign, paint)
    lights = end & (y.abs() > hy * 0.7) & ((z + hz * 0.6).abs() < 0.14)
    ahead = surface.toward > 0
    lamp = torch.where(ahead, _solid(surface, 0.8, 0.8, 0.75), _solid(surface, 0.45, 0.02, 0.02))
    return torch.where(lights, lamp, paint)


def _cargo(surface: Surface) -> Tensor:
    u, v = surface.flat.unbind(0)
    ribs = 0.10 * (torch.remainder(u, 0.4) > 0.2) * (0.2 / surface.blur).clamp(max=1)
    band = (surface.style[0] > 0.4) & ((v - 0.1).abs() < 0.45 * surface.half[2])
    band = band & (surface.face == 1) & (u.abs() < surface.half[0] * 0.7)
    letters = (noise(u, v * 0.7, 22.0) > 0.1) & (v.abs() < 0.3)
    logo = torch.where(letters, surface.colour, surface.second)
    out = torch.where(band, logo, surface.colour)
    rear = (surface.face == 0) & (surface.toward < 0)
    split = line(u, 0.02, surface.blur) * rear
    lights = rear & (v < -surface.half[2] * 0.86) & (u.abs() > surface.half[1] * 0.7)
    out = torch.where(lights, _solid(surface, 0.5, 0.02, 0.02), out)
    worn = 1 - ribs - 0.7 * split + 0.06 * noise(u, v, 14.0)
    return out * worn


def _stripes(surface: Surface) -> Tensor:
    u, v = surface.flat.unbind(0)
    cone = surface.style[0] > 0.9
    slanted = torch.remainder(u + v, 0.5) < 0.25
    rings = ((surface.unit[2] + 0.05).abs() < 0.2) | ((surface.unit[2] - 0.5).abs() < 0.13)
    pale = torch.where(cone, rings, slanted)
    return torch.where(pale, surface.second, surface.colour)


def _sign(surface: Surface) -> Tensor:
    u, v = surface.flat.unbind(0)
    reach = surface.extent[0]
    distance = torch.where(
        surface.style[0] > 0.5, torch.hypot(u, v) * 1.05, torch.maximum(u.abs(), v.abs())
    )
    rim = distance > reach * 0.8
    glyph = (noise(u + surface.style[1] * 5, v, 60.0) > 0.3) & (distance < reach * 0.6)
    flip = surface.style[2] > 0.5
    pale = torch.where(flip, rim | glyph, ~(rim | glyph))
    out = torch.where(pale, surface.second, surface.colour)
    back = (surface.face != 0) | (surface.toward < 0)
    return torch.where(back, _solid(surface, 0.3, 0.3, 0.31), out)


def _lamp(surface: Surface) -> Tensor:
    signal = (surface.style[1] == 1.0) & (surface.face == 0) & (surface.toward > 0)
    v = surface.unit[2]
    number = torch.floor((v + 1) * 1.5)
    disc = torch.hypot(surface.local[1], (torch.remainder((v + 1) * 1.5, 1) - 0.5) * 0.31) < 0.12
    red, green = surface.style[0] > 0.5, surface.style[0] < 0.5
    on = torch.where(red, number == 2, number == 0)
    colour = torch.where(red, _solid(surface, 1.6, 0.10, 0.06), _solid(surface, 0.08, 1.3, 0.5))
    colour = torch.where((on & (red | green)), colour, _solid(surface, 0.08, 0.07, 0.05))
    return torch.where((signal & disc), colour, surface.colour)


def _cloth(surface: Surface) -> Tensor:
    folds = noise(surface.flat[0] * 2, surface.flat[1], 45.0)
    return surface.colour * (1 + 0.16 * folds)


def _skin(surface: Surface) -> Tensor:
    hair = (surface.unit[2] > 0.25) | (surface.unit[0] < -0.25)
    return torch.where(hair, surface.second, surface.colour)


def _metal(surface: Surface) -> Tensor:
    shade = 1 + 0.08 * noise(surface.flat[0], surface.flat[1], 60.0)
    return surface.colour * (shade + 0.35 * surface.mirror.clamp(0, 1))


def _crate(surface: Surface) -> Tensor:
    u, v = surface.flat.unbind(0)
    gaps = line(torch.remainder(v, 0.22) - 0.11, 0.014, surface.blur)
    board = 0.8 + 0.4 * dice(torch.floor(v / 0.22), surface.face.to(v.dtype))
    return surface.colour * (board + 0.14 * noise(u * 0.3, v, 60.0) - 0.6 * gaps)


_COATS: dict[Material, Callable[[Surface], Tensor]] = {
    Material.PLAIN: _plain,
    Material.PLASTER: facade.plaster,
    Material.BRICK: facade.brick,
    Material.OFFICE: facade.office,
    Material.ROOF: facade.roof,
    Material.WALL: facade.wall,
    Material.FOLIAGE: _foliage,
    Material.BARK: _bark,
    Material.BODY: _body,
    Material.CABIN: _cabin,
    Material.TYRE: _tyre,
    Material.BUS: _bus,
    Material.CARGO: _cargo,
    Material.STRIPES: _stripes,
    Material.SIGN: _sign,
    Material.LAMP: _lamp,
    Material.CLOTH: _cloth,
    Material.SKIN: _skin,
    Material.METAL: _metal,
    Material.CRATE: _crate,
}


def paint(surface: Surface, material: Sequence[tuple[Material, int]]) -> Tensor:
    """
    Colour points by the material they are made of.

    :param surface: the points, grouped by material.
    :param material: the materials in the order of the groups, with the number of points of each.
    :returns: albedo, linear RGB, (3, n).
    """
    parts = []
    start = 0
    for kind, count in material:
        part = _COATS[kind](surface.part(start, count))
        parts.append(part.expand(3, count))
        start += count
    return torch.cat(parts, 1)
