"""Printing statements that run step by step: those that use ``t``, and those behind them."""

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.numpy_text import Shape
from epochal.compiler.print_line import line
from epochal.compiler.print_names import Names, Speaker
from epochal.compiler.print_timeline import edges
from epochal.compiler.segments import Layout, edge


def step_effect(
    effect: ir.Effect,
    array: str,
    column: str,
    units: bool,
    spans: tuple[str, str],
    speaker: Speaker,
    value: str | None = None,
) -> list[str]:
    """Print a statement on every step of its span.

    ``column`` are the columns of the array, ``units`` says whether they are several; ``spans``
    are the printed edges of the span; ``value`` stands in for the effect's own.
    """
    indent = 8 if effect.kind is ir.EffectKind.NOISE else 4
    start, stop = spans
    if effect.guard is not None:
        guard = speaker.rows().text(effect.guard)
        stop = f"np.where({guard}, {stop}, {start})"
    lines = [line(f"at, step, k = flat_steps({start}, {stop})", effect.at, indent)]
    if value is None:
        assert effect.value is not None
        shown = speaker.steps().show(effect.value)
        value = shown.text
        if units and shown.shape is Shape.TRIAL:
            value = f"({value})[:, None]"
        if "t" in _words(value):
            lines.append(line("t = k * us(dt)", indent=indent))
    lines.append(line(f"{array}[at, step, {column}] {effect.op} {value}", indent=indent))
    return lines


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def span_edges(
    where: ir.Where, task: ir.Task, plan: Layout, bounds: Bounds, names: Names
) -> tuple[str, str]:
    """Print the first step of a span and the step after its last, slices included."""
    start, stop = edges(where, plan, names)
    if where.start is not None:
        start = f"stop[:, {names.column(edge(where, where.start, task, plan, bounds))}]"
    if where.stop is not None:
        stop = f"stop[:, {names.column(edge(where, where.stop, task, plan, bounds))}]"
    return start if start != "0" else "np.zeros(n, np.int64)", stop
