"""Values that an array has many of: operators and functions work on each."""

from collections.abc import Sequence

from msgspec.structs import replace

from epochal.compiler import expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs, walk
from epochal.dsl import syntax


def single(typed: Typed) -> Typed:
    """Take an array for one of its values, and a signal for its value at one time."""
    kind = typed.type
    if isinstance(kind, ir.ArrayType):
        kind = kind.item
    if isinstance(kind, ir.SignalType):
        kind = kind.item
    return replace(typed, type=kind)


def at_one_time(typed: Typed) -> Typed:
    """Take a signal for its value at one time, and each of an array of signals likewise."""
    match typed.type:
        case ir.SignalType(item):
            return replace(typed, type=item)
        case ir.ArrayType(ir.SignalType(item), n):
            return replace(typed, type=ir.ArrayType(item, n))
        case _:
            return typed


def one_of(typed: Typed, size: int) -> Typed:
    """Take an array of just this many values for one of them, and anything else for itself."""
    fits = isinstance(typed.type, ir.ArrayType) and typed.type.n == size
    return single(typed) if fits else typed


def many(typed: Typed | None, parts: Sequence[Typed], scope: Scope) -> Typed | None:
    """Make of a result for one value what it is for the arrays and signals among its parts."""
    if typed is not None and any(types.is_signal(part.type) for part in parts):
        typed = replace(typed, type=ir.SignalType(typed.type))
    arrays = [part for part in parts if isinstance(part.type, ir.ArrayType)]
    if typed is None or not arrays:
        return typed
    sizes = {part.type.n for part in arrays if isinstance(part.type, ir.ArrayType)}
    if len(sizes) > 1:
        lengths = " and ".join(str(size) for size in sorted(sizes))
        message = f"arrays of {lengths} values do not go together"
        scope.report.error("E0334", message, typed.span)
        return None
    return replace(typed, type=ir.ArrayType(typed.type, sizes.pop()))


def index(node: syntax.Index, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``x[i]``; the index must be proven to be inside."""
    x = expressions.lower(node.value, scope, setting)
    return take(x, node, scope, setting) if x is not None else None


def take(x: Typed, node: syntax.Index, scope: Scope, setting: Setting) -> Typed | None:
    """Lower the index of ``x[i]``."""
    if not isinstance(x.type, ir.ArrayType) or len(node.indices) != 1:
        message = f"an index takes one value of an array, this is {types.describe(x.type)}"
        scope.report.error("E0335", message, x.span)
        return None
    i = expressions.expect(node.indices[0], ir.NUMBER, scope, setting, "an index", each=True)
    if i is None:
        return None
    if isinstance(i.type, ir.ArrayType):
        message = f"an index is one number, this is {types.describe(i.type)}"
        scope.report.error("E0303", message, i.span)
        return None
    bounds = expressions.bounds(i.expr, scope)
    if not bounds.whole or bounds.low < 0 or bounds.high > x.type.n - 1:
        scope.report.error(
            "E0336",
            f"the array has values 0 to {x.type.n - 1}, and this may be "
            + ("another number" if bounds.whole else "no whole number"),
            i.span,
        )
        return None
    if isinstance(x.type.item, ir.LabelType) and _reads_outputs(i.expr):
        message = "an index that is read out of outputs may be nan, and there is no label for that"
        scope.report.error("E0336", message, i.span)
        return None
    scope.structural |= {ref.name for ref in refs(i.expr) if ref.role is ir.Role.PARAM}
    made = Typed(ir.Index(x.expr, i.expr), single(x).type, node.span)
    return many(made, (replace(x, type=x.type.item), i), scope)


def _reads_outputs(expr: ir.Expr) -> bool:
    return any(
        isinstance(node, ir.Series) or (isinstance(node, ir.Ref) and node.role is ir.Role.SCORE)
        for node in walk(expr)
    )


def reduce(name: str, node: syntax.Call, x: Typed, scope: Scope) -> Typed | None:
    """Lower ``sum mean count any all min max`` of an array."""
    assert isinstance(x.type, ir.ArrayType)
    one = single(x)
    around = [replace(x, type=x.type.item)]
    if name in ("any", "all", "count"):
        if one.type != ir.BOOLEAN:
            message = f"`{name}` takes conditions, this is {types.describe(x.type)}"
            scope.report.error("E0303", message, x.span)
            return None
        kind: ir.Type = ir.NUMBER if name == "count" else ir.BOOLEAN
    else:
        one = one.counted()
        kind = one.type
        if types.as_quantity(kind) is None and not (
            name == "sum" and isinstance(kind, ir.UnitsType)
        ):
            message = f"`{name}` takes quantities, this is {types.describe(x.type)}"
            scope.report.error("E0303", message, x.span)
            return None
    size = ir.Number(str(x.type.n))
    reduced = Typed(ir.Call(f"array_{name}", (one.expr, size)), kind, node.span)
    return many(reduced, around, scope)
