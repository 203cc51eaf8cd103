"""Tables of scores as plain text or Markdown."""

from collections.abc import Mapping, Sequence
from typing import Literal

from occany_ros.evaluation.scores import DEFAULT_RADIUS, Scores

Style = Literal['text', 'markdown']
SCORE_HEADERS = ('', 'obstacle IoU', 'obstacle F1 (±1 voxel)', 'mIoU', 'IoU with ground')


def table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, style: Style = 'text'
) -> str:
    """
    Lay out a table; the first column is aligned left, all others right.

    :param headers: title of each column.
    :param rows: cells; floats are printed with three decimals.
    :param style: ``text`` with a rule below the titles, or ``markdown``.
    :raises ValueError: for a row with another number of cells than there are titles.
    """
    printed = [[_printed(cell) for cell in row] for row in rows]
    for number, row in enumerate(printed):
        if len(row) != len(headers):
            raise ValueError(f'rows[{number}]: expected {len(headers)} cells, got {len(row)}')
    lines = [list(headers), *printed]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(headers))]
    aligned = [
        [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    if style == 'markdown':
        rule = ['-' * width if column == 0 else '-' * (width - 1) + ':'
                for column, width in enumerate(widths)]  # fmt: skip
        return '\n'.join(f'| {" | ".join(line)} |' for line in [aligned[0], rule, *aligned[1:]])
    text = ['  '.join(line).rstrip() for line in aligned]
    return '\n'.join([text[0], '-' * (sum(widths) + 2 * (len(widths) - 1)), *text[1:]])


def _printed(cell: object) -> str:
    """Text of one cell."""
    return f'{cell:.3f}' if isinstance(cell, float) else str(cell)


def score_table(
    results: Mapping[str, Scores], *, radius: float = DEFAULT_RADIUS, style: Style = 'text'
) -> str:
    """
    Table of scores with the line that says what was scored.

    :param results: name of each method -> its scores, in the order of the rows.
    :param radius: metres, as given to `occany_ros.evaluation.scores.tally_frame`.
    """
    rows = [
        (name, scores.obstacle_iou, scores.obstacle_f1, scores.mean_iou, scores.iou)
        for name, scores in results.items()
    ]
    scope = f'Within {radius:g} m, in voxels a camera saw; obstacles are all but ground classes.'
    return f'{scope}\n\n{table(SCORE_HEADERS, rows, style=style)}'
