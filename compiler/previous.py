"""Lowering `previous`: a value of the trial before in the same session."""

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

LOOKED_AT = (ir.Role.VARIABLE, ir.Role.SCORE, ir.Role.PARAM)

_FIRST = ir.Comparison("==", ir.Ref(ir.Count.IN_SESSION.value, ir.Role.VARIABLE), ir.Number("0"))


def previous(
    node: syntax.Call, arguments: tuple[syntax.Expr, ...], scope: Scope, setting: Setting
) -> Typed | None:
    """Lower ``previous(x, initial = e)``."""
    if not scope.looks_back:
        scope.report.error("E0436", _why_not(scope), node.span)
        return None
    x = expressions.lower(arguments[0], scope, setting)
    initial = expressions.lower(arguments[1], scope, setting)
    if x is None or initial is None:
        return None
    if not _is_looked_at(x.expr):
        message = "`previous` looks at a variable of the trial before, and this is none"
        note = Note("compute it first, `y = ..`, and look back at that")
        scope.report.error("E0436", message, x.span, note)
        return None
    return _joined(node, x, initial, scope)


def _why_not(scope: Scope) -> str:
    if scope.session is None:
        return "`previous` looks at the trial before in a session, and there is no `session:`"
    return (
        "`previous` looks at the trial before, and this is not about a trial: it stands in "
        "`trial:`, `epochs:`, `during` and `score:`"
    )


def _is_looked_at(expr: ir.Expr) -> bool:
    match expr:
        case ir.Ref(_, role):
            return role in LOOKED_AT
        case ir.Call("previous"):
            return True
    return False


def _joined(node: syntax.Call, x: Typed, initial: Typed, scope: Scope) -> Typed | None:
    """Give both values one type; an array takes one initial value for all, or one for each."""
    one, first = arrays.single(x), arrays.single(initial)
    joint = types.common(one.type, first.type)
    is_single = not isinstance(x.type, ir.ArrayType) and isinstance(initial.type, ir.ArrayType)
    if joint is None or is_single or any(_is_index(ref) for ref in refs(initial.expr)):
        scope.report.error(
            "E0303",
            f"`initial` stands in for {types.describe(x.type)} on the first trial, "
            f"this is {types.describe(initial.type)}",
            initial.span,
        )
        return None
    sides = (one, first)
    if joint == ir.NUMBER:
        sides = one.counted(), first.counted()
    now, before = (types.convert(side.expr, side.type, joint) for side in sides)
    made: ir.Expr = ir.Call("previous", (now, before))
    if _is_fixed(x.expr):
        made = ir.Conditional(_FIRST, before, now)
    return arrays.many(Typed(made, joint, node.span), (x, initial), scope)


def _is_fixed(expr: ir.Expr) -> bool:
    """Whether this is a parameter: one drawn by default may be bound to a constant."""
    return isinstance(expr, ir.Ref) and expr.role is ir.Role.PARAM


def _is_index(ref: ir.Ref) -> bool:
    return ref.role is ir.Role.INDEX
