"""Lowering expressions: names resolved, types checked, units made one."""

from dataclasses import replace
from typing import assert_never

from epochal.compiler import arrays, calls, ir, literals, operators, spans, types
from epochal.compiler.intervals import Interval, interval
from epochal.compiler.repeats import shared, times
from epochal.compiler.scope import Scope, Setting, Symbol, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix, Note
from epochal.dsl.units import UNITS

_PI = "3.141592653589793"


def lower(node: syntax.Expr, scope: Scope, setting: Setting) -> Typed | None:
    """Lower an expression; None means that a mistake was reported."""
    match node:
        case syntax.Name():
            return _name(node, scope, setting)
        case syntax.Quantity():
            return literals.quantity(node, scope)
        case syntax.String(span=span):
            scope.report.error("E0302", "a text cannot stand in an expression", span)
            return None
        case syntax.Unary():
            return operators.unary(node, scope, setting)
        case syntax.Binary():
            return operators.binary(node, scope, setting)
        case syntax.Conditional():
            return _conditional(node, scope, setting)
        case syntax.Call():
            return calls.call(node, scope, setting)
        case syntax.Index():
            return arrays.index(node, scope, setting)
        case syntax.At():
            return _at(node, scope, setting)
        case syntax.Tuple():
            return literals.member(node, scope, setting)
        case syntax.List(span=span):
            scope.report.error(
                "E0302", "a list `[..]` cannot stand here; a set is written `{..}`", span
            )
            return None
        case syntax.Set():
            return literals.set_literal(node, scope, setting)
    assert_never(node)


def number(node: syntax.Expr, scope: Scope, setting: Setting, what: str) -> ir.Expr | None:
    """Lower what must be a plain number."""
    typed = expect(node, ir.NUMBER, scope, setting, what)
    return typed.expr if typed else None


def expect(
    node: syntax.Expr,
    wanted: ir.Type,
    scope: Scope,
    setting: Setting,
    what: str,
    *,
    each: bool = False,
) -> Typed | None:
    """Lower what must be of one type; true and false pass for 1 and 0.

    With ``each``, an array of such values will do.
    """
    typed = lower(node, scope, setting)
    if typed is None or typed.type == wanted:
        return typed
    if each and isinstance(typed.type, ir.ArrayType):
        one = arrays.single(typed)
        if one.type == wanted:
            return typed
        if wanted == ir.NUMBER and one.type == ir.BOOLEAN:
            return replace(one.counted(), type=ir.ArrayType(ir.NUMBER, typed.type.n))
    if wanted == ir.NUMBER and types.is_number(typed.type):
        return typed.counted()
    message = f"{what} is {types.describe(wanted)}, this is {types.describe(typed.type)}"
    scope.report.error("E0303", message, typed.span, *_hint(wanted, typed))
    return None


def _hint(wanted: ir.Type, typed: Typed) -> tuple[Note, ...]:
    if isinstance(typed.type, ir.SetType):
        return (Note("to draw from a set here, write `choice(..)` around it"),)
    if wanted == ir.BOOLEAN and arrays.single(typed).type == ir.BOOLEAN:
        return (Note("`all(..)` and `any(..)` make one truth of an array"),)
    if typed.type == ir.NUMBER and wanted == ir.TIME:
        return (Note("a time has a unit: us, ms, s or min"),)
    if typed.type == ir.NUMBER and wanted == ir.ANGLE:
        return (Note("an angle has a unit: deg or rad"),)
    if typed.type == ir.NUMBER and wanted == ir.FREQUENCY:
        return (Note("a frequency has a unit: Hz or kHz"),)
    return ()


def bounds(expr: ir.Expr, scope: Scope) -> Interval:
    """Bound an expression with what is known in this scope."""
    return interval(expr, scope.known)


def _name(node: syntax.Name, scope: Scope, setting: Setting) -> Typed | None:
    match node.name:
        case "true" | "false":
            return Typed(ir.Truth(node.name == "true"), ir.BOOLEAN, node.span)
        case "none":
            scope.report.error(
                "E0202",
                "`none` is what `argmax` gives of an empty span, and cannot be written",
                node.span,
                Note("a comparison with it is false"),
            )
            return None
        case "nan":
            return Typed(ir.Number("nan"), ir.NUMBER, node.span)
        case "pi":
            return Typed(ir.Number(_PI), ir.NUMBER, node.span)
        case "t" if "t" not in scope.symbols and setting.elapsed:
            return Typed(ir.Elapsed(), ir.TIME, node.span)
    if node.name in scope.symbols:
        symbol = scope.symbols[node.name]
        scope.used.add(node.name)
        expr = symbol.members if symbol.members and not symbol.drawn else None
        return Typed(_value(symbol, expr), symbol.type, node.span)
    if node.name in scope.labels and node.name not in scope.report.excused:
        return Typed(ir.Label(node.name, (node.name,)), ir.LabelType((node.name,)), node.span)
    _unknown_name(node, scope)
    return None


