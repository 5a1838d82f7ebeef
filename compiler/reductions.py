"""Lowering what reads outputs: reductions over time and over units.

A series is (time, units).  ``mean last min max first_above`` remove time; a channel of one unit
then gives a plain value.  ``mean min max`` of what has units and no time remove the units; ``rms``
removes both.
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
    if isinstance(x.type, ir.SeriesType):
        if x.type.truth and name != "mean":
            _of_truth(name, x, scope)
            return None
        return _over_time(f"time_{name}", node, x, x.type)
    if isinstance(x.type, ir.UnitsType):
        return Typed(ir.Call(f"unit_{name}", (x.expr,)), ir.NUMBER, node.span)
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
    if not _is_of_numbers("last", x, scope):
        return None
    assert isinstance(x.type, ir.SeriesType)
    return _over_time("time_last", node, x, x.type)


def first_above(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``first_above(x, level)``, a time since the span began, for one unit."""
    x = expressions.lower(arguments[0], scope, setting)
    level = expressions.number(arguments[1], scope, setting, "the level")
    if x is None or level is None:
        return None
    if not _is_of_numbers("first_above", x, scope):
        return None
    assert isinstance(x.type, ir.SeriesType)
    if x.type.n != 1:
        scope.report.error(
            "E0317", "`first_above` reads an output of one unit; this has several", x.span
        )
        return None
    return Typed(ir.Call("first_above", (x.expr, level)), ir.TIME, node.span)


def rms(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``rms(x)``: one number for all times and units."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None or not _is_of_numbers("rms", x, scope):
        return None
    return Typed(ir.Call("rms", (x.expr,)), ir.NUMBER, node.span)


def error(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``error(output @ span)``, the output minus its target: a series too."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None:
        return None
    if not isinstance(x.expr, ir.Series):
        _wrong("error", x, scope)
        return None
    return Typed(ir.Call("error", (x.expr,)), x.type, node.span)


def argmax(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``argmax(x)``: a label where the units have names, else an index."""
    x = _units("argmax", arguments, scope, setting)
    if x is None:
        return None
    assert isinstance(x.type, ir.UnitsType)
    if x.type.slots:
        message = f"`argmax` compares the units of one ring; this output has {x.type.slots} rings"
        note = Note("`population_vector` gives the angle that each ring points to")
        scope.report.error("E0317", message, x.span, note)
        return None
    largest = ir.Call("argmax", (x.expr,))
    if x.type.labels:
        return Typed(largest, ir.LabelType(x.type.labels), node.span)
    return Typed(ir.Call("position", (largest,)), ir.NUMBER, node.span)


def population_vector(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``population_vector(x)``, an angle; of an array of rings one angle a ring."""
    x = _units("population_vector", arguments, scope, setting)
    if x is None:
        return None
    assert isinstance(x.type, ir.UnitsType)
    if x.type.slots:
        each = ir.Call("population_vector", (x.expr, ir.Number(str(x.type.slots))))
        return Typed(each, ir.ArrayType(ir.ANGLE, x.type.slots), node.span)
    return Typed(ir.Call("population_vector", (x.expr,)), ir.ANGLE, node.span)


def _units(name: str, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower an argument to one number for each unit, by a time mean where time is left."""
    x = expressions.lower(arguments[0], scope, setting)
    if x is None:
        return None
    if isinstance(x.type, ir.SeriesType) and x.type.truth:
        _of_truth(name, x, scope)
        return None
    if isinstance(x.type, ir.SeriesType) and x.type.n > 1:
        return Typed(ir.Call("time_mean", (x.expr,)), _units_of(x.type), x.span)
    if isinstance(x.type, ir.UnitsType):
        return x
    if isinstance(x.type, ir.SeriesType):
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


def _is_of_numbers(name: str, x: Typed, scope: Scope) -> bool:
    """Whether a function is given numbers over time, as it must be."""
    if not isinstance(x.type, ir.SeriesType):
        _wrong(name, x, scope)
    elif x.type.truth:
        _of_truth(name, x, scope)
    else:
        return True
    return False


def _of_truth(name: str, x: Typed, scope: Scope) -> None:
    scope.report.error(
        "E0345",
        f"`{name}` takes numbers over time, and this is true or false at each step",
        x.span,
        Note("`mean` gives the part of the time for which it is true"),
    )


def _wrong(name: str, x: Typed, scope: Scope) -> None:
    scope.report.error(
        "E0318",
        f"`{name}` reads an output over a span (`channel @ epoch`), "
        f"this is {types.describe(x.type)}",
        x.span,
    )
