"""Printing ``score``: what is read out of a network's outputs."""

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.numpy_functions import OVER_TIME
from epochal.compiler.numpy_text import Outputs, Printer
from epochal.compiler.print_line import line, mentioned
from epochal.compiler.print_names import Names, Speaker, is_wide
from epochal.compiler.print_session import LENGTH, TRIALS
from epochal.compiler.print_steps import span_edges
from epochal.compiler.printed import ATOM, Shape, Text
from epochal.compiler.segments import Layout
from epochal.compiler.walk import walk

_REDUCERS = {
    "time_mean": "span_mean({x}, {start}, {stop})",
    "time_last": "span_last({x}, {start}, {stop})",
    "time_min": "span_min({x}, {start}, {stop})",
    "time_max": "span_max({x}, {start}, {stop})",
    "first_above": "first_above({x}, {level}, {start}, {stop}, dt)[:, 0]",
    "rms": "span_rms({x}, {start}, {stop})",
}

_EACH = {
    "time_mean": "each_span(span_mean, {x}, {start}, {stop})",
    "time_last": "each_span(span_last, {x}, {start}, {stop})",
    "time_min": "each_span(span_min, {x}, {start}, {stop})",
    "time_max": "each_span(span_max, {x}, {start}, {stop})",
    "first_above": "each_first_above({x}, {level}, {start}, {stop}, dt)",
    "rms": "each_rms({x}, {start}, {stop})",
}


def body(task: ir.Task, plan: Layout, bounds: Bounds, names: Names) -> list[str]:
    """Print the statements of ``score``."""

    def columns(array: str, series: ir.Series) -> str:
        channel = next(one for one in task.outputs if one.name == series.channel)
        column = names.channel(channel.name)
        return f"{array}[:, :, {column if is_wide(channel) else f'{column} : {column} + 1'}]"

    def reduce(name: str, x: str, series: ir.Series, level: Text | None) -> Text:
        start, stop = span_edges(series.where, plan, bounds, names)
        repeated = bool(plan.whole(series.where).chain)
        text = (_EACH if repeated else _REDUCERS)[name].format(
            x=x,
            start=start,
            stop=stop,
            level=_level(level, repeated) if level is not None else "",
        )
        one = name in ("first_above", "rms")
        if repeated:
            return Text(text, ATOM, Shape.ARRAY if one else Shape.GRID)
        return Text(text, ATOM, Shape.TRIAL if one else Shape.UNITS)

    show = Speaker(names).table(careful=True, outputs=Outputs(columns, reduce))
    statements = []
    for score in task.scores:
        shown = show.show(score.value)
        text = f"np.full(n, {shown.text})" if shown.shape is Shape.CONSTANT else shown.text
        if isinstance(score.type, ir.ArrayType):
            text = show.wide(score.value)
            if _is_one_row(score.value, show):
                text = f"np.full((n, {score.type.n}), {text})"
        statements.append(line(f"{names.value(score.name)} = {text}", score.at))
    lines = []
    if any(_reckons(node) for score in task.scores for node in walk(score.value)):
        lines.append(line("outputs = outputs.astype(np.float64)"))
    used = mentioned("\n".join(statements))
    if "targets" in used:
        lines.append(line("targets = arrays(trials, dt)[1].astype(np.float64)"))
    cut = task.session is not None and bool(used & {"outputs", "targets"})
    if cut or "stop" in used or "n" in used:
        lines.append(line("stop = timeline(trials, dt)"))
    if cut:
        for name in [one for one in ("outputs", "targets") if one in used]:
            lines.append(line(f"{name} = by_trial({name}, {LENGTH}, {TRIALS})"))
    if "n" in used:
        lines.append(line("n = len(stop)"))
    pairs = ", ".join(f'"{score.name}": {names.value(score.name)}' for score in task.scores)
    return [*lines, *statements, line(f"return {{{pairs}}}")]


def _reckons(node: ir.Expr) -> bool:
    """Whether an output over time meets numbers before it is reduced, other than its target."""
    if not isinstance(node, ir.Call) or node.function not in OVER_TIME:
        return False
    series = node.arguments[0]
    error = isinstance(series, ir.Call) and series.function == "error"
    return not isinstance(series, ir.Series) and not error


def _level(level: Text, repeated: bool) -> str:
    return (
        f"{level.inside(ATOM)}[:, None]" if repeated and level.shape is Shape.TRIAL else level.text
    )


def _is_one_row(value: ir.Expr, show: Printer) -> bool:
    """Whether an array is the same on all trials, and printed as one row."""
    nodes = [node for node in walk(value) if isinstance(node, ir.Series | ir.Ref)]
    return all(
        isinstance(node, ir.Ref) and show.show(node).shape is Shape.CONSTANT for node in nodes
    )
