"""Lowering ``(a, b) in {..}``: whether a tuple is one of a set of tuples."""

from epochal.compiler import arrays, expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note


def no_set(right: Typed, scope: Scope) -> None:
    """Report something other than a set after ``in``."""
    message = f"after `in` stands a set, this is {types.describe(right.type)}"
    note = Note("write `in {a, b}`, or `==` for one value")
    scope.report.error("E0314", message, right.span, note)


def tuple_in(
    node: syntax.Binary, left: syntax.Tuple, scope: Scope, setting: Setting
) -> Typed | None:
    """Lower the test; on the left a bare name is a value, or else a label.

    It is written out as comparisons: a set of tuples is known when compiling.
    """
    parts = [expressions.lower(item, scope, setting) for item in left.items]
    right = expressions.lower(node.right, scope, setting)
    good = tuple(part for part in parts if part is not None)
    if len(good) < len(parts) or right is None:
        return None
    if not isinstance(right.type, ir.SetType):
        no_set(right, scope)
        return None
    kinds = _kinds(good, right.type.item)
    if kinds is None:
        found = types.describe(ir.TupleType(tuple(part.type for part in good)))
        message = f"{found} cannot be in {types.describe(right.type)}"
        scope.report.error("E0313", message, node.span)
        return None
    rows = [_is_row(good, row, kinds) for row in _rows(right, scope)]
    return arrays.many(Typed(_joined("or", rows), ir.BOOLEAN, node.span), good, scope)


def _kinds(parts: tuple[Typed, ...], item: ir.Type) -> tuple[ir.Type, ...] | None:
    """List the types of a set's tuples, where these parts can be compared with them."""
    if not isinstance(item, ir.TupleType) or len(item.items) != len(parts):
        return None
    ones = [arrays.single(part).type for part in parts]
    fit = all(types.common(a, b) is not None for a, b in zip(ones, item.items, strict=True))
    return item.items if fit else None


def _rows(right: Typed, scope: Scope) -> tuple[tuple[ir.Expr, ...], ...]:
    values = right.expr
    if isinstance(values, ir.Ref):
        scope.structural.add(values.name)
        values = scope.sets[values.name]
    assert isinstance(values, ir.SetOf)
    return tuple(row.items for row in values.items if isinstance(row, ir.TupleOf))


def _is_row(
    parts: tuple[Typed, ...], row: tuple[ir.Expr, ...], kinds: tuple[ir.Type, ...]
) -> ir.Expr:
    tests = [
        _equal(arrays.single(part), value, kind)
        for part, value, kind in zip(parts, row, kinds, strict=True)
    ]
    return _joined("and", tests)


def _equal(part: Typed, value: ir.Expr, kind: ir.Type) -> ir.Expr:
    if isinstance(value, ir.Truth):
        return part.expr if value.value else ir.Not(part.expr)
    if not isinstance(kind, ir.LabelType) or not isinstance(part.type, ir.LabelType):
        return ir.Comparison("==", part.expr, value)
    joint = types.union(part.type, kind)
    mine = types.convert(part.expr, part.type, joint)
    return ir.Comparison("==", mine, types.convert(value, kind, joint), labels=True)


def _joined(op: str, tests: list[ir.Expr]) -> ir.Expr:
    expr = tests[0]
    for test in tests[1:]:
        expr = ir.Logical(op, expr, test)
    return expr
