"""Lowering calls of functions."""

from collections.abc import Callable

from epochal.compiler import (
    arrays,
    channels,
    encoders,
    expressions,
    extern_calls,
    ir,
    lookup,
    previous,
    processes,
    reductions,
    series,
    signals,
    types,
)
from epochal.compiler.distributions import DISTRIBUTIONS
from epochal.compiler.functions import FUNCTIONS, PLANNED, Function, Takes
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

Arguments = tuple[syntax.Expr, ...]


def call(node: syntax.Call, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``function(arguments)``."""
    name = node.function.name
    if name in DISTRIBUTIONS:
        return _draw(node, scope, setting)
    if name in PLANNED:
        _planned(node, scope)
        return None
    extern = scope.externs.find(node)
    if extern is not None:
        return extern_calls.call(node, extern, scope, setting)
    if name not in FUNCTIONS:
        _unknown(node, scope)
        return None
    row = FUNCTIONS[name]
    needed = 1 if row.many else row.needed
    arguments = bind(node, row.arguments, scope, many=row.many, needed=needed)
    if arguments is None:
        return None
    return _apply(row, node, arguments, scope, setting.without_draw())


def _unknown(node: syntax.Call, scope: Scope) -> None:
    """Say that there is no such function, or that it is an extern of another file."""
    name, span = node.function.name, node.function.span
    other = scope.externs.elsewhere(node)
    if other is not None:
        message = f"`{name}` is an extern of another file, and is called by that file only"
        note = Note("declare it in this file too", other.span)
        scope.report.error("E0201", message, span, note)
        return
    known = [*FUNCTIONS, *DISTRIBUTIONS, *scope.externs.names(span.file)]
    scope.unknown(name, span, "function", known)


def _planned(node: syntax.Call, scope: Scope) -> None:
    """Say that a function of the language is not built yet."""
    scope.report.error(
        "E0601",
        f"`{node.function.name}` is part of the language and not built yet",
        node.function.span,
    )


def bind(
    node: syntax.Call, names: tuple[str, ...], scope: Scope, *, many: bool = False, needed: int = -1
) -> Arguments | None:
    """Put the arguments of a call in order, by place and by name.

    ``needed`` is how many must be given, all of them by default; those left out at the end are
    left out of the result.  ``many`` allows more arguments than names.
    """
    needed = len(names) if needed < 0 else needed
    values: dict[str, syntax.Expr] = {}
    free = list(names)
    extra: list[syntax.Expr] = []
    for argument in node.arguments:
        if argument.name is None:
            if free:
                values[free.pop(0)] = argument.value
            else:
                extra.append(argument.value)
        elif argument.name.name in free:
            free.remove(argument.name.name)
            values[argument.name.name] = argument.value
        else:
            scope.unknown(argument.name.name, argument.name.span, "argument", free)
            return None
    missing = [name for name in names[:needed] if name not in values]
    if missing or (extra and not many):
        shape = ", ".join(names[:needed]) + "".join(f", {name} = .." for name in names[needed:])
        lacking = ", ".join(f"`{name}`" for name in missing)
        problem = f"lacks {lacking}" if missing else "is given too many arguments"
        scope.report.error("E0208", f"`{node.function.name}({shape})` {problem}", node.span)
        return None
    given = [name for name in names if name in values]
    if given != list(names[: len(given)]):
        return tuple(values.get(name, node) for name in names)
    return (*(values[name] for name in given), *extra)


def _draw(node: syntax.Call, scope: Scope, setting: Setting) -> Typed | None:
    if setting.draw is not None:
        return setting.draw(node, setting)
    if processes.is_process(node):
        processes.misplaced(node, scope)
        return None
    scope.report.error(
        "E0209",
        f"`{node.function.name}` draws at random, and a draw stands alone after `~`, "
        "as the value of a parameter, or once in a duration",
        node.span,
    )
    return None


def _apply(
    row: Function, node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    match row.takes:
        case Takes.NUMBERS:
            return _numbers(row, node, arguments, scope, setting)
        case Takes.ANGLES:
            return _angles(row, node, arguments, scope, setting)
        case Takes.SAME:
            return _same(row, node, arguments, scope, setting)
        case Takes.SPECIAL:
            return _SPECIAL[row.name](node, arguments, scope, setting)


def _numbers(
    row: Function, node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    what = f"the argument of `{row.name}`"
    return _made(row.name, node, arguments, ir.NUMBER, scope, setting, what, ir.NUMBER)


def _angles(
    row: Function, node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    what = f"each argument of `{row.name}`"
    return _made(row.name, node, arguments, ir.ANGLE, scope, setting, what, ir.ANGLE)


def _made(
    name: str,
    node: syntax.Call,
    arguments: Arguments,
    wanted: ir.Type,
    scope: Scope,
    setting: Setting,
    what: str,
    gives: ir.Type,
) -> Typed | None:
    lowered = [
        expressions.expect(item, wanted, scope, setting, what, each=True) for item in arguments
    ]
    good = [item for item in lowered if item is not None]
    if len(good) < len(lowered):
        return None
    made = Typed(ir.Call(name, tuple(item.expr for item in good)), gives, node.span)
    return arrays.many(made, good, scope)


def _same(
    row: Function, node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    lowered = [expressions.lower(item, scope, setting) for item in arguments]
    parts = [item for item in lowered if item is not None]
    if len(parts) < len(lowered):
        return None
    over_time = series.absolute(node, parts[0]) if row.name == "abs" else None
    if over_time is not None:
        return over_time
    if row.name in ("min", "max") and len(parts) == 1:
        return reductions.extreme(row.name, node, parts[0], scope)
    good = [arrays.single(item).counted() for item in parts]
    kinds = [types.as_quantity(item.type) for item in good]
    for item, kind in zip(good, kinds, strict=True):
        if kind is None or kind != kinds[0]:
            scope.report.error(
                "E0303",
                f"`{row.name}` takes quantities of one type, this is {types.describe(item.type)}",
                item.span,
            )
            return None
    assert kinds[0] is not None
    made = Typed(ir.Call(row.name, tuple(item.expr for item in good)), kinds[0], node.span)
    return arrays.many(made, parts, scope)


def _trigonometry(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    name = node.function.name
    what = f"the argument of `{name}`"
    return _made(name, node, arguments, ir.ANGLE, scope, setting, what, ir.NUMBER)


def _sign(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    typed = expressions.lower(arguments[0], scope, setting)
    if typed is None:
        return None
    one = arrays.single(typed)
    if types.as_quantity(one.type) is None:
        message = f"`sign` takes one quantity, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    made = Typed(ir.Call("sign", (one.counted().expr,)), ir.NUMBER, node.span)
    return arrays.many(made, (typed,), scope)


def _rescale(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    x = expressions.lower(arguments[0], scope, setting)
    of = _pair(arguments[1], "of", scope, setting)
    onto = _pair(arguments[2], "onto", scope, setting)
    if x is None or of is None or onto is None:
        return None
    kind = types.as_quantity(arrays.single(x).type)
    if kind is None or kind != of[0]:
        scope.report.error(
            "E0303",
            f"`of` has the type of the first argument, {types.describe(x.type)}; "
            f"this is {types.describe(of[0])}",
            arguments[1].span,
        )
        return None
    width = ir.Arithmetic("-", of[1][1], of[1][0])
    if 0 in expressions.bounds(width, scope):
        scope.report.error("E0309", "the range `of` may be empty", arguments[1].span)
        return None
    made = Typed(ir.Call("rescale", (x.expr, *of[1], *onto[1])), onto[0], node.span)
    return arrays.many(made, (x,), scope)


def _pair(
    node: syntax.Expr, name: str, scope: Scope, setting: Setting
) -> tuple[ir.QuantityType, tuple[ir.Expr, ir.Expr]] | None:
    if not isinstance(node, syntax.Tuple) or len(node.items) != 2:
        message = f"`{name}` is a pair (low, high)"
        scope.report.error("E0303", message, node.span)
        return None
    low, high = (expressions.lower(item, scope, setting) for item in node.items)
    if low is None or high is None:
        return None
    kinds = types.as_quantity(low.type), types.as_quantity(high.type)
    if kinds[0] is None or kinds[0] != kinds[1]:
        scope.report.error("E0303", f"both ends of `{name}` are of one type", node.span)
        return None
    return kinds[0], (low.expr, high.expr)


def _label(
    arguments: Arguments, name: str, scope: Scope, setting: Setting
) -> tuple[Typed, ir.LabelType] | None:
    typed = expressions.lower(arguments[0], scope, setting)
    if typed is None:
        return None
    kind = arrays.single(typed).type
    if not isinstance(kind, ir.LabelType):
        message = f"`{name}` takes a label, this is {types.describe(typed.type)}"
        scope.report.error("E0303", message, typed.span)
        return None
    return typed, kind


def _other(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    label = _label(arguments, "other", scope, setting)
    if label is None:
        return None
    if len(label[1].labels) != 2:
        message = f"`other` needs a set of two labels, this has {len(label[1].labels)}"
        scope.report.error("E0316", message, node.span)
        return None
    made = Typed(ir.Call("other", (label[0].expr,)), label[1], node.span)
    return arrays.many(made, (label[0],), scope)


def _position(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    label = _label(arguments, "position", scope, setting)
    if label is None:
        return None
    made = Typed(ir.Call("position", (label[0].expr,)), ir.NUMBER, node.span)
    return arrays.many(made, (label[0],), scope)


def _range(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    n = channels.count(arguments[0], scope, "the argument of `range`")
    if n is None:
        return None
    made = ir.Call("range", (ir.Number(str(n)),))
    return Typed(made, ir.ArrayType(ir.NUMBER, n), node.span)


_Lower = Callable[[syntax.Call, Arguments, Scope, Setting], Typed | None]

_SPECIAL: dict[str, _Lower] = {
    "sin": _trigonometry,
    "cos": _trigonometry,
    "sign": _sign,
    "rescale": _rescale,
    "bump": encoders.bump,
    "vonmises": encoders.vonmises,
    "cosine_tuning": encoders.cosine_tuning,
    "onehot": encoders.onehot,
    "opponent": encoders.opponent,
    "evidence": encoders.evidence,
    "other": _other,
    "position": _position,
    "range": _range,
    "lookup": lookup.lookup,
    "previous": previous.previous,
    "sum": reductions.over_array,
    "count": signals.count,
    "any": reductions.over_array,
    "all": reductions.over_array,
    "mean": reductions.mean,
    "last": reductions.last,
    "first_above": reductions.first_above,
    "argmax": reductions.argmax,
    "population_vector": reductions.population_vector,
    "error": reductions.error,
    "rms": reductions.rms,
    "latch": signals.latch,
    "integral": signals.integral,
    "lag": signals.lag,
    "ema": signals.ema,
}
