"""Trials drawn with characters, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Float
from epochal.runtime.preview import Shown, Span, Strip, counted, scale

_LEVELS = "▁▂▃▄▅▆▇█"
_NOTHING, _IGNORED = "·", "x"
_PLAIN = str.maketrans("▁▂▃▄▅▆▇█·", "_:-~=+*#.")
_NARROWEST = 20  # characters of a trial
MOST_ROWS = 8
"""Units of a channel that are drawn; a channel of more is drawn by every second, third, .."""


def drawn(shown: Shown, width: int = 80) -> str:
    """Draw one trial, at most ``width`` characters wide where names leave room.

    Each unit is a line, from its least to its greatest value; a dot is 0.  Below the targets
    stands where an output does not count.
    """
    strips = [*shown.inputs, *shown.targets]
    room = max(len(unit) for strip in strips for unit in strip.units) + 3
    columns = min(max(_NARROWEST, width - room), shown.n_steps)
    cells = np.linspace(0, shown.n_steps, columns + 1).round().astype(int)
    lines = [", ".join(shown.said)] if shown.said else []
    lines += [" " * room + line for line in _ruler(shown, cells)]
    lines += ["inputs", *_channels(shown.inputs, cells, room)]
    lines += ["targets", *_channels(shown.targets, cells, room)]
    lines += _ignored(shown.weights, cells, room)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def plain(text: str) -> str:
    """Draw with ASCII alone what `drawn` drew."""
    return text.translate(_PLAIN)


def _ruler(shown: Shown, cells: NDArray[np.int_]) -> Iterator[str]:
    """Write the names of epochs where they begin, those that overlap below one another."""
    for lane in lanes(shown.epochs):
        line = [" "] * (len(cells) - 1)
        for span in lane:
            first = int(np.searchsorted(cells, span.first, side="right")) - 1
            stop = max(first + 1, int(np.searchsorted(cells, span.stop)))
            text = f"|{span.name}"[: stop - first].ljust(stop - first)
            line[first:stop] = text
        yield "".join(line)
    last = f"{shown.n_steps * shown.dt:g} ms"
    yield "0" + last.rjust(len(cells) - 2)


def lanes(spans: tuple[Span, ...]) -> list[list[Span]]:
    """Lay epochs into rows in which none overlap."""
    rows: list[list[Span]] = []
    for span in spans:
        free = next((row for row in rows if row[-1].stop <= span.first), None)
        if free is None:
            rows.append([span])
        else:
            free.append(span)
    return rows


def _channels(strips: tuple[Strip, ...], cells: NDArray[np.int_], room: int) -> Iterator[str]:
    for strip in strips:
        every = -(-len(strip.units) // MOST_ROWS)
        low, high = scale(strip)
        for i in range(0, len(strip.units), every):
            line = _line(strip.values[:, i], cells, low, high)
            note = f"  {low:.3g} to {high:.3g}" if i == 0 and high > low else ""
            yield f"  {strip.units[i]}".ljust(room) + line + note


def _line(values: Float, cells: NDArray[np.int_], low: float, high: float) -> str:
    """Draw the means over the steps of each cell."""
    means = np.add.reduceat(values, cells[:-1]) / np.diff(cells)
    if high <= low:
        return _NOTHING * len(means)
    level = np.rint((means - low) / (high - low) * (len(_LEVELS) - 1)).astype(int)
    return "".join(
        _NOTHING if mean == 0 else _LEVELS[k] for mean, k in zip(means, level, strict=True)
    )


def _ignored(weights: tuple[Strip, ...], cells: NDArray[np.int_], room: int) -> list[str]:
    """Mark for each output where it does not count."""
    lines = []
    for strip in weights:
        steps = counted(strip)
        if not steps.all():
            some = np.logical_or.reduceat(steps, cells[:-1])
            text = "".join(_NOTHING if one else _IGNORED for one in some)
            lines.append(f"  {strip.name}".ljust(room) + text)
    return ["ignored", *lines] if lines else []
