"""Which weights a released file must hold, and how one differs (OccAny spec, section 1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from occany_ros.models.checkpoint_file import ReleasedFile
from occany_ros.models.checkpoint_keys import is_since_must3r, is_unused, released_from_ours
from occany_ros.models.config import Family, OccAnyConfig, RayMapConfig
from occany_ros.models.occany import OccAny
import torch
from torch import Tensor

Shape = tuple[int, ...]
Manifest = Mapping[str, Mapping[str, Shape]]

RELEASED_SIZE: Final = OccAnyConfig(ray_maps=RayMapConfig())


def manifest_of(family: Family, config: OccAnyConfig = RELEASED_SIZE) -> Manifest:
    """
    List the weights that a file must hold.

    That of plain MUSt3R is that of OccAny without what OccAny added.

    :param family: ``occany`` or ``must3r``.
    :param config: sizes of an OccAny network; sections of novel views are listed if it has them.
    :returns: shapes by section and key, of weights that are read at inference.
    """
    grown = replace(config, decoder=replace(config.decoder, family='occany'))
    with torch.device('meta'):
        sections = released_weights(OccAny(grown))
    shapes = {
        section: {
            key: tuple(x.shape)
            for key, x in weights.items()
            if family == 'occany' or not is_since_must3r(f'{section}.{key}')
        }
        for section, weights in sections.items()
    }
    return {section: keys for section, keys in shapes.items() if keys}


def released_weights(network: OccAny) -> dict[str, dict[str, Tensor]]:
    """Name the weights of a network as the released files do, by section and key."""
    sections: dict[str, dict[str, Tensor]] = {}
    for name, value in network.state_dict().items():
        section, _, key = str(released_from_ours(name)).partition('.')
        sections.setdefault(section, {})[key] = value
    return sections


@dataclass(frozen=True, slots=True)
class Differences:
    """
    How a file differs from a manifest.

    :param missing: names of weights it lacks.
    :param unexpected: names of weights, or of whole sections, that nobody knows.
    :param misshapen: names of weights of another shape, with both shapes.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self.missing or self.unexpected or self.misshapen)


def differences(released: ReleasedFile, manifest: Manifest) -> Differences:
    """Compare a file with a manifest; known weights that nobody reads may be there or not."""
    expected = {
        f'{section}.{key}': shape
        for section, keys in manifest.items()
        for key, shape in keys.items()
    }
    strangers = tuple(section for section in released.sections if section not in manifest)
    found = dict(_shapes(released, manifest))
    return Differences(
        missing=tuple(name for name in expected if name not in found),
        unexpected=strangers
        + tuple(name for name in found if name not in expected and not is_unused(name)),
        misshapen=tuple(
            f'{name} {found[name]} instead of {shape}'
            for name, shape in expected.items()
            if name in found and found[name] != shape
        ),
    )


def _shapes(released: ReleasedFile, manifest: Manifest) -> Iterator[tuple[str, Shape]]:
    for section in manifest:
        for key, value in released.sections.get(section, {}).items():
            yield f'{section}.{key}', tuple(value.shape)
