"""Lowering functions of signals: values that are functions of the time within a span.

A signal stands in drives and targets only.  What may stand for one is any quantity: one that does
not change in time is a signal too.
"""

from msgspec.structs import replace

from epochal.compiler import arrays, expressions, ir, operators, reductions, types
from epochal.compiler.processes import FOREVER
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

Arguments = tuple[syntax.Expr, ...]


def misplaced(node: syntax.Name | syntax.Call, scope: Scope) -> None:
    """Say that a signal has no value outside of drives and targets."""
    notes: tuple[Note, ...] = ()
    if isinstance(node, syntax.Name):
        subject = f"`{node.name}` is a signal"
        if scope.processes[node.name].name == "pulse_train":
            notes = (Note(f"`count({node.name})`, the number of its pulses, may stand anywhere"),)
    else:
        subject = f"`{node.function.name}` gives a signal"
    scope.report.error(
        "E0340",
        f"{subject}, which changes within a span: it stands only in drives and targets",
        node.span,
        *notes,
    )


def count(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``count(x)``: the events of a pulse train, or the conditions of an array that hold."""
    if isinstance(arguments[0], syntax.Name) and arguments[0].name in scope.processes:
        return _events(arguments[0], node, scope)
    match arguments[0]:
        case syntax.Index(value=syntax.Name() as name) if name.name in scope.processes:
            every = _events(name, node, scope)
            return arrays.take(every, arguments[0], scope, setting) if every else None
    return reductions.over_array(node, arguments, scope, setting)


def _events(name: syntax.Name, node: syntax.Call, scope: Scope) -> Typed | None:
    """Count the events of a pulse train, or of each of an array of them."""
    law = scope.processes[name.name]
    scope.used.add(name.name)
    if law.name != "pulse_train":
        message = f"`{name.name}` is drawn from `{law.name}`, and only a pulse train has events"
        scope.report.error("E0341", message, node.span)
        return None
    if law.arguments[4] == FOREVER:
        scope.report.error(
            "E0341",
            f"how many pulses `{name.name}` has depends on where they end: `count` needs `over`",
            node.span,
            Note("write `over = ..` in its `pulse_train`, the time after which none is drawn"),
        )
        return None
    train = ir.Ref(name.name, ir.Role.VARIABLE)
    kind = scope.symbols[name.name].type
    found = Typed(ir.Call("event_count", (train, law.arguments[5])), ir.NUMBER, node.span)
    if isinstance(kind, ir.ArrayType):
        return Typed(found.expr, ir.ArrayType(ir.NUMBER, kind.n), node.span)
    return found


def latch(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``latch(x, initial = 0)``."""
    x = _signal(node, arguments[0], scope, setting)
    if x is None or len(arguments) == 1:
        return _made(node, (x, Typed(ir.Number("0"), ir.NUMBER, node.span)), scope) if x else None
    initial = expressions.lower(arguments[1], scope, Setting())
    if initial is None:
        return None
    kind = arrays.single(x).type
    if types.as_quantity(arrays.single(initial).type) != kind:
        message = (
            f"`initial` is of the type of what is latched, {types.describe(kind)}; "
            f"this is {types.describe(initial.type)}"
        )
        scope.report.error("E0303", message, initial.span)
        return None
    return _made(node, (x, initial), scope)


def integral(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``integral(x)``, of the type of x times a time."""
    x = _signal(node, arguments[0], scope, setting)
    if x is None:
        return None
    kind = arrays.single(x).type
    assert isinstance(kind, ir.QuantityType)
    area = operators.times_time(ir.Call("integral", (x.expr,)), kind, node.span)
    return arrays.many(area, (x,), scope)


def lag(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``lag(x, by)``."""
    x = _signal(node, arguments[0], scope, setting)
    by = _time("lag", "by", arguments[1], scope)
    return _made(node, (x, by), scope) if x and by else None


def ema(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``ema(x, tau)``."""
    x = _signal(node, arguments[0], scope, setting)
    tau = _time("ema", "tau", arguments[1], scope)
    return _made(node, (x, tau), scope) if x and tau else None


def _signal(
    node: syntax.Call, argument: syntax.Expr, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower the signal that a function takes."""
    if not setting.elapsed:
        misplaced(node, scope)
        return None
    inner = replace(setting, extern=min(setting.extern, 1))  # one number, not one a unit
    x = expressions.lower(argument, scope, inner)
    if x is None:
        return None
    one = arrays.single(x).counted()
    if types.as_quantity(one.type) is None:
        message = f"`{node.function.name}` takes a signal, this is {types.describe(x.type)}"
        scope.report.error("E0303", message, x.span)
        return None
    signal = Typed(one.expr, ir.SignalType(one.type), x.span)
    return arrays.many(Typed(one.expr, one.type, x.span), (x, signal), scope)


def _made(node: syntax.Call, parts: tuple[Typed, ...], scope: Scope) -> Typed | None:
    """Build a call that gives a signal of the type of its first part."""
    ones = [arrays.single(part).counted() for part in parts]
    call = ir.Call(node.function.name, tuple(one.expr for one in ones))
    return arrays.many(Typed(call, ones[0].type, node.span), parts, scope)


def _time(function: str, name: str, node: syntax.Expr, scope: Scope) -> Typed | None:
    """Lower a time that does not change within the span: a delay, or one to average over."""
    what = f"`{name}` of `{function}`"
    typed = expressions.expect(node, ir.TIME, scope, Setting(), what)
    if typed is None:
        return None
    least = expressions.bounds(typed.expr, scope).low
    if least < 0 or (name == "tau" and least == 0):
        problem = "must be above 0" if name == "tau" else "may be negative: a lag only looks back"
        scope.report.error("E0344", f"{what} {problem}", typed.span)
        return None
    return typed
