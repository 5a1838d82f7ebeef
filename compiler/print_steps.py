"""Printing statements that run step by step: those that use ``t``, and those behind them."""

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.print_line import line
from epochal.compiler.print_names import Names
from epochal.compiler.print_rows import Place
from epochal.compiler.print_session import TRIALS
from epochal.compiler.printed import ATOM, Shape, Text
from epochal.compiler.segments import BEGIN, END, Cut, Layout, edge


def step_effect(
    effect: ir.Effect,
    array: str,
    place: Place,
    value: Text,
    indent: int,
    session: bool,
    *,
    listed: bool = False,
) -> list[str]:
    """Print a statement on every step of its span, once those have been listed.

    In a ``session`` the rows of an array are sequences.  The place in the source stands at the
    list; ``listed`` where the statement above made it.
    """
    text = value.text
    if place.units and value.shape is Shape.TRIAL:
        text = f"{value.inside(ATOM)}[:, None]"
    lines = [line("t = k * us(dt)", indent=indent)] if "t" in _words(text) else []
    rows = (f"at // {TRIALS}", "origin[at] + step") if session else ("at", "step")
    target = f"{array}[{place.index(*rows)}]"
    at = effect.at if listed else None
    return [*lines, line(f"{target} {effect.op} {text}", at, indent)]


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def span_edges(
    where: ir.Where, plan: Layout, bounds: Bounds, names: Names, counter: str = ""
) -> tuple[str, str]:
    """Print the first step of a span and the step after its last, slices included.

    Inside a repeat they have one value for each repetition, (N_batch, K); with the counter of
    the repetitions they are those of the rows that are listed.
    """
    whole = plan.whole(where)
    start = _column(where, where.start, BEGIN, plan, bounds)
    stop = _column(where, where.stop, END, plan, bounds) or whole.at(whole.stop - 1)
    if not whole.chain:
        if start is None and whole.first == 0:
            return "np.zeros(n, np.int64)", f"stop[:, {names.columns.one(stop[0])}]"
        first = start[0] if start is not None else whole.first - 1
        return f"stop[:, {names.columns.one(first)}]", f"stop[:, {names.columns.one(stop[0])}]"
    last = _picked(names.columns.each(stop), counter)
    if start is not None:
        return _picked(names.columns.each(start), counter), last
    first_ = whole.at(whole.first)
    before = names.columns.before(first_)
    if before is not None:
        return _picked(before, counter), last
    rows = f"[at, {counter}]" if counter else ""
    return f"begin(stop, {names.columns.each(first_)}){rows}", last


def _picked(name: str, counter: str) -> str:
    return f"stop[at, {name}[{counter}]]" if counter else f"stop[:, {name}]"


def _column(
    where: ir.Where, bound: Cut | None, ragged: Cut, plan: Layout, bounds: Bounds
) -> tuple[int, ...] | None:
    """Find the columns that hold an end of a span, where it has columns of its own."""
    if bound is not None:
        return edge(where, bound, plan, bounds)
    return plan.loose_at(where, ragged)
