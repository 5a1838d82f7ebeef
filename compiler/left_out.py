"""Lowering ``except(set, value)``: a draw from a set without one of its members.

A value that is none of the members leaves all of them possible.
"""

from epochal.compiler import arrays, expressions, ir, operators, types
from epochal.compiler.intervals import constant
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.span import Span


def law(
    given: tuple[syntax.Expr, ...], members: Typed, scope: Scope, setting: Setting
) -> ir.Law | None:
    """Lower the law, its set already lowered."""
    assert isinstance(members.type, ir.SetType)
    taken = _taken(given[1], members.type.item, scope, setting)
    if taken is None or not _leaves_some(members, scope):
        return None
    return ir.Law("except", (members.expr, taken))


def _taken(node: syntax.Expr, item: ir.Type, scope: Scope, setting: Setting) -> ir.Expr | None:
    """Lower the value that is left out; inside a tuple a bare name is a value, or else a label."""
    if not isinstance(item, ir.TupleType):
        typed = expressions.lower(node, scope, setting)
        return _part(arrays.one_of(typed, setting.size), item, scope) if typed else None
    if not isinstance(node, syntax.Tuple) or len(node.items) != len(item.items):
        message = f"the excepted value is {types.describe(item)}, written out"
        scope.report.error("E0303", message, node.span)
        return None
    lowered = [expressions.lower(part, scope, setting) for part in node.items]
    parts = [
        _part(typed, kind, scope) if typed else None
        for typed, kind in zip(lowered, item.items, strict=True)
    ]
    good = tuple(part for part in parts if part is not None)
    return ir.TupleOf(good) if len(good) == len(parts) else None


def _part(typed: Typed, item: ir.Type, scope: Scope) -> ir.Expr | None:
    if isinstance(item, ir.LabelType) and isinstance(typed.type, ir.LabelType):
        return _label(typed, typed.type, item, scope)
    if typed.type == item:
        return typed.expr
    message = f"the excepted value is {types.describe(item)}, not {types.describe(typed.type)}"
    scope.report.error("E0303", message, typed.span)
    return None


def _label(typed: Typed, kind: ir.LabelType, item: ir.LabelType, scope: Scope) -> ir.Expr | None:
    """Read a label as a place among the members; those behind them are no member."""
    outside = [label for label in kind.labels if label not in item.labels]
    if len(outside) == len(kind.labels):
        operators.not_in_set(outside[0], typed.span, item, scope)
        return None
    return types.convert(typed.expr, kind, types.union(item, kind))


def _leaves_some(typed: Typed, scope: Scope) -> bool:
    """Require that a member is left whichever is taken."""
    members = typed.expr
    if isinstance(members, ir.Ref):
        members = scope.sets[members.name]
    assert isinstance(members, ir.SetOf)
    weights = [constant(weight, scope.known) for weight in members.weights]
    known = [weight for weight in weights if weight is not None]
    alone = len(known) == len(weights) > 0 and any(w == sum(known) for w in known)
    if len(members.items) < 2 or alone:
        _nothing_left(typed.span, scope)
        return False
    return True


def _nothing_left(span: Span, scope: Scope) -> None:
    message = "nothing is left where the one member that can be drawn is taken"
    scope.report.error("E0321", message, span)