def _value(symbol: Symbol, members: ir.SetOf | None) -> ir.Expr:
    """Refer to a value; a set of labels has no values at run time and stands for itself."""
    labels = isinstance(symbol.type, ir.SetType) and isinstance(symbol.type.item, ir.LabelType)
    return members if members is not None and labels else symbol.ref


def _unknown_name(node: syntax.Name, scope: Scope) -> None:
    if node.name in UNITS:
        scope.report.error(
            "E0304",
            f"`{node.name}` is a unit and follows a number",
            node.span,
            fixes=(Fix("put a number in front", node.span, f"(1 {node.name})"),),
        )
        return
    if node.name in scope.indices:
        scope.report.error(
            "E0428",
            f"`{node.name}` counts the repetitions of a repeat, and is known only where every "
            "span lies inside it",
            node.span,
            Note("a span across its edge runs from the first repetition to the last"),
        )
        return
    if node.name == "t":
        scope.report.error(
            "E0202",
            "`t` is the time within a span, and stands only in drives and targets",
            node.span,
        )
        return
    if node.name in scope.epochs or node.name in scope.outputs or node.name in scope.inputs:
        what = "an epoch" if node.name in scope.epochs else "a channel"
        scope.report.error(
            "E0204",
            f"`{node.name}` is {what} and has no value here",
            node.span,
            *_at_hint(node, scope),
        )
        return
    scope.unknown(node.name, node.span, "value", [*scope.symbols, *sorted(scope.labels)])


def _at_hint(node: syntax.Name, scope: Scope) -> tuple[Note, ...]:
    if node.name not in scope.outputs:
        return ()
    return (Note(f"an output is read over a span in `score`: `{node.name} @ EPOCH`"),)


def _conditional(node: syntax.Conditional, scope: Scope, setting: Setting) -> Typed | None:
    what = "the condition after `if`"
    asked = expect(node.condition, ir.BOOLEAN, scope, setting.without_draw(), what, each=True)
    first = lower(node.value, scope, setting)
    second = lower(node.otherwise, scope, setting)
    if asked is None or first is None or second is None:
        return None
    condition, then, otherwise = (arrays.single(part) for part in (asked, first, second))
    joint = types.common(then.type, otherwise.type)
    if joint is None:
        scope.report.error(
            "E0305",
            f"both sides of `else` are of one type: this is {types.describe(otherwise.type)}, "
            f"before `if` stands {types.describe(then.type)}",
            otherwise.span,
            Note("the value before `if`", then.span),
        )
        return None
    expr = ir.Conditional(
        condition.expr,
        types.convert(then.expr, then.type, joint),
        types.convert(otherwise.expr, otherwise.type, joint),
    )
    return arrays.many(Typed(expr, joint, node.span), (asked, first, second), scope)


def _at(node: syntax.At, scope: Scope, setting: Setting) -> Typed | None:
    if not setting.series:
        scope.report.error("E0205", "`output @ epoch` stands only in `score`", node.span)
        return None
    match node.value:
        case syntax.Name(name=name) if name in scope.outputs:
            channel = scope.outputs[name]
        case syntax.Name(name=name, span=span):
            scope.unknown(name, span, "output", list(scope.outputs))
            return None
        case _:
            scope.report.error("E0206", "before `@` stands the name of an output", node.value.span)
            return None
    where = spans.where(node.where, scope, setting)
    if where is None:
        return None
    kind: ir.Type = ir.SeriesType(channel.n_units, unit_labels(channel), channel.slots)
    chain = shared(scope.chains, where)
    if chain:  # one series for each repetition
        kind = ir.ArrayType(kind, times(chain))
    return Typed(ir.Series(channel.name, where), kind, node.span)


def unit_labels(channel: ir.Channel) -> tuple[str, ...]:
    """Name the units of a channel, where they have names."""
    return channel.units if channel.kind is ir.ChannelKind.NAMED else ()
