"""What a user should know of a released weight file before running it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from occany_ros.models.checkpoint import file_digest
from occany_ros.models.checkpoint_config import config_of, family_of
from occany_ros.models.checkpoint_file import CheckpointError, read_released_file, ReleasedFile
from occany_ros.models.checkpoint_keys import is_unused
from occany_ros.models.checkpoint_manifest import Differences, differences, manifest_of
from occany_ros.models.config import OccAnyConfig
from occany_ros.models.licences import LICENCES, UNKNOWN
import torch


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
    :param family: ``occany``, ``must3r`` or ``unknown``.
    :param stage: ``reconstruction``, or ``rendering`` if it also renders novel views; None if
        its sizes cannot be told.
    :param image_size: longer side of the images it was trained on, pixels; None as above.
    :param activation: how raw numbers become points; None as above.
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
    """

    file: str
    size_bytes: int
    sha256: str
    family: Literal['occany', 'must3r', 'unknown']
    stage: Literal['reconstruction', 'rendering'] | None
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

    @property
    def is_usable(self) -> bool:
        """Tell whether the node can run it."""
        faults = (self.missing, self.unexpected, self.misshapen, self.not_finite, self.problem)
        return self.family != 'unknown' and not any(faults)


def examine(path: Path) -> CheckpointReport:
    """
    Examine a weight file without running anything in it; every weight is read.

    :param path: the file.
    :raises CheckpointError: if there is no such file, it is damaged, or it names code.
    """
    released = read_released_file(path)
    family = family_of(released)
    config, found, problem = None, Differences((), (), ()), ''
    if family is None:
        problem = 'its weights are those of another network'
    else:
        try:
            config = config_of(released, family)
            found = differences(released, manifest_of(family, config))
        except CheckpointError as error:
            found, problem = Differences(error.missing, error.unexpected, ()), error.problem
    sections = {name: _section(released, name, config) for name in released.sections}
    return CheckpointReport(
        file=str(path),
        size_bytes=path.stat().st_size,
        sha256=file_digest(path),
        family=family or 'unknown',
        stage=None if config is None else _stage(config),
        image_size=None if config is None else config.image_size,
        activation=None if config is None else config.decoder.activation,
        sections=sections,
        parameters=sum(section.parameters for section in sections.values()),
        live=sum(section.live for section in sections.values()),
        missing=found.missing,
        unexpected=found.unexpected,
        misshapen=found.misshapen,
        not_finite=tuple(
            f'{section}.{key}'
            for section, weights in released.sections.items()
            for key, value in weights.items()
            if not bool(torch.isfinite(value).all())
        ),
        problem=problem,
        licence=LICENCES[family] if family else UNKNOWN,
        notes=_notes(released),
    )


def _stage(config: OccAnyConfig) -> Literal['reconstruction', 'rendering']:
    return 'reconstruction' if config.ray_maps is None else 'rendering'


def _section(released: ReleasedFile, name: str, config: OccAnyConfig | None) -> SectionReport:
    weights = released.sections[name]
    read = {} if config is None else manifest_of(config.decoder.family, config).get(name, {})
    return SectionReport(
        keys=len(weights),
        parameters=sum(x.numel() for x in weights.values()),
        live=sum(x.numel() for key, x in weights.items() if key in read),
    )


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
