"""OccAny+ networks with the weights its golden files were made with (OccAny+ spec, section 15)."""

import math

from occany_ros.evaluation.parity.deterministic import drawn
from occany_ros.evaluation.parity.fixture import Fixture
from occany_ros.models.plus.config import BackboneName, PlusConfig
from occany_ros.models.plus.keys import released_from_ours
from occany_ros.models.plus.occany_plus import OccAnyPlus
import torch
from torch import nn, Tensor

CONFIGURATIONS: dict[str, BackboneName] = {
    'da3-small': 'vits',
    'da3-large': 'vitl',
    'da3-giant': 'vitg',
}
TABLES = ('cls_token', 'camera_token', 'pos_embed')
SPREAD = 0.02


def is_of_plus(fixture: Fixture) -> bool:
    """Tell golden files of OccAny+ from those of OccAny."""
    return fixture.metadata.get('config', '') in CONFIGURATIONS


def build(fixture: Fixture, *, imagines: bool = False) -> OccAnyPlus:
    """
    Make the network of a golden file.

    :param imagines: whether the file is about novel views; then the part that sees gets no
        weights.
    """
    metadata = fixture.metadata
    config = PlusConfig(
        name=CONFIGURATIONS[metadata['config']],
        feature_size=int(metadata['img_size']),
        imagines=imagines,
        views_at_once=int(metadata.get('gen_batch_size', 1)),
    )
    network = OccAnyPlus(config).eval()
    part = network.imagining or network.seeing
    fill(part, metadata['rule'], is_gated=config.backbone.is_gated)
    return network


def fill(
    module: nn.Module,
    rule: str,
    *,
    is_gated: bool = False,
    prefix: str = '',
    renamed: tuple[str, str] = ('', ''),
) -> None:
    """
    Give a part of a network the weights that follow from their released names.

    :param rule: how they spread, ``A`` or ``B``.
    :param is_gated: see `released_from_ours`.
    :param prefix: name of the part within its network, with a dot at its end.
    :param renamed: beginning of its released names, and what stands there instead.
    """
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            released = released_from_ours(f'{prefix}{name}', is_gated=is_gated)
            if released is None:
                raise LookupError(f'{prefix}{name} has no released counterpart')
            if released.startswith(renamed[0]):
                released = renamed[1] + released.removeprefix(renamed[0])
            parameter.copy_(drawn_weight(released, tuple(parameter.shape), rule))


def drawn_weight(released: str, shape: tuple[int, ...], rule: str) -> Tensor:
    """Draw the weight of a released name, float32."""
    z = drawn(released, shape)
    if len(shape) > 1:
        is_fanned = rule == 'B' and not released.endswith(TABLES)
        return z / math.sqrt(math.prod(shape[1:])) if is_fanned else SPREAD * z
    if released.endswith('.gamma'):
        return 0.1 + SPREAD * z
    return SPREAD * z if released.endswith('.bias') else 1 + SPREAD * z


def images_of(fixture: Fixture) -> Tensor:
    """Images of a file as the network takes them, (v, 3, h, w); large ones are drawn anew."""
    stored = fixture.tensors.get('images')
    if stored is not None:
        return stored[0]
    metadata = fixture.metadata
    shape = tuple(int(metadata[key]) for key in ('T', 'H', 'W'))
    generator = torch.Generator().manual_seed(int(metadata['image_seed']))
    return torch.randn((1, shape[0], 3, *shape[1:]), generator=generator)[0]
