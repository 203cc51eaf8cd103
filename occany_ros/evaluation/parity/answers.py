"""What a check computed, matched with what a golden file holds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from occany_ros.evaluation.parity.comparison import compare, Comparison
from occany_ros.evaluation.parity.fixture import Fixture
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """
    One output of ours.

    :param value: in full; the file may hold every n-th element along any axis but the first.
    :param tolerance: see `Comparison`.
    :param leading_axis: axis along which the file may hold the first elements only.
    :param spared: share of the largest differences that do not count.
    """

    value: Tensor
    tolerance: float
    leading_axis: int | None = None
    spared: float = 0.0


def matched(
    fixture: Fixture, answers: Mapping[str, Answer], inputs: Collection[str]
) -> list[Comparison]:
    """
    Compare every tensor of a file that is not an input.

    A tensor without an answer is listed as such, so that nothing in a file is passed over.

    :param fixture: the file.
    :param answers: outputs of ours by the file's names; more than the file holds is fine.
    :param inputs: names of tensors the outputs were computed from.
    """
    comparisons = []
    for name, golden in fixture.tensors.items():
        if name in inputs:
            continue
        answer = answers.get(name)
        if answer is None:
            comparisons.append(Comparison(name=name, error=float('nan'), tolerance=None))
            continue
        comparisons.append(
            compare(
                name,
                answer.value,
                golden,
                answer.tolerance,
                leading_axis=answer.leading_axis,
                spared=answer.spared,
            )
        )
    return comparisons
