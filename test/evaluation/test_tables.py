"""Printed tables."""

from occany_ros.evaluation.scores import Scores
from occany_ros.evaluation.tables import score_table, table
import pytest


def test_text_columns_line_up():
    lines = table(('name', 'x'), [('a', 0.5), ('longer', 12)]).splitlines()
    assert lines == ['name        x', '-------------', 'a       0.500', 'longer     12']


def test_markdown_has_a_rule_with_alignment():
    lines = table(('name', 'x'), [('a', 0.5)], style='markdown').splitlines()
    assert lines == ['| name |     x |', '| ---- | ----: |', '| a    | 0.500 |']


def test_ragged_rows_are_refused():
    with pytest.raises(ValueError, match=r'rows\[1\]: expected 2 cells, got 1'):
        table(('a', 'b'), [(1, 2), (1,)])


def test_scores_say_what_was_scored():
    text = score_table({'plane only': Scores(0.0, 0.0, 0.03, 0.7)}, radius=20, style='markdown')
    assert text.startswith('Within 20 m')
    assert '| plane only |' in text
    assert '0.030' in text
