"""Matplotlib without windows: figures that are made, and written as the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
from matplotlib.figure import Figure

from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file

__all__ = ["FORMATS", "Axes", "Figure", "as_bytes", "new", "save"]

# Matplotlib's own types are not looked at: the checks must pass where it is not installed.
Axes: TypeAlias = Any

FORMATS = ("svg", "png", "pdf")

STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "epochal",  # names inside the file do not change from run to run
}
_DATES: dict[str, dict[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def new(width: float, height: float, draw: Callable[[Figure], None]) -> Figure:
    """Make a figure of a size in inches, and let ``draw`` fill it."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        _settle(figure)
    return figure


def _settle(figure: Figure) -> None:
    """Lay the axes out once, at round places: the solver's last digits differ from run to run."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axis in figure.axes:
        left, bottom, width, height = (round(float(x), 4) for x in axis.get_position().bounds)
        axis.set_position((left, bottom, width, height))


def as_bytes(figure: Figure, kind: str) -> bytes:
    """Write a figure in one of ``FORMATS``."""
    room = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(room, format=kind, dpi=150, metadata=_DATES.get(kind))
    return room.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a file, in the format of its ending.

    Raises
    ------
    RunError
        The ending is no format, or the file cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        message = f"{path}: figures are written to files that end in .{', .'.join(FORMATS)}"
        raise RunError(message)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, as_bytes(figure, kind))
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise RunError(message) from None
