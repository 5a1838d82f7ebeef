"""Printing ``timeline``: at which step each segment stops."""

from epochal.compiler import ir
from epochal.compiler.bounds import is_whole
from epochal.compiler.numpy_text import SUM, Printer
from epochal.compiler.print_draws import rounded
from epochal.compiler.print_line import line
from epochal.compiler.print_names import LONGEST, Names, Speaker
from epochal.compiler.repeats import groups
from epochal.compiler.segments import Layout


def body(task: ir.Task, plan: Layout, names: Names) -> list[str]:
    """Print the statements of ``timeline``."""
    show = Speaker(names).table()
    lines = [
        line(f'longest = trials["{LONGEST}"]'),
        line(f"stop = np.empty((len(longest), {plan.n_segments + 1 + len(plan.loose)}), np.int64)"),
        line("time = np.zeros_like(longest)"),
    ]
    for repeat, epochs in groups(task):
        if repeat is not None:
            lines += _repeat(repeat, epochs, plan, show, names)
            continue
        epoch = epochs[0]
        lines += _loose(epoch.name, False, plan, show, names)
        lines += _epoch(epoch, plan, show, names)
        lines += _loose(epoch.name, True, plan, show, names)
    lines.append(line("stop[:, PADDING] = steps(longest, dt)"))
    for name, (where, _) in zip(names.cuts, plan.loose, strict=True):
        start, end = edges(where, plan, names)
        lines.append(line(f"stop[:, {name}] = np.clip(stop[:, {name}], {start}, {end})"))
    lines.append(line("return stop"))
    return lines


def edges(where: ir.Where, plan: Layout, names: Names) -> tuple[str, str]:
    """Print the first step of whole epochs and the step after their last."""
    first, after = plan.first(where.first), plan.after(where.last)
    start = f"stop[:, {names.segments[first - 1]}]" if first else "0"
    return start, f"stop[:, {names.segments[after - 1]}]"


def _loose(epoch: str, from_end: bool, plan: Layout, show: Printer, names: Names) -> list[str]:
    """Print the slice bounds that count from here and have no segment."""
    lines = []
    for name, (where, cut) in zip(names.cuts, plan.loose, strict=True):
        if cut.from_end == from_end and epoch == (where.last if from_end else where.first):
            lines.append(line(f"stop[:, {name}] = steps({_sum('time', cut.time, show)}, dt)"))
    return lines


def _repeat(
    repeat: ir.Repeat, epochs: tuple[ir.Epoch, ...], plan: Layout, show: Printer, names: Names
) -> list[str]:
    """Print when the epochs of every repetition end: they add up like any others."""
    k, m = repeat.most, len(epochs)
    lines = [line(f"span = np.zeros((len(longest), {k}, {m}), np.int64)", repeat.at)]
    for i, epoch in enumerate(epochs):
        assert epoch.duration is not None
        shown = rounded(epoch.duration, ir.TIME, show.wide(epoch.duration))
        lines.append(line(f"span[:, :, {i}] = {shown}", epoch.at))
    if repeat.count != ir.Number(str(k)):
        inside = f"np.arange({k}) < {show.wide(repeat.count)}"
        lines.append(line(f"span[np.logical_not({inside})] = 0", repeat.at))
    lines.append(line("end = time[:, None] + np.cumsum(span.reshape(len(longest), -1), axis=1)"))
    for i, epoch in enumerate(epochs):
        lines += _repeated(epoch, f"end[:, {i}::{m}]", f"span[:, :, {i}]", plan, show, names)
    return [*lines, line("time = end[:, -1]")]


def _repeated(
    epoch: ir.Epoch, end: str, span: str, plan: Layout, show: Printer, names: Names
) -> list[str]:
    """Print the steps at which the segments of one epoch stop, in every repetition."""
    first = plan.first(epoch.name)
    cuts = plan.cuts_of(epoch.name)
    last = names.strided[first + len(cuts)][0]
    lines = [line(f"stop[:, {last}] = steps({end}, dt)")]
    for i, cut in enumerate(cuts):
        base = end if cut.from_end else f"{end} - {span}"
        shown = rounded(cut.time, ir.TIME, show.wide(cut.time))
        moved = f"{base} - {shown[1:]}" if shown.startswith("-") else f"{base} + {shown}"
        edge = f"steps({moved}, dt)"
        limits = f"steps({end} - {span}, dt), stop[:, {last}]"
        name = names.strided[first + i][0]
        lines.append(line(f"stop[:, {name}] = np.clip({edge}, {limits})"))
    return lines


def _epoch(epoch: ir.Epoch, plan: Layout, show: Printer, names: Names) -> list[str]:
    first, after = plan.first(epoch.name), plan.after(epoch.name)
    cuts = plan.cuts_of(epoch.name)
    lines = []
    last = names.segments[after - 1]
    end = "longest" if epoch.duration is None else _sum("time", epoch.duration, show)
    if not cuts:
        if end == "longest":
            return [line(f"stop[:, {last}] = steps(time := longest, dt)", epoch.at)]
        return [line(f"stop[:, {last}] = steps(time := {end}, dt)", epoch.at)]
    lines.append(line(f"start, time = time, {end}", epoch.at))
    lines.append(line(f"stop[:, {last}] = steps(time, dt)"))
    before = f"stop[:, {names.segments[first - 1]}]" if first else "0"
    for k, cut in enumerate(cuts):
        edge = f"steps({_sum('time' if cut.from_end else 'start', cut.time, show)}, dt)"
        name = names.segments[first + k]
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
