"""Figures of a run: how it learnt, and what its experiment measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from epochal.runtime.canvas import Axes, Figure, new
from epochal.runtime.curriculum import comparisons
from epochal.runtime.evaluate import Evaluation, Group
from epochal.runtime.plan import Comparison, Measure, Stage
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import RunRecord

_LETTERS = 90  # of the names of stages over the width of a figure


@dataclass(frozen=True)
class Visit:
    """A stage from its first update to its last, as a run went through it."""

    stage: str
    first: int
    last: int


def visits(history: Sequence[Progress]) -> tuple[Visit, ...]:
    """List the stages that a training went through, in order; one that comes back comes twice."""
    found: list[Visit] = []
    first = 0
    for one in history:
        if one.move in ("advance", "back"):
            found.append(Visit(one.stage, first, one.update))
            first = one.update
    last = history[-1] if history else None
    if last is not None and (last.update > first or not found):
        found.append(Visit(last.stage, first, last.update))
    return tuple(found)


def learning_figure(record: RunRecord, history: Sequence[Progress]) -> Figure:
    """Draw accuracy and loss over updates, stages shaded, what they wait for dashed."""

    def draw(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [2, 1]})
        gone = visits(history)
        _stages(top, gone)
        _stages(bottom, gone)
        _goals(top, record, gone)
        evaluated = [one for one in history if one.accuracy is not None]
        updates = [one.update for one in evaluated]
        top.plot(updates, [one.accuracy for one in evaluated], marker=".", markersize=3)
        top.set_ylim(-0.03, 1.03)
        top.set_ylabel("accuracy")
        if record.chance is not None:
            top.axhline(record.chance, color="0.6", linewidth=0.7, linestyle=":")
            top.text(1.01, record.chance, "untrained", transform=_right(top), va="center")
        top.set_title(f"{record.task.name}, seed {record.seed}", loc="left", pad=16)
        told = [one for one in history if np.isfinite(one.loss)]
        bottom.plot([one.update for one in told], [one.loss for one in told], linewidth=0.8)
        if any(one.loss > 0 for one in told):
            bottom.set_yscale("log")
        bottom.set_ylabel("loss")
        bottom.set_xlabel("updates")
        bottom.set_xlim(0, max(1, history[-1].update if history else 1))

    return new(6, 3.6, draw)


def _right(axis: Axes) -> object:
    """Place things beside an axis: across it in its fractions, along it in its values."""
    return axis.get_yaxis_transform()


def _stages(axis: Axes, gone: Sequence[Visit]) -> None:
    """Shade every other stage, and name those that have room."""
    whole = gone[-1].last if gone else 0
    for i, one in enumerate(gone):
        if not one.stage:
            continue
        if i % 2 == 0:
            axis.axvspan(one.first, one.last, color="0.93", linewidth=0, zorder=0)
        if axis.get_subplotspec().is_first_row() and whole:
            room = _LETTERS * (one.last - one.first) / whole
            where = {"transform": axis.get_xaxis_transform(), "ha": "center", "va": "bottom"}
            middle = (one.first + one.last) / 2
            axis.text(middle, 1.01, one.stage[: int(room)], fontsize=7, **where)


def _goals(axis: Axes, record: RunRecord, gone: Sequence[Visit]) -> None:
    """Draw the accuracies that stages, or the whole training, wait for."""
    stages: Mapping[str, Stage] = {one.name: one for one in record.stages}
    for one in gone:
        for level in _levels(stages.get(one.stage), record):
            axis.hlines(level, one.first, one.last, colors="C3", linestyles="--", linewidth=0.9)


def _levels(stage: Stage | None, record: RunRecord) -> list[float]:
    if stage is not None and (stage.until is not None or stage.at_most is not None):
        waited = comparisons(stage.until) if stage.until is not None else ()
        return [one.level for one in waited if _of_accuracy(one)]
    goal = record.profile.training.stop.accuracy
    return [goal] if goal <= 1 else []


def _of_accuracy(one: Comparison) -> bool:
    return one.metric.name == "accuracy" and one.metric.score == "correct"


def measure_figure(measure: Measure, found: Evaluation) -> Figure:
    """Draw what was measured by the one variable that it was tabulated by, with standard errors.

    Over numbers it is a curve, as a psychometric function; over labels and bins, points.
    """
    groups = [group for group in found.groups if group.accuracy is not None]
    numbers = [x for x in map(_number, groups) if x is not None]

    def draw(figure: Figure) -> None:
        axis = figure.subplots()
        y = [group.accuracy or 0.0 for group in groups]
        error = [group.error or 0.0 for group in groups]
        if len(numbers) == len(groups):
            axis.errorbar(numbers, y, error, marker="o", markersize=3, capsize=2)
        else:
            places = list(range(len(groups)))
            axis.errorbar(places, y, error, linestyle="", marker="o", markersize=4, capsize=2)
            axis.set_xlim(-0.5, len(groups) - 0.5)
            names = [group.condition[0] for group in groups]
            axis.set_xticks(range(len(groups)), names, rotation=30 if len(names) > 4 else 0)
        axis.set_ylim(-0.03, 1.03)
        axis.set_xlabel(_axis_name(measure, groups, by=found.by[0]))
        axis.set_ylabel("fraction" if measure.title else "accuracy")
        axis.set_title(measure.name, loc="left")

    return new(3.6, 2.8, draw)


def _number(group: Group) -> float | None:
    """Give the condition as a number, its unit apart; None where it is a label or a bin."""
    try:
        return float(group.condition[0].split(" ")[0]) if " to " not in group.condition[0] else None
    except ValueError:
        return None


def _axis_name(measure: Measure, groups: Sequence[Group], by: str) -> str:
    """Name the variable, with its unit where it has one."""
    written = re.split(r"\bby = ?", measure.title, maxsplit=1)
    name = written[1].removesuffix(")") if len(written) > 1 else by
    units = {group.condition[0].partition(" ")[2] for group in groups}
    unit = units.pop() if len(units) == 1 else ""
    return f"{name} ({unit})" if unit and _number(groups[0]) is not None else name
