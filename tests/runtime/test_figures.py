"""Figures show what they are of, and are the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from epochal import load
from epochal.runtime.canvas import Figure, as_bytes, save
from epochal.runtime.config import Profile
from epochal.runtime.draw_runs import Visit, learning_figure, measure_figure, visits
from epochal.runtime.draw_trials import trials_figure
from epochal.runtime.errors import RunError
from epochal.runtime.evaluate import Evaluation, Group
from epochal.runtime.plan import Both, Comparison, Measure, Metric, Stage
from epochal.runtime.preview import preview
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import RunRecord, TaskRecord

GOLDEN = Path(__file__).parents[1] / "compiler" / "golden"


def told(update: int, accuracy: float | None, stage: str = "", move: str = "") -> Progress:
    loss = 1 / update if update else float("nan")
    return Progress(update, loss, accuracy, 10.0, 1.0, stage, move)


HISTORY = (
    told(0, 0.5, "easy"),
    told(10, None, "easy"),
    told(20, 0.9, "easy", "advance"),
    told(40, 0.4, "hard", "back"),
    told(60, 0.95, "easy", "advance"),
    told(80, 0.85, "hard", "finished"),
)


def record(*stages: Stage) -> RunRecord:
    return RunRecord(
        task=TaskRecord(name="sides", hash="task1:0", n_in=1, n_out=1, values={}),
        seed=7,
        profile=Profile(),
        command=(),
        versions={},
        started="",
        stages=stages,
        chance=0.5,
    )


def goal(level: float, **metric: Any) -> Comparison:
    return Comparison(Metric(**metric), ">", level)


STAGES = (
    Stage(name="easy", until=Both(goal(0.8), goal(0.3, name="loss"))),
    Stage(name="hard", until=Both(goal(0.7), goal(0.6, score="other"))),
)


def lines_of(axis: Any) -> list[list[float]]:
    return [list(np.asarray(line.get_ydata(), float)) for line in axis.get_lines()]


def texts_of(figure: Figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def dashed_of(axis: Any) -> list[tuple[float, float, float]]:
    """Give the pieces of dashed lines: from, to, height."""
    pieces = [piece for one in axis.collections for piece in one.get_segments()]
    return [(float(a[0]), float(b[0]), float(a[1])) for a, b in pieces]


def test_a_run_went_through_its_stages_one_after_another() -> None:
    assert visits(HISTORY) == (
        Visit("easy", 0, 20),
        Visit("hard", 20, 40),
        Visit("easy", 40, 60),
        Visit("hard", 60, 80),
    )
    assert visits(HISTORY[:3]) == (Visit("easy", 0, 20),)
    assert visits(()) == ()


def test_a_learning_curve_shows_stages_and_what_they_wait_for() -> None:
    figure = learning_figure(record(*STAGES), HISTORY)
    top, bottom = figure.axes
    assert [0.5, 0.9, 0.4, 0.95, 0.85] in lines_of(top)
    assert lines_of(bottom) == [[1 / 10, 1 / 20, 1 / 40, 1 / 60, 1 / 80]]
    assert texts_of(figure) == ["easy", "hard", "easy", "hard", "untrained"]
    assert dashed_of(top) == [(0, 20, 0.8), (20, 40, 0.7), (40, 60, 0.8), (60, 80, 0.7)]


def test_without_stages_a_learning_curve_shows_when_training_stops() -> None:
    history = tuple(told(one.update, one.accuracy) for one in HISTORY)
    figure = learning_figure(record(), history)
    assert dashed_of(figure.axes[0]) == [(0, 80, 0.95)]
    assert texts_of(figure) == ["untrained"]
    learning_figure(record(), ())  # a run that was killed before it began


def measured(*conditions: str) -> Evaluation:
    groups = tuple(Group((one,), 10, 10, i / 10, 0.05) for i, one in enumerate(conditions))
    return Evaluation("sides", 0, 20.0, Group((), 10, 10, 0.5, 0.1), ("coh",), groups)


def test_a_psychometric_curve_lies_over_its_numbers() -> None:
    title = "fraction(answer == right, by = coh * (1 if side == right else -1))"
    measure = Measure(name="curve", by=("plotted_by",), title=title)
    axis: Any = measure_figure(measure, measured("-0.512", "0", "0.512")).axes[0]
    line = axis.get_lines()[0]
    assert list(line.get_xdata()) == [-0.512, 0, 0.512]
    assert list(line.get_ydata()) == [0, 0.1, 0.2]
    assert axis.get_xlabel() == "coh * (1 if side == right else -1)"
    assert axis.get_ylabel() == "fraction"


@pytest.mark.parametrize(
    ("conditions", "label", "ticks"),
    [
        (("100 ms", "200 ms"), "coh (ms)", []),
        (("pro", "anti"), "coh", ["pro", "anti"]),
        (("1 ms to 2 ms", "2 ms to 3 ms"), "coh", ["1 ms to 2 ms", "2 ms to 3 ms"]),
    ],
)
def test_other_measures_say_what_they_are_by(
    conditions: tuple[str, ...], label: str, ticks: list[str]
) -> None:
    (axis,) = measure_figure(Measure(name="m", by=("coh",)), measured(*conditions)).axes
    assert axis.get_xlabel() == label
    assert axis.get_ylabel() == "accuracy"
    if ticks:
        assert [text.get_text() for text in axis.get_xticklabels()] == ticks


@pytest.mark.parametrize("name", ["rdm", "yang_mini", "reversal", "nested"])
def test_trials_of_every_kind_of_task_are_drawn_alike_twice(name: str) -> None:
    task = load(name if name == "rdm" else GOLDEN / name / "source.task")
    first, second = (as_bytes(trials_figure(preview(task, 2)), "svg") for _ in range(2))
    assert first == second
    text = first.decode()
    for channel in {unit.partition("[")[0] for unit in (*task.inputs, *task.outputs)}:
        assert f">{channel}<" in text, channel


def test_targets_that_do_not_count_are_shaded() -> None:
    (shown,) = preview(load("rdm"), 1)
    figure = trials_figure([shown])
    choice: Any = next(axis for axis in figure.axes if axis.get_ylabel() == "choice\n(target)")
    response = shown.epochs[-1].first * shown.dt
    (shade,) = [p for p in choice.patches if type(p).__name__ == "Rectangle"]
    assert (shade.get_x(), shade.get_width()) == (response, 100)


def test_a_task_draws_itself_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    task = load("rdm")
    drawing = task._repr_svg_()
    assert drawing is not None
    assert "<svg" in drawing
    monkeypatch.setattr("epochal.runtime.task.find_spec", lambda name: None)
    assert task._repr_svg_() is None


def test_figures_are_saved_in_the_format_of_their_ending(tmp_path: Path) -> None:
    figure = learning_figure(record(*STAGES), HISTORY)
    heads = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
    for ending, head in heads.items():
        save(figure, tmp_path / "new" / f"a.{ending}")
        assert (tmp_path / "new" / f"a.{ending}").read_bytes().startswith(head)
    with pytest.raises(RunError, match=r"end in \.svg, \.png, \.pdf"):
        save(figure, tmp_path / "a.gif")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        save(figure, tmp_path / "file" / "a.svg")
