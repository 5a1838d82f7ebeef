"""Lowering what reads outputs: reductions over time and over units.

A series is (time, units).  ``mean last min max first_above`` remove time; a channel of one unit
then gives a plain value.  ``mean min max`` of what has units and no time remove the units.  All
work on each value of an array: an output over a span inside a repeat is one series for each
repetition.
"""

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

Arguments = tuple[syntax.Expr, ...]


def extreme(name: str, node: syntax.Call, x: Typed, scope: Scope) -> Typed | None:
    """Lower ``min(x)`` and ``max(x)`` of one argument."""
    return _reduce(name, node, x, scope)


def mean(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``mean(x)``."""
    x = expressions.lower(arguments[0], scope, setting)
    return _reduce("mean", node, x, scope) if x else None


def _reduce(name: str, node: syntax.Call, x: Typed, scope: Scope) -> Typed | None:
    kind = arrays.single(x).type
    if isinstance(kind, ir.SeriesType):
        return arrays.many(_over_time(f"time_{name}", node, x, kind), (x,), scope)
    if isinstance(kind, ir.UnitsType):
        over_units = Typed(ir.Call(f"unit_{name}", (x.expr,)), ir.NUMBER, node.span)
        return arrays.many(over_units, (x,), scope)
    if isinstance(x.type, ir.ArrayType):
        return arrays.reduce(name, node, x, scope)
    _wrong(name, x, scope)
    return None


def over_array(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``sum count any all`` of an array."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None:
        return None
    name = node.function.name
    if isinstance(x.type, ir.ArrayType):
        return arrays.reduce(name, node, x, scope)
    message = f"`{name}` takes an array, this is {types.describe(x.type)}"
    scope.report.error("E0303", message, x.span)
    return None


def last(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``last(x)``."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None:
        return None
    kind = arrays.single(x).type
    if not isinstance(kind, ir.SeriesType):
        _wrong("last", x, scope)
        return None
    return arrays.many(_over_time("time_last", node, x, kind), (x,), scope)


def first_above(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``first_above(x, level)``, a time since the span began, for one unit."""
    x = expressions.lower(arguments[0], scope, setting)
    each = x is not None and isinstance(x.type, ir.ArrayType)
    what = "the level"
    level = expressions.expect(arguments[1], ir.NUMBER, scope, setting, what, each=each)
    if x is None or level is None:
        return None
    kind = arrays.single(x).type
    if not isinstance(kind, ir.SeriesType):
        _wrong("first_above", x, scope)
        return None
    if kind.n != 1:
        scope.report.error(
            "E0317", "`first_above` reads an output of one unit; this has several", x.span
        )
        return None
    made = Typed(ir.Call("first_above", (x.expr, level.expr)), ir.TIME, node.span)
    return arrays.many(made, (x, level), scope)


def argmax(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``argmax(x)``: a label where the units have names, else an index."""
    x = _units("argmax", arguments, scope, setting)
    if x is None:
        return None
    kind = arrays.single(x).type
    assert isinstance(kind, ir.UnitsType)
    if kind.slots:
        message = f"`argmax` compares the units of one ring; this output has {kind.slots} rings"
        note = Note("`population_vector` gives the angle that each ring points to")
        scope.report.error("E0317", message, x.span, note)
        return None
    largest: ir.Expr = ir.Call("argmax", (x.expr,))
    label = ir.LabelType(kind.labels)
    if not kind.labels:
        largest = ir.Call("position", (largest,))
    made = Typed(largest, label if kind.labels else ir.NUMBER, node.span)
    return arrays.many(made, (x,), scope)


def population_vector(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``population_vector(x)``, an angle; of an array of rings one angle a ring."""
    x = _units("population_vector", arguments, scope, setting)
    if x is None:
        return None
    kind = arrays.single(x).type
    assert isinstance(kind, ir.UnitsType)
    if not kind.slots:
        made = Typed(ir.Call("population_vector", (x.expr,)), ir.ANGLE, node.span)
        return arrays.many(made, (x,), scope)
    if isinstance(x.type, ir.ArrayType):
        message = (
            f"this would be {kind.slots} angles in each of {x.type.n} repetitions; an array has "
            "one value in each"
        )
        scope.report.error("E0429", message, node.span)
        return None
    angles = ir.Call("population_vector", (x.expr, ir.Number(str(kind.slots))))
    return Typed(angles, ir.ArrayType(ir.ANGLE, kind.slots), node.span)


def _units(name: str, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower an argument to one number for each unit, by a time mean where time is left."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None:
        return None
    kind = arrays.single(x).type
    if isinstance(kind, ir.SeriesType) and kind.n > 1:
        mean_ = Typed(ir.Call("time_mean", (x.expr,)), _units_of(kind), x.span)
        return arrays.many(mean_, (x,), scope)
    if isinstance(kind, ir.UnitsType):
        return x
    if isinstance(kind, ir.SeriesType):
        scope.report.error("E0317", f"`{name}` compares several units; this output has one", x.span)
    else:
        _wrong(name, x, scope)
    return None


def _over_time(name: str, node: syntax.Call, x: Typed, kind: ir.SeriesType) -> Typed:
    expr: ir.Expr = ir.Call(name, (x.expr,))
    if kind.n == 1:
        return Typed(ir.Call("only", (expr,)), ir.NUMBER, node.span)
    return Typed(expr, _units_of(kind), node.span)


def _units_of(kind: ir.SeriesType) -> ir.UnitsType:
    return ir.UnitsType(kind.n, kind.labels, kind.slots)


def _wrong(name: str, x: Typed, scope: Scope) -> None:
    scope.report.error(
        "E0318",
        f"`{name}` reads an output over a span (`channel @ epoch`), "
        f"this is {types.describe(x.type)}",
        x.span,
    )
