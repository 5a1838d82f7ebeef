"""Lowering calls of externs."""

from msgspec.structs import replace

from epochal.compiler import arrays, calls, expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

_TAKES = (ir.NUMBER, ir.TIME, ir.FREQUENCY, ir.ANGLE, ir.BOOLEAN)


def call(
    node: syntax.Call, declared: syntax.Extern, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``extern(arguments)``: value by value, like every function, where an array is given."""
    names = tuple(one.name for one in declared.parameters)
    arguments = calls.bind(node, names, scope)
    if not setting.extern:
        message = (
            f"`{node.function.name}` is an extern, and may be called in drives and targets only: "
            "what decides a trial must be the same on every machine"
        )
        scope.report.error("E0362", message, node.function.span)
        return None
    if arguments is None:
        return None
    inner = replace(setting, extern=1, channel=None).without_draw()
    parts = [_argument(one, node.function.name, scope, inner) for one in arguments]
    good = [one for one in parts if one is not None]
    if len(good) < len(parts):
        return None
    units = setting.extern if setting.extern > 1 else 0
    extern = scope.externs.take(declared)
    made = ir.External(extern.name, tuple(one.expr for one in good), units)
    kind: ir.Type = ir.UnitsType(units) if units else ir.NUMBER
    return arrays.many(Typed(made, kind, node.span), good, scope)


def _argument(node: syntax.Expr, name: str, scope: Scope, setting: Setting) -> Typed | None:
    typed = expressions.lower(node, scope, setting)
    if typed is None:
        return None
    one = arrays.single(typed).type
    if one in _TAKES:
        return typed
    place = Note("`position(x)` is the place of a label in its set, from 0")
    notes = (place,) if isinstance(one, ir.LabelType) else ()
    message = (
        f"an argument of the extern `{name}` is a number, a time, a frequency, an angle or a "
        f"boolean, this is {types.describe(typed.type)}"
    )
    scope.report.error("E0303", message, typed.span, *notes)
    return None
