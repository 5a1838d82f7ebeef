"""Lowering operators on outputs over time: each step and unit with the same number.

Two outputs over time do not go together, nor do units: reduce them first.
"""

from msgspec.structs import replace

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.scope import Scope, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note


def clash(node: syntax.Binary, left: Typed, right: Typed, scope: Scope) -> bool:
    """Say so where an output over time meets an array: its steps have no value of their own there.

    An output that is read in every repetition is an array of outputs over time.
    """
    for one, other in ((left, right), (right, left)):
        over_time = isinstance(arrays.single(one).type, ir.SeriesType)
        many = isinstance(other.type, ir.ArrayType)
        if over_time and many and not isinstance(arrays.single(other).type, ir.SeriesType):
            note = Note("reduce the output over time first, with mean, last, min or max")
            message = "an output over time goes with one number a trial, not with an array"
            scope.report.error("E0306", message, node.span, note)
            return True
    return False


def arithmetic(node: syntax.Binary, left: Typed, right: Typed, scope: Scope) -> Typed | None:
    """Lower ``+ - * /`` of an output over time and a number; None where it is something else."""
    kind = _with_number(left, right)
    if kind is None or kind.truth or node.op == "**":
        return None
    divisor = expressions.bounds(right.expr, scope)
    if node.op == "/" and divisor.is_point and divisor.low == 0:
        return None
    return Typed(ir.Arithmetic(node.op, left.expr, right.expr), kind, node.span)


def comparison(node: syntax.Binary, left: Typed, right: Typed) -> Typed | None:
    """Lower a comparison of an output over time with a number; None where it is something else."""
    kind = _with_number(left, right)
    if kind is None or kind.truth:
        return None
    made = ir.Comparison(node.op, left.expr, right.expr)
    return Typed(made, ir.SeriesType(kind.n, kind.labels, truth=True), node.span)


def absolute(node: syntax.Call, x: Typed) -> Typed | None:
    """Lower ``abs`` of an output over time; None where it is something else."""
    kind = arrays.single(x).type
    if not isinstance(kind, ir.SeriesType) or kind.truth:
        return None
    return replace(x, expr=ir.Call("abs", (x.expr,)), span=node.span)


def _with_number(left: Typed, right: Typed) -> ir.SeriesType | None:
    """Give the type of an output over time that meets a plain number."""
    if isinstance(left.type, ir.SeriesType) and types.is_number(right.type):
        return left.type
    if isinstance(right.type, ir.SeriesType) and types.is_number(left.type):
        return right.type
    return None
