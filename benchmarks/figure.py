"""Curves of cost against size: a panel for each row, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

from benchmarks.drawing import BLUE, GREY, ORANGE, Drawing
from benchmarks.rows import Row

WIDTH, HEIGHT, COLUMNS = 330, 250, 3
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 32, 44
COLOURS = (BLUE, ORANGE)
"""Ours, and the peer's."""


def svg(rows: Sequence[Row]) -> str:
    """Draw the curves of all rows."""
    across, down = min(COLUMNS, max(1, len(rows))), max(1, ceil(len(rows) / COLUMNS))
    drawing = Drawing(across * WIDTH, down * HEIGHT, "How costs grow")
    for i, row in enumerate(rows):
        _panel(drawing, row, i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT)
    return drawing.svg()


class Log:
    """From values to places, by their logarithms."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = log10(min(values)), log10(max(values))
        room = max(0.06 * (high - low), 0.06)
        self._low, self._high = low - room, high + room
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """Give the place of a value."""
        part = (log10(value) - self._low) / (self._high - self._low)
        return self._start + part * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Give round numbers inside: 1, 2 and 5 times powers of ten, or powers where many fit."""
        factors = (1, 2, 5) if self._high - self._low < 2 else (1,)
        powers = range(floor(self._low), ceil(self._high) + 1)
        found = [factor * 10.0**power for power in powers for factor in factors]
        return [value for value in found if self._low <= log10(value) <= self._high]


def _panel(drawing: Drawing, row: Row, left: float, top: float) -> None:
    points = [point for curve in row.curves.values() for point in curve]
    x = Log([size for size, _ in points], left + LEFT, left + WIDTH - RIGHT)
    y = Log([ms for _, ms in points], top + HEIGHT - BOTTOM, top + TOP)
    drawing.text(left + LEFT, top + 20, f"{row.name.removeprefix('growth: ')} (ms)")
    _axes(drawing, row.axis, x, y, left, top)
    for i, (name, curve) in enumerate(row.curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [(x(size), y(ms)) for size, ms in curve]
        drawing.path(places, colour)
        for a, b in places:
            drawing.dot(a, b, colour)
        drawing.text(left + LEFT + 8, top + TOP + 14 + 15 * i, name, color=colour)


def _axes(drawing: Drawing, axis: str, x: Log, y: Log, left: float, top: float) -> None:
    near, far = left + LEFT, left + WIDTH - RIGHT
    high, low = top + TOP, top + HEIGHT - BOTTOM
    for value in x.ticks():
        drawing.line(x(value), low, x(value), low + 4, GREY, 1)
        drawing.text(x(value), low + 17, f"{value:g}", "middle")
    for value in y.ticks():
        drawing.line(near - 4, y(value), near, y(value), GREY, 1)
        drawing.text(near - 7, y(value) + 4, f"{value:g}", "end")
    drawing.line(near, low, far, low, GREY, 1)
    drawing.line(near, high, near, low, GREY, 1)
    drawing.text((near + far) / 2, low + 35, axis, "middle")
