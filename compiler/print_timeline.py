"""Printing ``timeline``: at which step each segment stops."""

from epochal.compiler import ir, print_repeated_timeline
from epochal.compiler.bounds import is_whole
from epochal.compiler.numpy_text import Printer
from epochal.compiler.print_draws import rounded
from epochal.compiler.print_line import line
from epochal.compiler.print_names import LONGEST, Names, Speaker
from epochal.compiler.printed import SUM
from epochal.compiler.segments import Layout


def body(task: ir.Task, plan: Layout, names: Names) -> list[str]:
    """Print the statements of ``timeline``."""
    if task.repeats:
        return print_repeated_timeline.body(task, plan, names)
    show = Speaker(names).table()
    lines = [
        line(f'longest = trials["{LONGEST}"]'),
        line(f"stop = np.empty((len(longest), {plan.n_columns}), np.int64)"),
        line("time = np.zeros_like(longest)"),
    ]
    for epoch in task.epochs:
        lines += _loose(epoch.name, False, plan, show, names)
        lines += _epoch(epoch, task.length, plan, show, names)
        lines += _loose(epoch.name, True, plan, show, names)
    lines.append(line("stop[:, PADDING] = steps(longest, dt)"))
    for loose in plan.loose:
        name = names.columns.one(loose.columns[0])
        start, end = edges(loose.where, plan, names)
        lines.append(line(f"stop[:, {name}] = np.clip(stop[:, {name}], {start}, {end})"))
    lines.append(line("return stop"))
    return lines


def edges(where: ir.Where, plan: Layout, names: Names) -> tuple[str, str]:
    """Print the first step of whole epochs and the step after their last."""
    first, after = plan.first(where.first), plan.after(where.last)
    start = f"stop[:, {names.columns.one(first - 1)}]" if first else "0"
    return start, f"stop[:, {names.columns.one(after - 1)}]"


def _loose(epoch: str, from_end: bool, plan: Layout, show: Printer, names: Names) -> list[str]:
    """Print the slice bounds that count from here and have no segment."""
    lines = []
    for loose in plan.loose:
        where, cut = loose.where, loose.cut
        if cut.from_end == from_end and epoch == (where.last if from_end else where.first):
            name = names.columns.one(loose.columns[0])
            lines.append(line(f"stop[:, {name}] = steps({_sum('time', cut.time, show)}, dt)"))
    return lines


def _epoch(
    epoch: ir.Epoch, length: ir.Expr | None, plan: Layout, show: Printer, names: Names
) -> list[str]:
    first, after = plan.first(epoch.name), plan.after(epoch.name)
    cuts = plan.cuts_of(epoch.name)
    lines = []
    last = names.columns.one(after - 1)
    if epoch.duration is not None:
        end = _sum("time", epoch.duration, show)
    else:
        assert length is not None
        end = rounded(length, ir.TIME, show.text(length))
    if not cuts:
        return [line(f"stop[:, {last}] = steps(time := {end}, dt)", epoch.at)]
    lines.append(line(f"start, time = time, {end}", epoch.at))
    lines.append(line(f"stop[:, {last}] = steps(time, dt)"))
    before = f"stop[:, {names.columns.one(first - 1)}]" if first else "0"
    for k, cut in enumerate(cuts):
        edge = f"steps({_sum('time' if cut.from_end else 'start', cut.time, show)}, dt)"
        name = names.columns.one(first + k)
        lines.append(line(f"stop[:, {name}] = np.clip({edge}, {before}, stop[:, {last}])"))
    return lines


def _sum(base: str, duration: ir.Expr, show: Printer) -> str:
    """Print a time plus a duration, in whole microseconds."""
    if isinstance(duration, ir.Number) and duration.value == "0":
        return base
    if isinstance(duration, ir.Number) and duration.value.startswith("-"):
        shown = show.text(duration)
        return f"{base} - {shown[1:]}"
    shown = show.show(duration).inside(SUM + 1) if is_whole(duration) else ""
    return f"{base} + {shown or f'whole({show.text(duration)})'}"
