"""Lowering encoders: one number for each unit of the channel that is set.

``bump vonmises cosine_tuning`` spread over a ring, ``onehot`` over any channel of several units,
``opponent`` over one of exactly two, ``evidence`` over named units.  In an array of rings they
spread over one ring.
"""

from collections.abc import Callable

from msgspec import Struct

from epochal.compiler import arrays, expressions, ir, types, units
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

Arguments = tuple[syntax.Expr, ...]


class _Needs(Struct, frozen=True):
    """What an encoder needs of a channel: in words, as a test, and the code of its lack."""

    words: str
    met: Callable[[ir.Channel], bool]
    code: str = "E0350"


def _is_ring(channel: ir.Channel) -> bool:
    return channel.kind is ir.ChannelKind.RING


_RING = _Needs("a ring", _is_ring, "E0210")
_SEVERAL = _Needs("a channel of several units", lambda channel: units.in_one(channel).n > 1)
_TWO = _Needs("a channel of two units", lambda channel: units.in_one(channel).n == 2)
_NAMED = _Needs("a channel of named units", lambda channel: len(units.in_one(channel).labels) > 1)


def bump(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``bump(center, width)``."""
    channel = _channel(node, _RING, scope, setting)
    if channel is None:
        return None
    what = "each argument of `bump`"
    center, width = (_each(item, ir.ANGLE, what, scope, setting) for item in arguments)
    if center is None or width is None:
        return None
    if not expressions.bounds(width.expr, scope).low > 0:
        scope.report.error("E0315", "the width of a bump must be above 0", arguments[1].span)
        return None
    return _spread("bump", node, (center, width), channel, scope)


def vonmises(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``vonmises(center, kappa)``."""
    channel = _channel(node, _RING, scope, setting)
    if channel is None:
        return None
    center = _each(arguments[0], ir.ANGLE, "the center of `vonmises`", scope, setting)
    kappa = _each(arguments[1], ir.NUMBER, "`kappa`", scope, setting)
    if center is None or kappa is None:
        return None
    if expressions.bounds(kappa.expr, scope).low < 0:
        message = "`kappa`, how narrow the curve is, may be below 0"
        scope.report.error("E0351", message, arguments[1].span)
        return None
    return _spread("vonmises", node, (center, kappa), channel, scope)


def cosine_tuning(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``cosine_tuning(center)``."""
    channel = _channel(node, _RING, scope, setting)
    if channel is None:
        return None
    center = _each(arguments[0], ir.ANGLE, "the argument of `cosine_tuning`", scope, setting)
    return _spread("cosine_tuning", node, (center,), channel, scope) if center else None


def onehot(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``onehot(x)``."""
    channel = _channel(node, _SEVERAL, scope, setting)
    if channel is None:
        return None
    place = units.place_of(arguments[0], units.in_one(channel), scope, setting)
    return _spread("onehot", node, (place,), channel, scope) if place else None


def opponent(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``opponent(x)``."""
    channel = _channel(node, _TWO, scope, setting)
    if channel is None:
        return None
    x = _each(arguments[0], ir.NUMBER, "the argument of `opponent`", scope, setting)
    return _spread("opponent", node, (x,), channel, scope, sized=False) if x else None


def evidence(
    node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``evidence(label, x)``."""
    channel = _channel(node, _NAMED, scope, setting)
    if channel is None:
        return None
    label = units.place_of(arguments[0], units.in_one(channel), scope, setting)
    x = _each(arguments[1], ir.NUMBER, "the evidence", scope, setting)
    if label is None or x is None:
        return None
    if not isinstance(arrays.single(label).type, ir.LabelType):
        message = f"`evidence` is for a label, this is {types.describe(label.type)}"
        scope.report.error("E0303", message, label.span)
        return None
    return _spread("evidence", node, (label, x), channel, scope)


def _each(
    node: syntax.Expr, wanted: ir.Type, what: str, scope: Scope, setting: Setting
) -> Typed | None:
    return expressions.expect(node, wanted, scope, setting, what, each=True)


def _spread(
    name: str,
    node: syntax.Call,
    parts: tuple[Typed, ...],
    channel: ir.Channel,
    scope: Scope,
    *,
    sized: bool = True,
) -> Typed | None:
    n = units.in_one(channel).n
    size = (ir.Number(str(n)),) if sized else ()
    call = ir.Call(name, (*(part.expr for part in parts), *size))
    return arrays.many(Typed(call, ir.UnitsType(n), node.span), parts, scope)


def _channel(node: syntax.Call, needs: _Needs, scope: Scope, setting: Setting) -> ir.Channel | None:
    """Give the channel that is set, where the encoder can spread over it."""
    channel = setting.channel
    if channel is not None and needs.met(channel):
        return channel
    problem = "so it stands where one is set"
    if channel is not None:
        problem = f"and `{channel.name}` is {_shape(channel)}"
    fitting = [
        one.name for one in (*scope.inputs.values(), *scope.outputs.values()) if needs.met(one)
    ]
    listed = ", ".join(f"`{name}`" for name in fitting)
    note = f"here that is {listed}" if fitting else "this task has no such channel"
    message = f"`{node.function.name}` spreads over the units of {needs.words}, {problem}"
    scope.report.error(needs.code, message, node.span, Note(note))
    return None


def _shape(channel: ir.Channel) -> str:
    among = units.in_one(channel)
    if _is_ring(channel):
        return f"a ring of {among.n}"
    if among.labels:
        return f"the units {', '.join(among.labels)}"
    return "one unit" if among.n == 1 else f"{among.n} numbered units"
