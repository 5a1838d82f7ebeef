"""Lowering spans of epochs and their slices."""

from epochal.compiler import expressions, ir
from epochal.compiler.repeats import shared
from epochal.compiler.scope import Scope, Setting
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note
from epochal.dsl.span import Span

_ZERO = ir.Number("0", ir.Unit.MICROSECOND)


def where(node: syntax.EpochSpan, scope: Scope, setting: Setting) -> ir.Where | None:
    """Resolve ``A``, ``A..B`` and slices of them."""
    first = _epoch(node.first, scope)
    last = _epoch(node.last, scope) if node.last is not None else first
    start = stop = None
    if node.slice is not None:
        ends = [name for name in (first, last) if name is not None]
        around = shared(scope.chains, ir.Where(ends[0], ends[-1])) if ends else ()
        with scope.inside(around):
            start = _bound(node.slice.start, scope, setting)
            stop = _bound(node.slice.stop, scope, setting)
        if start is not None and start.time == _ZERO:
            start = None
    if first is None or last is None:
        return None
    if scope.epochs[last] < scope.epochs[first]:
        scope.report.error(
            "E0401", f"`{first}..{last}` runs backwards: `{last}` comes before `{first}`", node.span
        )
        return None
    return ir.Where(first, last, start, stop)


def _epoch(name: syntax.Ident, scope: Scope) -> str | None:
    if name.name in scope.epochs:
        return name.name
    scope.unknown(name.name, name.span, "epoch", list(scope.epochs))
    return None


def _bound(node: syntax.Expr | None, scope: Scope, setting: Setting) -> ir.Offset | None:
    if node is None:
        return None
    typed = expressions.expect(node, ir.TIME, scope, setting, "the bound of a slice")
    if typed is None:
        return None
    bounds = expressions.bounds(typed.expr, scope)
    if bounds.low >= 0:
        return ir.Offset(typed.expr)
    if bounds.high <= 0:
        return ir.Offset(typed.expr, from_end=True)
    _unclear(typed.span, scope)
    return None


def _unclear(span: Span, scope: Scope) -> None:
    scope.report.error(
        "E0402",
        "this bound may be positive on one trial and negative on another",
        span,
        Note("a bound counts from the start of the span, or back from its end if it is negative"),
    )
