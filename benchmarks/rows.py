"""What a measurement gives: rows of a table, which are kept as JSON and lay themselves out."""

from __future__ import annotations

from statistics import median
from typing import Literal

import msgspec

Unit = Literal["times", "times as fast", "s", "ms", "MB", "exponent", "accuracy"]
Verdict = Literal["reached", "missed", "no target", "not measured"]
Curve = tuple[tuple[float, float], ...]
"""Pairs of a size and a time in ms."""


class NotMeasured(Exception):  # noqa: N818
    """Something that a row needs is not there; the message says what."""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a value is to stay at or below, or with ``at_least`` at or above."""

    value: float
    at_least: bool = False

    def reached(self, value: float) -> bool:
        """Whether a value meets it."""
        return value >= self.value if self.at_least else value <= self.value

    def __str__(self) -> str:
        """Say it in words."""
        return f"{'at least' if self.at_least else 'at most'} {shown(self.value)}"


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Median and range of a time in ms, for orientation only: machines are shared."""

    median: float
    least: float
    most: float


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a table.

    Attributes
    ----------
    name, against
        What was measured, and what it is held against, "" for a row that stands alone.
    values
        One a round, in the unit: ours over theirs (`times`), theirs over ours (`times as fast`),
        or a quantity of ours alone.
    unit, target
        What a value is, and what it should be; None where nothing was asked.
    ours, theirs
        Times behind a ratio.
    axis, curves
        Of a row about growth: what grows, and for each of those compared its times.
    reason
        Why there are no values.
    """

    name: str
    against: str = ""
    values: tuple[float, ...] = ()
    unit: Unit = "times"
    target: Target | None = None
    ours: Times | None = None
    theirs: Times | None = None
    axis: str = ""
    curves: dict[str, Curve] = msgspec.field(default_factory=dict)
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the median meets the target."""
        if not self.values:
            return "not measured"
        if self.target is None:
            return "no target"
        return "reached" if self.target.reached(median(self.values)) else "missed"

    @property
    def title(self) -> str:
        """What was measured, against what."""
        return f"{self.name}, against {self.against}" if self.against else self.name

    def measured(self) -> str:
        """Give the median with its range, or why there is none."""
        if not self.values:
            return f"not measured: {self.reason}"
        middle = with_unit(median(self.values), self.unit)
        if len(self.values) == 1:
            return middle
        return f"{middle} ({shown(min(self.values))} to {shown(max(self.values))})"

    def times(self) -> str:
        """Give the medians behind a ratio."""
        both = (("ours", self.ours), ("theirs", self.theirs))
        return ", ".join(f"{name} {shown(t.median)} ms" for name, t in both if t is not None)

    def line(self) -> str:
        """Lay out one line for the screen."""
        target = f"target {self.target}" if self.target else ""
        verdict = self.verdict if self.target and self.values else ""
        behind = f"[{self.times()}]" if self.times() else ""
        parts = (f"{self.title:<74}", self.measured(), target, verdict, behind)
        return "  ".join(part for part in parts if part)


def times(values: list[float]) -> Times:
    """Summarise times in ms."""
    return Times(median(values), min(values), max(values))


def missing(row: Row, reason: object) -> Row:
    """Say of a row why it was not measured."""
    return msgspec.structs.replace(row, values=(), ours=None, theirs=None, reason=str(reason))


def with_unit(value: float, unit: Unit) -> str:
    """Write a value as people read it."""
    if unit == "accuracy":
        return f"{value:.1%}"
    return shown(value) if unit == "exponent" else f"{shown(value)} {unit}"


def shown(value: float) -> str:
    """Write a number with three figures at least."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
