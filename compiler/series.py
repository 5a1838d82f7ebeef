"""Lowering operators on outputs over time: each step and unit with the same number.

Two outputs over time do not go together, nor do units: reduce them first.
"""

from dataclasses import replace

from epochal.compiler import expressions, ir, types
from epochal.compiler.scope import Scope, Typed
from epochal.dsl import syntax


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
    if not isinstance(x.type, ir.SeriesType) or x.type.truth:
        return None
    return replace(x, expr=ir.Call("abs", (x.expr,)), span=node.span)


def _with_number(left: Typed, right: Typed) -> ir.SeriesType | None:
    """Give the type of an output over time that meets a plain number."""
    if isinstance(left.type, ir.SeriesType) and types.is_number(right.type):
        return left.type
    if isinstance(right.type, ir.SeriesType) and types.is_number(left.type):
        return right.type
    return None
