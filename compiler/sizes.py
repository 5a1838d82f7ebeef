"""How much a task may hold, beyond what single declarations are checked for."""

import math
from collections.abc import Iterator

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.intervals import Interval, interval
from epochal.compiler.print_signals import most_events, process_of
from epochal.compiler.repeats import chains, times
from epochal.compiler.report import span
from epochal.compiler.walk import definition_expressions, walk
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note

MOST_SLICES = 200
"""How many different bounds the slices of a task may have."""

MOST_PIECES = 20_000
"""How many pieces a trial may be cut into, by epochs, repetitions and slices."""

MOST_VALUES = 100_000
"""How many values the trial table may hold of each trial."""

_LARGEST = 2**62


def pieces(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Bound how many pieces slices cut the trial into."""
    around = chains(task)
    bounds: dict[tuple[str, ir.Offset], ir.Place] = {}
    for effect in task.effects:
        where = effect.where
        for bound in (where.start, where.stop):
            if bound is not None:
                home = where.last if bound.from_end else where.first
                bounds.setdefault((home, bound), effect.at)
    if len(bounds) > MOST_SLICES:
        message = f"there are {len(bounds)} different bounds of slices, more than {MOST_SLICES}"
        note = Note("epochs of their own would do")
        yield diagnose("E0503", message, span([*bounds.values()][MOST_SLICES]), notes=(note,))
    total = sum(times(chain) for chain in around.values())
    total += sum(times(around[home]) for home, _ in bounds)
    if total > MOST_PIECES:
        message = f"the slices cut this into {total} pieces, repetitions counted, more than"
        yield diagnose("E0503", f"{message} {MOST_PIECES}", span(task.epochs[0].at))


def table(task: ir.Task, _: Bounds) -> Iterator[Diagnostic]:
    """Bound the width of the trial table."""
    if width(task) > MOST_VALUES:
        message = f"a trial has {width(task)} drawn and computed values, more than {MOST_VALUES}"
        yield diagnose("E0502", message, span(task.variables[-1].at))


def width(task: ir.Program) -> int:
    """Count the values that the trial table holds of each trial."""
    if isinstance(task, ir.Taskset):
        return sum(width(member.task) for member in task.members)
    return sum(_values(variable) for variable in task.variables)


def _values(variable: ir.Variable) -> int:
    """Count the values of one variable: a pulse train holds times and heights, others no value."""
    law = process_of(variable)
    n = sum(kind.n if isinstance(kind, ir.ArrayType) else 1 for kind in variable.types)
    if law is None:
        return n
    if law.name != "pulse_train" or ir.Number("inf") in law.arguments:  # E0418 tells of the latter
        return 0
    return 2 * most_events(law) * n


def magnitudes(task: ir.Task, bounds: Bounds) -> Iterator[Diagnostic]:
    """Refuse whole numbers and times of the trial table that 64 bits may not hold."""
    for variable in task.variables:
        for expr in definition_expressions(variable.definition):
            counted = [
                reach
                for node in walk(expr)
                if isinstance(node, ir.Arithmetic)
                for reach in [interval(node, bounds.known)]
                if reach.whole
            ]
            if ir.TIME in variable.types:
                counted.append(interval(expr, bounds.known))
            largest = max((_largest(reach) for reach in counted), default=0.0)
            if largest > _LARGEST:
                message = (
                    f"this may reach {largest:.0e}: whole numbers, and times in us, are counted "
                    "up to 2**62"
                )
                yield diagnose("E0504", message, span(variable.at))


def _largest(reach: Interval) -> float:
    """Give the end farthest from 0 of those that are known."""
    ends = (abs(float(end)) for end in (reach.low, reach.high))
    return max((end for end in ends if math.isfinite(end)), default=0.0)


SIZES = (pieces, table, magnitudes)
