"""A figure of some trials side by side: epochs, inputs, targets and weights over time."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.canvas import Axes, Figure, new
from epochal.runtime.preview import Shown, Strip, counted, scale
from epochal.runtime.preview_text import lanes

MOST_LINES = 4
"""Units of a channel that are drawn as lines; more are an image."""

_COLUMN, _MARGIN = 3.0, 1.6  # inches
_LANE, _LINES, _IMAGE = 0.22, 0.6, 0.9
_LETTER = 0.055  # of an epoch's name
_IGNORED = "0.85"  # a light grey
_NO_BREAK = "\u00a0"  # a space at which no line ends


def trials_figure(trials: Sequence[Shown]) -> Figure:
    """Draw trials as columns; grey is where an output does not count."""
    first = trials[0]
    n_lanes = max(len(lanes(one.epochs)) for one in trials)
    panels = [*first.inputs, *first.targets]
    heights = [_LANE * n_lanes, *map(_height, panels), _LINES]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(
            len(heights),
            len(trials),
            sharex="col",
            squeeze=False,
            gridspec_kw={"height_ratios": heights},
        )
        for k, shown in enumerate(trials):
            _column(axes[:, k], shown, trials, n_lanes, last=k == len(trials) - 1)
        _name_rows(axes[:, 0], first)

    width = _MARGIN + sum(map(_width, trials))
    return new(width, 0.8 + 1.15 * sum(heights), draw)


def _width(shown: Shown) -> float:
    """Give several trials of a sequence twice the room of one."""
    names = [one.name for one in shown.epochs]
    return _COLUMN * (2 if len(names) > len(set(names)) else 1)


def _height(strip: Strip) -> float:
    return _LINES if len(strip.units) <= MOST_LINES else _IMAGE


def _column(
    axes: NDArray[Any], shown: Shown, trials: Sequence[Shown], n_lanes: int, *, last: bool
) -> None:
    edges = np.arange(shown.n_steps + 1) * shown.dt
    said = ", ".join(one.replace(" ", _NO_BREAK) for one in shown.said)
    axes[0].set_title(fill(said, round(16 * _width(shown))), loc="left")
    _epochs(axes[0], shown, n_lanes)
    n_in, n_out = len(shown.inputs), len(shown.targets)
    for i, strip in enumerate((*shown.inputs, *shown.targets)):
        of_all = [(*one.inputs, *one.targets)[i] for one in trials]
        _channel(axes[1 + i], strip, edges, _range(of_all), last=last)
    for axis, strip in zip(axes[1 + n_in :], shown.weights, strict=False):
        _shade(axis, ~counted(strip), edges)
    weights = axes[1 + n_in + n_out]
    for strip in shown.weights:
        weights.stairs(strip.values.mean(axis=1), edges, baseline=None, label=_label(strip.name))
    most = max(float(strip.values.mean(axis=1).max()) for one in trials for strip in one.weights)
    weights.set_ylim(-0.05 * max(most, 1), 1.1 * max(most, 1))
    _legend(weights, len(shown.weights), last=last)
    weights.set_xlabel("time (ms)")
    weights.set_xlim(0, edges[-1])
    for axis in axes[1:]:
        for span in shown.epochs:
            axis.axvline(span.first * shown.dt, color="0.6", linewidth=0.5, zorder=0)


def _range(strips: Sequence[Strip]) -> tuple[float, float]:
    """Give one channel the same scale on all trials."""
    lows, highs = zip(*map(scale, strips), strict=True)
    low, high = min(lows), max(highs)
    return low, high if high > low else low + 1


def _epochs(axis: Axes, shown: Shown, n_lanes: int) -> None:
    """Draw the timeline: a bar for each epoch, those that overlap below one another."""
    for row, lane in enumerate(lanes(shown.epochs)):
        for i, span in enumerate(lane):
            left, width = span.first * shown.dt, (span.stop - span.first) * shown.dt
            shade = ("0.8", "0.9")[i % 2]
            axis.broken_barh([(left, width)], (-row - 0.9, 0.8), facecolor=shade)
            room = _width(shown) * width / (shown.n_steps * shown.dt) / _LETTER
            where = {"ha": "center", "va": "center", "clip_on": True, "fontsize": 6}
            axis.text(left + width / 2, -row - 0.5, span.name[: int(room)], **where)
    axis.set_ylim(-n_lanes, 0)
    axis.set_axis_off()


def _channel(
    axis: Axes, strip: Strip, edges: NDArray[Any], ends: tuple[float, float], *, last: bool
) -> None:
    low, high = ends
    if len(strip.units) > MOST_LINES:
        where = (edges[0], edges[-1], -0.5, len(strip.units) - 0.5)
        look = {"aspect": "auto", "origin": "lower", "interpolation": "nearest", "cmap": "Greys"}
        axis.imshow(strip.values.T, extent=where, vmin=low, vmax=high, **look)
        if last:
            text = f"{low:.3g} (white)\nto {high:.3g} (black)"
            axis.text(1.02, 0.5, text, transform=axis.transAxes, va="center", fontsize=7)
        return
    for unit, values in zip(strip.units, strip.values.T, strict=True):
        axis.stairs(values, edges, baseline=None, label=_label(unit))
    room = 0.1 * (high - low)
    axis.set_ylim(low - room, high + room)
    _legend(axis, len(strip.units), last=last)


def _legend(axis: Axes, n: int, *, last: bool) -> None:
    if last and n > 1:
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1)


def _label(name: str) -> str:
    """Keep Matplotlib from hiding a name that begins with an underscore."""
    return f" {name}" if name.startswith("_") else name


def _shade(axis: Axes, steps: NDArray[Any], edges: NDArray[Any]) -> None:
    """Shade the steps of an output that do not count."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], steps, [False]]).astype(int)))
    for first, stop in changes.reshape(-1, 2):
        axis.axvspan(edges[first], edges[stop], color=_IGNORED, linewidth=0, alpha=0.8)


def _name_rows(axes: NDArray[Any], first: Shown) -> None:
    names = [f"{one.name}\n(input)" for one in first.inputs]
    names += [f"{one.name}\n(target)" for one in first.targets]
    for axis, name in zip(axes[1:], [*names, "weight"], strict=True):
        axis.set_ylabel(name, rotation=0, ha="right", va="center")
