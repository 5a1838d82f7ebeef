"""Units of channels as expressions name them: ``[unit]``, and the rings of an array of rings."""

from msgspec import Struct

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.intervals import Interval
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix
from epochal.dsl.nearest import nearest


class Places(Struct, frozen=True):
    """What an index may choose among: the ``n`` units of a channel, or its rings.

    ``labels`` names them where they have names; ``what`` they are, for messages.
    """

    owner: str
    n: int
    labels: tuple[str, ...]
    what: str


def of_channel(channel: ir.Channel) -> Places:
    """List what ``channel[..]`` may choose among."""
    if channel.slots:
        return Places(channel.name, channel.slots, channel.slot_labels, "ring")
    return Places(channel.name, channel.n_units, expressions.unit_labels(channel), "unit")


def in_one(channel: ir.Channel) -> Places:
    """List the units over which an encoder spreads: all of a channel, or those of one ring."""
    if channel.slots:
        return Places(channel.name, channel.n_units // channel.slots, (), "unit")
    return of_channel(channel)


def place_of(
    node: syntax.Expr, among: Places, scope: Scope, setting: Setting | None = None
) -> Typed | None:
    """Lower a label of the places, or a number that is proven to be among them; or arrays."""
    if isinstance(node, syntax.Name) and node.name not in scope.symbols and among.labels:
        if node.name in among.labels:
            label = ir.Label(node.name, among.labels)
            return Typed(label, ir.LabelType(among.labels), node.span)
        if node.name in scope.report.excused:
            return None
        _no_unit(node.name, node, among, scope)
        return None
    typed = expressions.lower(node, scope, setting or Setting())
    if typed is None:
        return None
    kind = arrays.single(typed).type
    if isinstance(kind, ir.LabelType):
        return _label(node, typed, kind, among, scope)
    if not types.is_number(kind):
        message = f"a unit is a label or a number, this is {types.describe(typed.type)}"
        scope.report.error("E0410", message, typed.span)
        return None
    return _number(typed, among, scope)


def _label(
    node: syntax.Expr, typed: Typed, kind: ir.LabelType, among: Places, scope: Scope
) -> Typed | None:
    outside = [label for label in kind.labels if label not in among.labels]
    if outside:
        _no_unit(outside[0], node, among, scope)
        return None
    expr = types.convert(typed.expr, kind, ir.LabelType(among.labels))
    made = Typed(expr, ir.LabelType(among.labels), typed.span)
    return arrays.many(made, (typed,), scope)


def _number(typed: Typed, among: Places, scope: Scope) -> Typed | None:
    bounds = expressions.bounds(typed.expr, scope)
    if not bounds.whole or bounds.low < 0 or bounds.high > among.n - 1:
        scope.report.error(
            "E0411",
            f"`{among.owner}` has {among.what}s 0 to {among.n - 1}, and this "
            + (_reach(bounds) if bounds.whole else "may be no whole number"),
            typed.span,
        )
        return None
    scope.structural |= {ref.name for ref in refs(typed.expr) if ref.role is ir.Role.PARAM}
    return typed


def _reach(bounds: Interval) -> str:
    low, high = float(bounds.low), float(bounds.high)
    return f"is {low:g}" if low == high else f"goes from {low:g} to {high:g}"


def _no_unit(label: str, node: syntax.Expr, among: Places, scope: Scope) -> None:
    close = nearest(label, list(among.labels))
    has = "{" + ", ".join(among.labels) + "}" if among.labels else f"0 to {among.n - 1}"
    is_name = isinstance(node, syntax.Name) and node.name == label
    scope.report.error(
        "E0412",
        f"`{among.owner}` has no {among.what} `{label}`; its {among.what}s are {has}",
        node.span,
        fixes=(Fix(f"write `{close}`", node.span, close),) if close and is_name else (),
    )
