"""What a user should know of a released weight file before running it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from occany_ros.models.checkpoint import file_digest
from occany_ros.models.checkpoint_config import config_of, family_of
from occany_ros.models.checkpoint_file import (
    CheckpointError,
    read_released_file,
    ReleasedFile,
    STATE,
)
from occany_ros.models.checkpoint_keys import is_unused
from occany_ros.models.checkpoint_manifest import Differences, differences, manifest_of
from occany_ros.models.licences import da3_licence, LICENCES, UNKNOWN
from occany_ros.models.plus.checkpoint import (
    NUMBERS,
    plus_differences,
    plus_manifest,
    shared_names,
)
from occany_ros.models.plus.checkpoint_config import (
    plus_config_of,
    plus_variant_of,
    role_of,
    state_of,
)
import torch
from torch import Tensor

Variant = Literal['occany', 'must3r', 'occany_plus', 'da3', 'unknown']
Stage = Literal['reconstruction', 'rendering']

PLUS_IMAGE_SIZE: Final = 518
SIZES: Final = {'vits': 'small', 'vitb': 'base', 'vitl': 'large', 'vitg': 'giant'}
NO_DIFFERENCES: Final = Differences((), (), ())


@dataclass(frozen=True, slots=True)
class SectionReport:
    """
    One network of a file.

    :param keys: number of its weights.
    :param parameters: numbers in them.
    :param live: numbers that are read at inference.
    """

    keys: int
    parameters: int
    live: int


@dataclass(frozen=True, slots=True)
class CheckpointReport:
    """
    What a file is, and whether it can be used.

    :param file: its path.
    :param size_bytes: its size.
    :param sha256: its digest, hexadecimal.
    :param family: the variant it is of, or ``unknown``.
    :param stage: ``reconstruction``, or ``rendering`` if it also renders novel views; None if
        its sizes cannot be told.
    :param image_size: longer side of the images it was trained on, pixels; None as above.
    :param activation: how raw numbers become points; None as above, or where there is one way.
    :param sections: its networks by name.
    :param parameters: numbers in them.
    :param live: those of them that are read at inference.
    :param missing: weights it lacks.
    :param unexpected: weights and sections that nobody knows.
    :param misshapen: weights of another shape.
    :param not_finite: weights that hold NaN or infinity.
    :param problem: what else keeps it from being used; empty for nothing.
    :param licence: what it may be used for.
    :param notes: what may be of interest.
    :param parameter: the one that takes it.
    """

    file: str
    size_bytes: int
    sha256: str
    family: Variant
    stage: Stage | None
    image_size: int | None
    activation: str | None
    sections: dict[str, SectionReport]
    parameters: int
    live: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]
    not_finite: tuple[str, ...]
    problem: str
    licence: str
    notes: tuple[str, ...]
    parameter: str = 'model.checkpoint'

    @property
    def is_usable(self) -> bool:
        """Tell whether the node can run it."""
        faults = (self.missing, self.unexpected, self.misshapen, self.not_finite, self.problem)
        return self.family != 'unknown' and not any(faults)


@dataclass(frozen=True, slots=True)
class _Findings:
    """
    What the weights of a file say.

    :param sections: its weights as a user should see them: by section and name in it.
    :param read: full names of weights that are read at inference.
    """

    family: Variant
    sections: Mapping[str, Mapping[str, Tensor]]
    stage: Stage | None = None
    image_size: int | None = None
    activation: str | None = None
    found: Differences = NO_DIFFERENCES
    problem: str = ''
    read: frozenset[str] = frozenset()
    licence: str = UNKNOWN
    notes: tuple[str, ...] = ()
    parameter: str = 'model.checkpoint'


def examine(path: Path) -> CheckpointReport:
    """
    Examine a weight file without running anything in it; every weight is read.

    :param path: the file.
    :raises CheckpointError: if there is no such file, it is damaged, or it names code.
    """
    released = read_released_file(path)
    says = _plus(released) if plus_variant_of(released) else _occany(released)
    sections = {
        name: SectionReport(
            keys=len(weights),
            parameters=sum(x.numel() for x in weights.values()),
            live=sum(x.numel() for key, x in weights.items() if f'{name}.{key}' in says.read),
        )
        for name, weights in says.sections.items()
    }
    return CheckpointReport(
        file=str(path),
        size_bytes=path.stat().st_size,
        sha256=file_digest(path),
        family=says.family,
        stage=says.stage,
        image_size=says.image_size,
        activation=says.activation,
        sections=sections,
        parameters=sum(section.parameters for section in sections.values()),
        live=sum(section.live for section in sections.values()),
        missing=says.found.missing,
        unexpected=says.found.unexpected,
        misshapen=says.found.misshapen,
        not_finite=tuple(
            f'{section}.{key}'
            for section, weights in says.sections.items()
            for key, value in weights.items()
            if value.dtype in NUMBERS and not bool(torch.isfinite(value).all())
        ),
        problem=says.problem,
        licence=says.licence,
        notes=says.notes,
        parameter=says.parameter,
    )


def _occany(released: ReleasedFile) -> _Findings:
    """Look at a file of OccAny or MUSt3R, or at one that nobody knows."""
    family = family_of(released)
    if family is None:
        return _Findings(
            'unknown', released.sections, problem='its weights are those of another network'
        )
    says = _Findings(family, released.sections, licence=LICENCES[family], notes=_notes(released))
    try:
        config = config_of(released, family)
    except CheckpointError as error:
        return _refused(says, error)
    manifest = manifest_of(family, config)
    return replace(
        says,
        stage='reconstruction' if config.ray_maps is None else 'rendering',
        image_size=config.image_size,
        activation=config.decoder.activation,
        found=differences(released, manifest),
        read=frozenset(f'{section}.{key}' for section, keys in manifest.items() for key in keys),
    )


def _plus(released: ReleasedFile) -> _Findings:
    """Look at a file of OccAny+ or Depth Anything 3."""
    role = role_of(released)
    says = _Findings(
        family=plus_variant_of(released) or 'unknown',
        sections=_parts(state_of(released)),
        parameter='model.render_checkpoint' if role == 'rendering' else 'model.checkpoint',
    )
    try:
        config = plus_config_of(released)
    except CheckpointError as error:
        return _refused(says, error)
    manifest = plus_manifest(config, role)
    names = shared_names(state_of(released))
    width = config.backbone.width
    return replace(
        says,
        stage=role,
        image_size=PLUS_IMAGE_SIZE,
        found=plus_differences(released, manifest),
        read=frozenset(names.get(name, name) for name in manifest),
        licence=da3_licence(width) if config.is_plain else LICENCES[says.family],
        notes=(f'a {SIZES[config.name]} network',),
    )


def _refused(says: _Findings, error: CheckpointError) -> _Findings:
    found = Differences(error.missing, error.unexpected, ())
    return replace(says, found=found, problem=error.problem)


def _parts(state: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Split the weights of one big section by the modules they belong to."""
    parts: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        words = name.split('.')
        depth = 2 if words[0] == STATE else 1
        parts.setdefault('.'.join(words[:depth]), {})['.'.join(words[depth:])] = value
    return parts


def _notes(released: ReleasedFile) -> tuple[str, ...]:
    """Say whether the transformer that nobody reads ever was trained (OccAny spec, section 9)."""
    biases = [
        value
        for key, value in released.sections.get('raymap_encoder', {}).items()
        if 'blocks_enc.' in key and key.endswith('.bias') and is_unused(f'raymap_encoder.{key}')
    ]
    if not biases:
        return ()
    trained = 'was trained' if any(bool(x.any()) for x in biases) else 'was never trained'
    return (f'the transformer in raymap_encoder {trained}; it is not run, as it is not by OccAny',)
