"""Curves of cost against size as SVG: one panel a row, both axes logarithmic.

It is written by hand, so that drawing needs no package, and the same results give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from benchmarks.rows import Curve, Row

WIDTH, HEIGHT = 330, 250
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 30, 44
COLUMNS = 3
COLOURS = ("#0072b2", "#d55e00", "#009e73")  # Okabe and Ito's, told apart by most people
MARKS = ("circle", "square", "circle")


def svg(rows: Sequence[Row]) -> str:
    """Draw the curves of all rows."""
    across = min(COLUMNS, max(1, len(rows)))
    down = ceil(len(rows) / COLUMNS)
    width, height = across * WIDTH, max(1, down) * HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for i, row in enumerate(rows):
        x, y = i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT
        lines += [f'<g transform="translate({x} {y})">', *_panel(row), "</g>"]
    return "\n".join([*lines, "</svg>"]) + "\n"


class _Scale:
    """From values to places, by their logarithms."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = log10(min(values)), log10(max(values))
        room = max(0.05 * (high - low), 0.05)
        self.low, self.high = low - room, high + room
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        part = (log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Give round numbers inside: 1, 2 and 5 times powers of ten, or powers where many fit."""
        factors = (1, 2, 5) if self.high - self.low < 2 else (1,)
        powers = range(floor(self.low), ceil(self.high) + 1)
        found = [factor * 10.0**power for power in powers for factor in factors]
        return [value for value in found if self.low <= log10(value) <= self.high]


def _panel(row: Row) -> Iterator[str]:
    xs = [size for curve in row.curves.values() for size, _ in curve]
    ys = [ms for curve in row.curves.values() for _, ms in curve]
    x, y = _Scale(xs, LEFT, WIDTH - RIGHT), _Scale(ys, HEIGHT - BOTTOM, TOP)
    title = row.name.removeprefix("growth: ")
    yield f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>'
    yield from _axes(row.axis, x, y)
    for i, (name, curve) in enumerate(row.curves.items()):
        yield from _curve(curve, x, y, i)
        place = f'x="{LEFT + 10}" y="{TOP + 14 + 14 * i}"'
        yield f'<text {place} fill="{COLOURS[i % 3]}">{escape(name)}</text>'


def _axes(axis: str, x: _Scale, y: _Scale) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value in x.ticks():
        yield _path(f"M{x(value):.1f} {TOP}V{bottom}", "#dddddd")
        place = f'x="{x(value):.1f}" y="{bottom + 14}"'
        yield f'<text {place} text-anchor="middle">{value:g}</text>'
    for value in y.ticks():
        yield _path(f"M{LEFT} {y(value):.1f}H{right}", "#dddddd")
        place = f'x="{LEFT - 5}" y="{y(value) + 4:.1f}"'
        yield f'<text {place} text-anchor="end">{value:g}</text>'
    yield _path(f"M{LEFT} {TOP}V{bottom}H{right}", "#444444")
    middle = (LEFT + right) / 2
    yield f'<text x="{middle:.1f}" y="{bottom + 32}" text-anchor="middle">{escape(axis)}</text>'
    across = (TOP + bottom) / 2
    yield (
        f'<text transform="translate(14 {across:.1f}) rotate(-90)" text-anchor="middle">ms</text>'
    )


def _curve(curve: Curve, x: _Scale, y: _Scale, i: int) -> Iterator[str]:
    colour = COLOURS[i % 3]
    places = [(x(size), y(ms)) for size, ms in curve]
    yield _path("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in places), colour, 1.8)
    for a, b in places:
        if MARKS[i % 3] == "square":
            box = f'x="{a - 3:.1f}" y="{b - 3:.1f}" width="6" height="6"'
            yield f'<rect {box} fill="{colour}"/>'
        else:
            yield f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.2" fill="{colour}"/>'


def _path(steps: str, colour: str, width: float = 1) -> str:
    return f'<path d="{steps}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'
