"""Paint of the ground: asphalt with lane marks, kerbs, paving, grass, cobbles."""

from occany_ros.synthetic.ground import DRIVEABLE, GroundRows, OTHER_FLAT, Place, SIDEWALK, TERRAIN
from occany_ros.synthetic.noise import dice, line, noise
import torch
from torch import Tensor


def _marks(
    rows: GroundRows, place: Place, blur: Tensor, far_blur: Tensor
) -> tuple[Tensor, Tensor]:
    """Cover of white and of yellow paint."""
    left = place.left
    step = torch.remainder(place.s, 9.0)
    dash = (step / far_blur + 0.5).clamp(0, 1) * ((3.6 - step) / far_blur + 0.5).clamp(0, 1)
    lane = rows.lane
    number = torch.round(left / lane)
    inside = (number < rows.lanes_left) & (number > -rows.lanes_right)
    off = left - number * lane
    between = line(off, 0.07, blur) * dash * (inside & (number != 0))
    double = torch.maximum(line(left - 0.12, 0.05, blur), line(left + 0.12, 0.05, blur))
    yellow = rows.paint > 0.5
    middle = torch.where(yellow, double, line(left, 0.07, blur) * dash)
    end_left = left - rows.lanes_left * lane
    end_right = left + rows.lanes_right * lane
    edge = torch.maximum(line(end_left, 0.06, blur), line(end_right, 0.06, blur)) * 0.9
    axis = place.across.abs()
    half = rows.crossing_half
    has = half > 0
    in_junction = has & (axis < half + 4.6)
    white = torch.maximum(between, torch.maximum(edge, torch.where(yellow, 0.0, middle)))
    white = white.masked_fill(in_junction, 0.0)
    yellow_cover = torch.where(yellow & ~in_junction, middle, 0.0)
    bars = line(torch.remainder(left, 1.0) - 0.5, 0.25, blur)
    start = axis - half
    zebra = has & (rows.zebra > 0.5) & (start > 0.9) & (start < 3.9) & (place.beyond < -0.2)
    white = torch.maximum(white, torch.where(zebra, bars, 0.0))
    stop = line(start - 4.7, 0.18, far_blur) * has * (place.beyond < -0.3)
    incoming = torch.where(left < 0, place.across < 0, place.across > 0)
    return torch.maximum(white, torch.where(incoming, stop, 0.0)), yellow_cover


def _asphalt(
    rows: GroundRows, place: Place, x: Tensor, y: Tensor, blur: Tensor, far: Tensor
) -> Tensor:
    fade = (0.06 / far).clamp(max=1)
    stones = (0.022 / far).clamp(max=1)
    level = 1 + 0.15 * noise(x, y, 70.0) * fade + 0.26 * noise(y, x, 280.0) * stones
    level = level + 0.09 * noise(x, y, 5.0) + 0.06 * noise(x, y, 1.2)
    tracks = torch.cos((torch.remainder(place.left, rows.lane) / rows.lane) * 4 * torch.pi)
    level = level - 0.05 * tracks
    crack = noise(x + 7.7, y, 9.0)
    level = level - 0.38 * line(crack * 0.12, 0.007, far.clamp(min=0.01)) * fade.sqrt()
    patch = dice(torch.floor(place.s / 6.3), torch.floor(place.left / 2.1), 5.0) > 0.93
    level = torch.where(patch, level * 0.72, level)
    manhole = (
        torch.hypot(torch.remainder(place.s, 23.0) - 11.5, place.left + rows.lane * 0.55) < 0.36
    )
    level = torch.where(manhole, level * 0.55, level)
    colour = rows.asphalt * level.clamp(min=0.2)
    white, yellow = _marks(rows, place, blur, far)
    worn = (0.88 + 0.16 * noise(x, y, 40.0)).clamp(0.35, 1)
    colour = colour + (0.68 - colour) * (white * worn)
    paint = torch.tensor([[0.62, 0.42, 0.05]], device=x.device).T
    return colour + (paint - colour) * (yellow * worn)


