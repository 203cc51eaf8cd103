"""From the parameters `semantics.*` and `palette` to classes: the one place that chooses them."""

from pathlib import Path
from typing import cast, Final, TYPE_CHECKING

from occany_ros.pipeline.label_rules import LabelRules, LabelSource
from occany_ros.ros.settings.parameters import Parameters
from occany_ros.ros.settings.setting import nearest
from occany_ros.semantics.class_file import class_names_in, CUSTOM, read_class_set
from occany_ros.semantics.classes import class_set, ClassSet
from occany_ros.semantics.palette import painted
from occany_ros.semantics.reader_choice import masks_for, NAMES, Source

if TYPE_CHECKING:
    from occany_ros.models.factory import LoadedModel

NOTHING_MOVES: Final = 'none'
"""Alone in ``semantics.dynamic``: no class moves by itself."""
AUTO: Final = 'occ3d'
"""Class set of a network that does not name its own, as of the embedded one, which does."""
_NOTHING_READ: Final = 'so every occupied voxel is other and no semantic picture is made'
UNREAD: Final = (
    f'none: semantics.weights is not set, {_NOTHING_READ}; set it to the folder that holds the '
    'networks which read the features of model.variant {variant} ({masks}), or set semantics.mode '
    'to off'
)
FEATURELESS: Final = (
    'none: model.variant {variant}, or the file it was loaded from, has no semantic features, '
    f'{_NOTHING_READ}; set semantics.mode to pretrained and semantics.weights to the folder of '
    '{masks}, or semantics.mode to off'
)
SWITCHED_OFF: Final = f'off: semantics.mode is off, {_NOTHING_READ}'

_READ: Final[dict[Source, str]] = {
    'distill': "the network's own features",
    'pretrained': 'the images themselves',
}


def check_mode(parameters: Parameters) -> None:
    """
    Refuse a way to labels of which an end is missing, before any network is loaded.

    :raises ValueError: ``semantics.mode`` is ``pretrained``, and nobody said where its networks
        are.
    """
    semantics = parameters.semantics
    if semantics.mode == 'pretrained' and not semantics.weights:
        from occany_ros.semantics.network_folder import WHERE_TO_GET_IT

        masks = NAMES[masks_for(parameters.model.variant)]
        raise ValueError(
            f'semantics.weights: expected the folder that holds {masks}, which semantics.mode '
            f'pretrained needs beside model.variant {parameters.model.variant}, got none; '
            f'{WHERE_TO_GET_IT}, or set semantics.mode to off'
        )


def reader_source(parameters: Parameters, model: 'LoadedModel') -> Source | None:
    """
    Say what networks of masks read labels from; None where nobody asks them.

    A network that decides on labels itself is not asked for features.
    """
    semantics = parameters.semantics
    if semantics.mode == 'pretrained':
        return 'pretrained'
    is_read = semantics.mode == 'distill' and model.class_set is None and model.has_features
    return 'distill' if is_read and semantics.weights else None


def chosen_classes(parameters: Parameters, variant: str, own: str | None) -> ClassSet:
    """
    Choose the classes of the grid, in the colours of the palette.

    :param variant: the network.
    :param own: class set the network answers in; None where it answers in none, or is not asked.
    :raises ValueError: the network answers in another set, a class file is missing or wrong, or a
        class is named that the set has not.
    :raises OSError: the class file cannot be read.
    """
    semantics = parameters.semantics
    wanted = semantics.class_set
    if wanted == CUSTOM:
        classes = read_class_set(_file(parameters), class_set(own or AUTO))
    elif own is not None and wanted not in ('auto', own):
        raise ValueError(
            f'semantics.class_set: expected auto, {own} (the classes {variant} was trained for) '
            f'or custom with a file that gathers them, got {wanted!r}'
        )
    else:
        classes = class_set(own or (AUTO if wanted == 'auto' else wanted))
    _check_names(parameters, classes.names)
    return painted(classes, parameters.palette)


def known_class_names(parameters: Parameters) -> tuple[str, ...]:
    """
    List the classes that may be named, as far as that is known before a network is loaded.

    :raises ValueError: ``semantics.class_file`` is missing or wrong.
    """
    wanted = parameters.semantics.class_set
    if wanted == CUSTOM:
        try:
            return class_names_in(_file(parameters))
        except OSError as error:
            raise ValueError(
                f'semantics.class_file: expected a file that can be read: {error}; '
                'correct the path'
            ) from error
    return class_set(AUTO if wanted == 'auto' else wanted).names


def check_class_names(parameters: Parameters) -> None:
    """
    Refuse names of classes there are not.

    :raises ValueError: naming the parameter and the nearest class.
    """
    semantics = parameters.semantics
    if semantics.traversable or semantics.dynamic or semantics.class_set == CUSTOM:
        _check_names(parameters, known_class_names(parameters))


def label_rules(parameters: Parameters, classes: ClassSet) -> LabelRules:
    """Give the rules of labels their values."""
    given = parameters.semantics
    named = tuple(name for name in given.dynamic if name in classes.names)
    return LabelRules(
        source=cast(LabelSource, given.mode),
        moving=classes.indices(named) if given.dynamic else None,
        votes=given.temporal_vote,
        every=given.every,
    )


def labels_from(parameters: Parameters, model: 'LoadedModel') -> str:
    """Say where labels come from, and why there are none."""
    source = reader_source(parameters, model)
    masks = NAMES[masks_for(model.variant)]
    if source is not None:
        return f'{masks} on {_READ[source]}'
    if parameters.semantics.mode == 'off':
        return SWITCHED_OFF
    if model.class_set is not None:
        return _READ['distill']
    reason = UNREAD if model.has_features else FEATURELESS
    return reason.format(variant=model.variant, masks=masks)


def _file(parameters: Parameters) -> Path:
    name = parameters.semantics.class_file
    if not name:
        raise ValueError(
            'semantics.class_file: expected a YAML file with the classes of class_set custom, got '
            'none; name one, for example a copy of config/classes/planner.yaml'
        )
    return Path(name).expanduser()


def _check_names(parameters: Parameters, known: tuple[str, ...]) -> None:
    semantics = parameters.semantics
    moving = () if semantics.dynamic == (NOTHING_MOVES,) else semantics.dynamic
    for parameter, names in (('traversable', semantics.traversable), ('dynamic', moving)):
        for name in names:
            if name not in known:
                raise ValueError(
                    f'semantics.{parameter}: there is no class {name!r}{nearest(name, known)}'
                )
