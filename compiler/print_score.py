"""Printing ``score``: what is read out of a network's outputs."""

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.numpy_text import Shape
from epochal.compiler.print_line import line, mentioned
from epochal.compiler.print_names import Names, Speaker, is_wide
from epochal.compiler.print_steps import span_edges
from epochal.compiler.segments import Layout

_REDUCERS = {
    "time_mean": "span_mean({x}, {start}, {stop})",
    "time_last": "span_last({x}, {start}, {stop})",
    "time_min": "span_min({x}, {start}, {stop})",
    "time_max": "span_max({x}, {start}, {stop})",
    "first_above": "first_above({x}{more}, {start}, {stop}, dt)[:, 0]",
}


def body(task: ir.Task, plan: Layout, bounds: Bounds, names: Names) -> list[str]:
    """Print the statements of ``score``."""

    def reduce(name: str, series: ir.Series, more: str) -> str:
        channel = next(one for one in task.outputs if one.name == series.channel)
        columns = names.channel(channel.name)
        columns = columns if is_wide(channel) else f"{columns} : {columns} + 1"
        start, stop = span_edges(series.where, plan, bounds, names)
        x = f"outputs[:, :, {columns}]"
        return _REDUCERS[name].format(x=x, start=start, stop=stop, more=more)

    show = Speaker(names).table(careful=True, reduce=reduce)
    statements = []
    for score in task.scores:
        shown = show.show(score.value)
        text = f"np.full(n, {shown.text})" if shown.shape is Shape.CONSTANT else shown.text
        statements.append(line(f"{names.value(score.name)} = {text}", score.at))
    lines = []
    used = mentioned("\n".join(statements))
    if "stop" in used or "n" in used:
        lines.append(line("stop = timeline(trials, dt)"))
    if "n" in used:
        lines.append(line("n = len(stop)"))
    pairs = ", ".join(f'"{score.name}": {names.value(score.name)}' for score in task.scores)
    return [*lines, *statements, line(f"return {{{pairs}}}")]
