"""Processes: laws over time, whose draws are signals.

A pulse train is drawn as events in continuous time, so that a trial has the same ones at every
dt; their number is bounded when compiling.  The other processes are drawn a step at a time.
"""

import math

from msgspec.structs import replace

from epochal.compiler import expressions, ir, laws, types
from epochal.compiler.bounds import Bounds, longest, total
from epochal.compiler.distributions import DISTRIBUTIONS, Argument, Distribution, Kind
from epochal.compiler.intervals import Bound
from epochal.compiler.known import variable_bounds
from epochal.compiler.report import span
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

MOST_EVENTS = 10_000
"""The most events that one pulse train may have on a trial."""

MOST_SLOTS = 50_000
"""The most events that all trains of an array may have together."""

FOREVER = ir.Number("inf", ir.Unit.MICROSECOND)

_WANTED = {Kind.NUMBER: ir.NUMBER, Kind.TIME: ir.TIME, Kind.FREQUENCY: ir.FREQUENCY}


def law(
    node: syntax.Call, given: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> ir.Law | None:
    """Lower a call of a process; ``given`` are its arguments in order, ``node`` where left out."""
    if not setting.process:
        misplaced(node, scope)
        return None
    name = node.function.name
    row = DISTRIBUTIONS[name]
    found: list[ir.Expr | None] = []
    for argument, item in zip(row.arguments, given, strict=False):
        found.append(None if item is node else _argument(row, argument, item, scope))
        if item is not node and found[-1] is None:
            return None
    found += [None] * (len(row.arguments) - len(given))
    arguments = _train(found) if name == "pulse_train" else tuple(e for e in found if e)
    return ir.Law(name, arguments) if _sensible(row, arguments, node, scope) else None


def is_process(node: syntax.Call) -> bool:
    """Whether a call draws a process."""
    row = DISTRIBUTIONS.get(node.function.name)
    return row is not None and row.over_time


def misplaced(node: syntax.Call, scope: Scope, *, chosen: bool = False) -> None:
    """Say that a process is drawn where none may be; ``chosen`` by a condition."""
    name = node.function.name
    within = f"`{name}(a if c else b, ..)`"
    note = Note(f"what differs between trials stands in its arguments: {within}")
    scope.report.error(
        "E0342",
        f"`{name}` is a process, a draw over time: it stands alone after `~` in `trial`",
        node.span,
        *((note,) if chosen else ()),
    )


def _argument(
    row: Distribution, argument: Argument, node: syntax.Expr, scope: Scope
) -> ir.Expr | None:
    what = f"`{argument.name}` of `{row.name}`"
    if argument.kind is not Kind.SET:
        typed = expressions.expect(node, _WANTED[argument.kind], scope, Setting(), what)
        return typed.expr if typed else None
    typed = expressions.lower(node, scope, Setting())
    if typed is None:
        return None
    if not isinstance(typed.type, ir.SetType) or typed.type.item != ir.NUMBER:
        message = f"{what} is a set of plain numbers, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    return _heights(typed, scope)


def _heights(typed: Typed, scope: Scope) -> ir.Expr | None:
    """Take the heights of pulses: they are the same for all trials."""
    if isinstance(typed.expr, ir.Ref) and scope.symbols[typed.expr.name].members is not None:
        return typed.expr
    members = laws.literal_set(typed, scope)
    drawn = [ref.name for weight in members.weights for ref in refs(weight)] if members else []
    drawn = [name for name in drawn if scope.symbols[name].drawn]
    if drawn:
        message = f"the weights of heights are the same for all trials, and `{drawn[0]}` is drawn"
        scope.report.error("E0323", message, typed.span)
        return None
    return members


def _train(given: list[ir.Expr | None]) -> tuple[ir.Expr, ...]:
    """Write out the defaults of a pulse train; the bound on its events comes last."""
    rate, width, refractory, values, over = given
    assert rate is not None
    assert width is not None
    one = ir.SetOf((ir.Number("1"),))
    return rate, width, refractory or width, values or one, over or FOREVER, ir.Number("inf")


def _sensible(
    row: Distribution, arguments: tuple[ir.Expr, ...], node: syntax.Call, scope: Scope
) -> bool:
    """Check the arguments of a process, as far as their bounds tell."""
    low = [expressions.bounds(item, scope).low for item in arguments]
    for argument, least in zip(row.arguments, low, strict=False):
        positive = argument.name in ("width", "tau")
        if argument.kind is Kind.SET or (least > 0 if positive else least >= 0):
            continue
        problem = "must be above 0" if positive else "may be negative"
        message = f"`{argument.name}` {problem} in `{row.name}`"
        scope.report.error("E0321", message, node.span)
        return False
    return True


def counted(law: ir.Law, size: int, at: Span, scope: Scope) -> ir.Law | None:
    """Bound the events of a pulse train; one without a horizon has to wait for the timeline."""
    if law.name != "pulse_train" or law.arguments[4] == FOREVER:
        return law
    most = _most_events(law, scope)
    if most is None or most > MOST_EVENTS:
        many = "any number of pulses" if most is None else f"up to {most:,} pulses"
        scope.report.error(
            "E0343",
            f"this train may have {many} on a trial, and {MOST_EVENTS:,} are allowed",
            at,
            Note("a lower rate, a longer refractory time or a shorter `over` bounds them"),
        )
        return None
    if most * max(size, 1) > MOST_SLOTS:
        message = (
            f"{size} trains may have up to {most:,} pulses each on a trial, and {MOST_SLOTS:,} are "
            "allowed together"
        )
        scope.report.error("E0343", message, at)
        return None
    return ir.Law(law.name, (*law.arguments[:5], ir.Number(str(most))))


def _most_events(law: ir.Law, scope: Scope) -> int | None:
    """Bound the number of events: by the refractory time, or by what is all but certain.

    A count of mean m stays below m + 8 sqrt(m) + 10 in all but one of 10^15 trials.
    """
    rate, _, refractory, _, over = (expressions.bounds(e, scope) for e in law.arguments[:5])
    found: list[Bound] = []
    if not math.isinf(over.high) and refractory.low > 0:
        found.append(math.ceil(over.high / refractory.low))
    if not math.isinf(over.high) and not math.isinf(rate.high):
        mean = float(rate.high) * float(over.high) / 1e6
        found.append(math.ceil(mean + 8 * math.sqrt(mean) + 10))
    return max(int(min(found)), 1) if found else None


def bounded(task: ir.Task, scope: Scope) -> ir.Task | None:
    """Give pulse trains without a horizon that of the longest trial, and bound their events."""
    variables = tuple(_bounded(variable, task, scope) for variable in task.variables)
    good = tuple(one for one in variables if one is not None)
    if len(good) < len(variables):
        return None
    return replace(task, variables=good)


def _bounded(variable: ir.Variable, task: ir.Task, scope: Scope) -> ir.Variable | None:
    match variable.definition:
        case ir.Drawn(ir.Law("pulse_train", arguments) as law) if arguments[4] == FOREVER:
            bounds = Bounds(task.variables, scope.known)
            if math.isinf(bounds.most(task.length or total(task))):
                return variable  # the checks say which duration has no end
            end = longest(task, bounds)
            open_ended = ir.Law(law.name, (*arguments[:4], end, *arguments[5:]))
            found = counted(open_ended, variable.definition.size, span(variable.at), scope)
            if found is None:
                return None
            definition = replace(variable.definition, law=found)
            variable = replace(variable, definition=definition)
            (reach,) = variable_bounds(variable, scope.known, scope.sets)
            scope.known[ir.Ref(variable.names[0], ir.Role.SIGNAL)] = reach
    return variable
