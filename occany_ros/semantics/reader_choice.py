"""Which networks of masks read the labels for which network of geometry."""

from pathlib import Path
from typing import Any, Final, Literal, TYPE_CHECKING

if TYPE_CHECKING:
    from occany_ros.semantics.classes import ClassSet
    from occany_ros.semantics.reader import LabelReader
    import torch

Masks = Literal['sam2', 'sam3']
Source = Literal['distill', 'pretrained']

NAMES: Final[dict[Masks, str]] = {'sam2': 'GroundingDINO and SAM 2', 'sam3': 'SAM 3'}
LICENCES: Final[dict[Masks, str]] = {
    'sam2': 'GroundingDINO and SAM 2.1 are Apache-2.0',
    'sam3': (
        'SAM 3 is under the SAM License: acknowledgement and passing on under the same terms, '
        'some uses excluded; read it'
    ),
}
_OF_SAM3: Final = ('occany_plus', 'da3')


def masks_for(variant: str) -> Masks:
    """
    Choose the networks that belong to a network of geometry.

    OccAny's features imitate those of SAM 2, OccAny+'s those of SAM 3 (semantics spec B.8).

    :param variant: name of the network in the parameters.
    """
    return 'sam3' if variant in _OF_SAM3 else 'sam2'


def load_reader(
    masks: Masks,
    weights: Path,
    classes: 'ClassSet',
    source: Source,
    *,
    device: 'torch.device',
    precision: 'torch.dtype',
) -> 'LabelReader':
    """
    Load a reader of labels.

    :param masks: the networks it is made of.
    :param weights: folder that holds their folders.
    :param classes: what to look for.
    :param source: ``distill`` reads the features of the network of geometry, ``pretrained`` the
        images themselves.
    :param device: where it runs.
    :param precision: type of what passes through its networks.
    :raises CheckpointError: a folder is missing, damaged or of another network.
    :raises ValueError: the library that builds them is not installed, or nothing is looked for.
    """
    options: dict[str, Any] = {'device': device, 'precision': precision}
    if masks == 'sam3':
        from occany_ros.semantics.sam3_reader import sam3_label_reader

        return sam3_label_reader(weights, classes, source, **options)
    from occany_ros.semantics.sam2_reader import sam2_label_reader

    return sam2_label_reader(weights, classes, source, **options)