def _paving(
    rows: GroundRows, place: Place, x: Tensor, y: Tensor, blur: Tensor, far: Tensor
) -> Tensor:
    slab = rows.slab
    u, v = place.s / slab, place.beyond / slab
    u = u + 0.5 * torch.remainder(torch.floor(v), 2)
    fade = (0.3 / far).clamp(max=1)
    tint = 1 + 0.2 * (dice(torch.floor(u), torch.floor(v), 6.0) - 0.5) * fade
    joints = torch.maximum(
        line((torch.remainder(u, 1) - 0.5).abs() * slab - slab / 2, 0.016, far),
        line((torch.remainder(v, 1) - 0.5).abs() * slab - slab / 2, 0.016, blur),
    )
    level = 0.36 * tint * (1 + 0.10 * noise(x, y, 50.0) * fade + 0.10 * noise(x, y, 5.0))
    level = level * (1 - 0.5 * joints)
    warm = rows.warmth
    return torch.stack([level * (1 + 0.16 * warm), level, level * (1.0 - 0.16 * warm)])


def _kerb(place: Place, colour: Tensor, blur: Tensor, far: Tensor) -> Tensor:
    stone = line(place.kerb - 0.09, 0.09, blur)
    joint = 1 - 0.4 * line(torch.remainder(place.s, 1.0) - 0.5, 0.02, far)
    colour = colour + (0.52 * joint - colour) * stone
    return colour * (1 - 0.55 * line(place.kerb + 0.07, 0.07, blur))


def _grass(rows: GroundRows, x: Tensor, y: Tensor, far: Tensor) -> Tensor:
    fade = (0.12 / far).clamp(max=1)
    blades = (0.03 / far).clamp(max=1)
    level = 1 + 0.26 * noise(x, y, 60.0) * fade + 0.20 * noise(x, y, 8.0)
    level = level + 0.34 * noise(y, x, 240.0) * blades
    dry = (rows.grass * 0.6 + 0.28 * noise(x + 5, y, 2.2)).clamp(0, 1)
    lush = torch.tensor([[0.085, 0.155, 0.035]], device=x.device).T
    straw = torch.tensor([[0.26, 0.22, 0.10]], device=x.device).T
    return (lush + (straw - lush) * dry) * level.clamp(min=0.3)


def _cobbles(
    rows: GroundRows, place: Place, x: Tensor, y: Tensor, blur: Tensor, far: Tensor
) -> Tensor:
    u, v = place.s / 0.22, place.left / 0.16
    u = u + 0.5 * torch.remainder(torch.floor(v), 2)
    fade = (0.12 / far).clamp(max=1)
    tint = 1 + 0.55 * (dice(torch.floor(u), torch.floor(v), 7.0) - 0.5) * fade
    joints = line((torch.remainder(u, 1) - 0.5).abs() * 0.22 - 0.11, 0.014, far)
    joints = torch.maximum(
        joints, line((torch.remainder(v, 1) - 0.5).abs() * 0.16 - 0.08, 0.014, blur)
    )
    level = tint * (1 - 0.5 * joints) * (1 + 0.10 * noise(x, y, 5.0))
    warm = rows.warmth
    return torch.stack([(0.30 + 0.10 * warm) * level, 0.25 * level, (0.23 - 0.05 * warm) * level])


def paint_ground(
    numbers: Tensor, place: Place, x: Tensor, y: Tensor, blur: Tensor, far_blur: Tensor
) -> Tensor:
    """
    Colour points of the ground.

    :param numbers: the ground's numbers, of every point or one for all, (g, n) or (g, 1).
    :param place: where the points are.
    :param x: world x, metres, (n,).
    :param y: world y, metres, (n,).
    :param blur: size of a pixel across the line of sight, metres, (n,).
    :param far_blur: size of a pixel along the ground, metres, (n,).
    :returns: albedo, linear RGB, (3, n).
    """
    out = torch.empty(3, len(x), device=x.device)
    for label in (DRIVEABLE, OTHER_FLAT, SIDEWALK, TERRAIN):
        index = (place.label == label).nonzero()[:, 0]
        if not len(index):
            continue
        rows = GroundRows(numbers if numbers.shape[1] == 1 else numbers.index_select(1, index))
        here = place.take(index)
        px, py = x.index_select(0, index), y.index_select(0, index)
        near, far = blur.index_select(0, index), far_blur.index_select(0, index)
        if label == DRIVEABLE:
            colour = _asphalt(rows, here, px, py, near, far)
        elif label == SIDEWALK:
            colour = _paving(rows, here, px, py, near, far)
        elif label == TERRAIN:
            colour = _grass(rows, px, py, far)
        else:
            colour = _cobbles(rows, here, px, py, near, far)
        if label != OTHER_FLAT:
            colour = _kerb(here, colour, near, far)
        out[:, index] = colour.expand(3, len(index))
    return out
