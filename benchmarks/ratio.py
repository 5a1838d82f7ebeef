"""Comparing two actions in one run."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TypeAlias

from benchmarks.rows import Row, Target, Unit, times

Timed: TypeAlias = Callable[[int], float]
"""Runs an action so many times, and gives the mean time of one in ms."""


def timed(action: Callable[[], object]) -> Timed:
    """Time an action of this process."""

    def run(repeats: int) -> float:
        start = perf_counter()
        for _ in range(repeats):
            action()
        return (perf_counter() - start) / repeats * 1000

    return run


def compare(
    row: Row, ours: Timed, theirs: Timed, *, rounds: int, repeats: tuple[int, int] = (1, 1)
) -> Row:
    """Run two actions in turn, ``repeats`` of each a round, after one round to warm up.

    Parameters
    ----------
    row
        Says what is measured and in which unit: `times` for ours over theirs, `times as fast` for
        theirs over ours.
    """
    pairs = [(ours(repeats[0]), theirs(repeats[1])) for _ in range(rounds + 1)][1:]
    return of_pairs(row, pairs)


def of_pairs(row: Row, pairs: list[tuple[float, float]]) -> Row:
    """Complete a row from the times of both, in ms, round by round."""
    ratios = (_ratio(row.unit, a, b) for a, b in pairs)
    return Row(
        name=row.name,
        against=row.against,
        values=tuple(ratios),
        unit=row.unit,
        target=row.target,
        ours=times([a for a, _ in pairs]),
        theirs=times([b for _, b in pairs]),
    )


def at_most(name: str, against: str, target: float | None = None) -> Row:
    """Begin a row whose value is ours over theirs."""
    return Row(name=name, against=against, target=None if target is None else Target(target))


def faster(name: str, against: str, target: float | None = None) -> Row:
    """Begin a row whose value is theirs over ours."""
    aim = None if target is None else Target(target, at_least=True)
    return Row(name=name, against=against, unit="times as fast", target=aim)


def _ratio(unit: Unit, ours: float, theirs: float) -> float:
    assert unit in ("times", "times as fast"), f"a ratio has no unit {unit}"
    return ours / theirs if unit == "times" else theirs / ours
