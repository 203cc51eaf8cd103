"""What the weights of each family may be used for; a summary, the terms are their owners'."""

from typing import Final

UNKNOWN: Final = 'unknown'

LICENCES: Final = {
    'tiny': 'Apache-2.0; trained on synthetic images only',
    'occany': (
        'OccAny is Apache-2.0, but its weights were trained from those of MUSt3R, which are for '
        'non-commercial use only; read the terms of both'
    ),
    'must3r': (
        'MUSt3R is for non-commercial use only, and the terms of its training data, among them '
        "the map-free relocalisation set's, are narrower still; read them"
    ),
    'occany_plus': (
        'OccAny is Apache-2.0, but the weights of OccAny+ were trained from those of DA3-LARGE or '
        'DA3-GIANT, which are CC BY-NC 4.0: non-commercial use only; they imitate features of '
        'SAM 3, which has a licence of its own; read the terms of all three'
    ),
    'da3': 'DA3-LARGE and DA3-GIANT are CC BY-NC 4.0: non-commercial use only',
    'da3_small': 'DA3-SMALL and DA3-BASE are Apache-2.0',
}
"""By variant; of plain Depth Anything 3 by size, too."""

_FREE_WIDTHS: Final = (384, 768)


def da3_licence(width: int) -> str:
    """
    Say what the weights of a plain Depth Anything 3 may be used for.

    :param width: channels of its tokens, by which its sizes differ.
    """
    return LICENCES['da3_small' if width in _FREE_WIDTHS else 'da3']
