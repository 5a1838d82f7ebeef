"""Lowering operators: what may be added, compared and joined, and in which unit."""

from fractions import Fraction

from epochal.compiler import arrays, expressions, ir, members, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix, Note
from epochal.dsl.nearest import nearest
from epochal.dsl.span import Span
from epochal.dsl.units import UNITS

ORDER = ("<", "<=", ">", ">=")


def unary(node: syntax.Unary, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``-x`` and ``not x``."""
    if node.op == "not":
        what = "the value after `not`"
        setting = setting.without_draw()
        asked = expressions.expect(node.operand, ir.BOOLEAN, scope, setting, what, each=True)
        if asked is None:
            return None
        return arrays.many(Typed(ir.Not(asked.expr), ir.BOOLEAN, node.span), (asked,), scope)
    typed = expressions.lower(node.operand, scope, setting)
    if typed is None:
        return None
    if isinstance(typed.expr, ir.Number) and typed.expr.value != "nan":
        return Typed(_negated(typed.expr), typed.type, node.span)
    one = arrays.single(typed).counted()
    kind = _arithmetic_type(one, scope, "-")
    if kind is None:
        return None
    return arrays.many(Typed(ir.Negative(one.expr), kind, node.span), (typed,), scope)


def _negated(number: ir.Number) -> ir.Number:
    value = number.value
    if value == "0":
        return number
    return ir.Number(value[1:] if value.startswith("-") else "-" + value, number.unit)


def binary(node: syntax.Binary, scope: Scope, setting: Setting) -> Typed | None:
    """Lower an operator between two values."""
    match node.op:
        case "and" | "or":
            return _logical(node, scope, setting.without_draw())
        case "+" | "-" | "*" | "/" | "**":
            return _arithmetic(node, scope, setting)
        case "in":
            return _member_of(node, scope, setting.without_draw())
        case _:
            return _comparison(node, scope, setting.without_draw())


def _logical(node: syntax.Binary, scope: Scope, setting: Setting) -> Typed | None:
    what = f"each side of `{node.op}`"
    left = expressions.expect(node.left, ir.BOOLEAN, scope, setting, what, each=True)
    right = expressions.expect(node.right, ir.BOOLEAN, scope, setting, what, each=True)
    if left is None or right is None:
        return None
    joined = Typed(ir.Logical(node.op, left.expr, right.expr), ir.BOOLEAN, node.span)
    return arrays.many(joined, (left, right), scope)


def _arithmetic(node: syntax.Binary, scope: Scope, setting: Setting) -> Typed | None:
    left = expressions.lower(node.left, scope, setting)
    right = None if _is_bare_unit(node, scope) else expressions.lower(node.right, scope, setting)
    if left is None or right is None:
        return None
    made = _arithmetic_of(node, arrays.single(left), arrays.single(right), scope)
    return arrays.many(made, (left, right), scope)


def _arithmetic_of(node: syntax.Binary, left: Typed, right: Typed, scope: Scope) -> Typed | None:
    spread = isinstance(left.type, ir.UnitsType) or isinstance(right.type, ir.UnitsType)
    if not (spread and node.op == "*"):  # a truth times floats is a float already
        left, right = left.counted(), right.counted()
    kinds = _arithmetic_type(left, scope, node.op), _arithmetic_type(right, scope, node.op)
    if kinds[0] is None or kinds[1] is None:
        return None
    units = [kind for kind in kinds if isinstance(kind, ir.UnitsType)]
    if units:
        return _elementwise(node, left, right, units, scope)
    a, b = kinds
    assert isinstance(a, ir.QuantityType)
    assert isinstance(b, ir.QuantityType)
    if node.op in ("+", "-"):
        return _sum(node, left, right, a, b, scope)
    if node.op == "**":
        return _power(node, left, right, a, b, scope)
    return _product(node, left, right, a, b, scope)


def _is_bare_unit(node: syntax.Binary, scope: Scope) -> bool:
    """Whether this is ``90 deg / s``, which the parser has reported."""
    if node.op not in ("*", "/") or not isinstance(node.right, syntax.Name):
        return False
    return node.right.name in UNITS and node.right.name not in scope.symbols


def _arithmetic_type(typed: Typed, scope: Scope, op: str) -> ir.QuantityType | ir.UnitsType | None:
    quantity = types.as_quantity(typed.type)
    if quantity is not None:
        return quantity
    if isinstance(typed.type, ir.UnitsType):
        return typed.type
    notes: tuple[Note, ...] = ()
    if isinstance(typed.type, ir.SetType):
        notes = (Note("to draw from a set, write `x ~ {..}` in `trial`"),)
    if isinstance(typed.type, ir.SeriesType):
        notes = (Note("reduce it over time first: mean, last, min, max or first_above"),)
    scope.report.error(
        "E0306",
        f"`{op}` works on numbers, this is {types.describe(typed.type)}",
        typed.span,
        *notes,
    )
    return None


def _elementwise(
    node: syntax.Binary, left: Typed, right: Typed, units: list[ir.UnitsType], scope: Scope
) -> Typed | None:
    other = [
        side
        for side in (left, right)
        if not isinstance(side.type, ir.UnitsType) and not types.is_number(side.type)
    ]
    if other or len({unit.n for unit in units}) > 1:
        scope.report.error(
            "E0306", "values of units combine with plain numbers and with as many units", node.span
        )
        return None
    return Typed(ir.Arithmetic(node.op, left.expr, right.expr), units[0], node.span)


def _sum(
    node: syntax.Binary,
    left: Typed,
    right: Typed,
    a: ir.QuantityType,
    b: ir.QuantityType,
    scope: Scope,
) -> Typed | None:
    if a != b:
        verb = "added to" if node.op == "+" else "subtracted from"
        scope.report.error(
            "E0308",
            f"{types.describe(right.type)} cannot be {verb} {types.describe(left.type)}",
            node.span,
            Note(f"this is {types.describe(left.type)}", left.span),
            Note(f"this is {types.describe(right.type)}", right.span),
        )
        return None
    return Typed(ir.Arithmetic(node.op, left.expr, right.expr), a, node.span)


def _product(
    node: syntax.Binary,
    left: Typed,
    right: Typed,
    a: ir.QuantityType,
    b: ir.QuantityType,
    scope: Scope,
) -> Typed | None:
    sign = 1 if node.op == "*" else -1
    kind = ir.QuantityType(a.time + sign * b.time, a.angle + sign * b.angle)
    divisor = expressions.bounds(right.expr, scope)
    if node.op == "/" and divisor.is_point and divisor.low == 0:
        scope.report.error("E0309", "this divides by zero", right.span)
        return None
    expr: ir.Expr = ir.Arithmetic(node.op, left.expr, right.expr)
    factor = _base(a.time) * _base(b.time) ** sign / _base(kind.time)
    if factor > 1:
        expr = ir.Arithmetic("*", expr, ir.Number(str(factor)))
    elif factor < 1:
        expr = ir.Arithmetic("/", expr, ir.Number(str(1 / factor)))
    return Typed(expr, kind, node.span)


def _base(power: int) -> Fraction:
    """Give the base unit of a power of time, in seconds: us for times, 1/s for rates."""
    return Fraction(1, 1_000_000) ** power if power > 0 else Fraction(1)


def _power(
    node: syntax.Binary,
    left: Typed,
    right: Typed,
    a: ir.QuantityType,
    b: ir.QuantityType,
    scope: Scope,
) -> Typed | None:
    for side, kind in ((left, a), (right, b)):
        if kind != ir.NUMBER:
            message = f"`**` works on plain numbers, this is {types.describe(side.type)}"
            scope.report.error("E0306", message, side.span)
            return None
    return Typed(ir.Arithmetic("**", left.expr, right.expr), ir.NUMBER, node.span)


def _comparison(node: syntax.Binary, scope: Scope, setting: Setting) -> Typed | None:
    left = _operand(node.left, scope, setting)
    right = _operand(node.right, scope, setting)
    if isinstance(left, syntax.Name) and isinstance(right, syntax.Name):
        for name in (left, right):
            expressions.lower(name, scope, setting)
        return None
    if isinstance(left, Typed) and isinstance(right, syntax.Name):
        right = _outside(right, left, scope)
    if isinstance(right, Typed) and isinstance(left, syntax.Name):
        left = _outside(left, right, scope)
    if not isinstance(left, Typed) or not isinstance(right, Typed):
        return None
    made = _compared(node, arrays.single(left), arrays.single(right), scope)
    return arrays.many(made, (left, right), scope)


def _compared(node: syntax.Binary, left: Typed, right: Typed, scope: Scope) -> Typed | None:
    if isinstance(left.type, ir.LabelType) and isinstance(right.type, ir.LabelType):
        return _labels(node, left, right, left.type, right.type, scope)
    return _quantities(node, left, right, scope)


def _operand(node: syntax.Expr, scope: Scope, setting: Setting) -> Typed | syntax.Name | None:
    """Lower one side; a bare name that means nothing is left for the other side to judge."""
    if isinstance(node, syntax.Name) and _means_nothing(node.name, scope):
        return node
    return expressions.lower(node, scope, setting)


def _means_nothing(name: str, scope: Scope) -> bool:
    known = name in scope.symbols or name in scope.labels
    return not known and name not in ("true", "false", "nan", "none", "pi", "t")


def _outside(name: syntax.Name, other: Typed, scope: Scope) -> Typed | None:
    """Report a name beside ``==`` that is no label of the other side's set."""
    if not isinstance(other.type, ir.LabelType) or name.name in scope.report.excused:
        return expressions.lower(name, scope, Setting())
    not_in_set(name.name, name.span, other.type, scope)
    return None


def not_in_set(label: str, span: Span, kind: ir.LabelType, scope: Scope) -> None:
    """Report a label outside the set it is compared with, and name the nearest."""
    close = nearest(label, list(kind.labels))
    notes = (Note(f"did you mean `{close}`?"),) if close else ()
    fixes = (Fix(f"write `{close}`", span, close),) if close else ()
    scope.report.error(
        "E0207",
        f"`{label}` is not among the labels it is compared with: {{{', '.join(kind.labels)}}}",
        span,
        *notes,
        fixes=fixes,
    )


def _labels(
    node: syntax.Binary,
    left: Typed,
    right: Typed,
    a: ir.LabelType,
    b: ir.LabelType,
    scope: Scope,
) -> Typed | None:
    if node.op in ORDER:
        scope.report.error("E0312", "labels have no order; compare them with == or !=", node.span)
        return None
    for side, other in ((left, b), (right, a)):
        if isinstance(side.expr, ir.Label) and side.expr.name not in other.labels:
            not_in_set(side.expr.name, side.span, other, scope)
            return None
    joint = _joint(left, right, a, b)
    expr = ir.Comparison(
        node.op,
        types.convert(left.expr, a, joint),
        types.convert(right.expr, b, joint),
        labels=True,
    )
    return Typed(expr, ir.BOOLEAN, node.span)


def _joint(left: Typed, right: Typed, a: ir.LabelType, b: ir.LabelType) -> ir.LabelType:
    """Choose the list of labels to compare in; what is written out adapts to what is stored."""
    pairs = [(a, b), (b, a)]
    if isinstance(left.expr, ir.Label | ir.Conditional) and isinstance(right.expr, ir.Ref):
        pairs.reverse()
    for one, other in pairs:
        if set(other.labels) <= set(one.labels):
            return one
    return types.union(a, b)


def _quantities(node: syntax.Binary, left: Typed, right: Typed, scope: Scope) -> Typed | None:
    a, b = types.as_quantity(left.type), types.as_quantity(right.type)
    if a is None or a != b:
        scope.report.error(
            "E0313",
            f"{types.describe(left.type)} cannot be compared with {types.describe(right.type)}",
            node.span,
            *_reduce_hint(left, right),
        )
        return None
    expr = _truth(node.op, left, right) or ir.Comparison(node.op, left.expr, right.expr)
    return Typed(expr, ir.BOOLEAN, node.span)


def _truth(op: str, left: Typed, right: Typed) -> ir.Expr | None:
    """Read ``x == true`` as x and ``x == false`` as not x; None for other comparisons."""
    if op not in ("==", "!=") or (left.type, right.type) != (ir.BOOLEAN, ir.BOOLEAN):
        return None
    for literal, other in ((left.expr, right.expr), (right.expr, left.expr)):
        if isinstance(literal, ir.Truth):
            return other if literal.value == (op == "==") else ir.Not(other)
    return None


def _reduce_hint(left: Typed, right: Typed) -> tuple[Note, ...]:
    for side in (left, right):
        if isinstance(side.type, ir.SeriesType):
            return (Note("reduce the output over time first, with mean, last, min or max"),)
        if isinstance(side.type, ir.UnitsType):
            return (Note("reduce the units first, with argmax, min or max, or index one unit"),)
    return ()


def _member_of(node: syntax.Binary, scope: Scope, setting: Setting) -> Typed | None:
    if isinstance(node.left, syntax.Tuple):
        return members.tuple_in(node, node.left, scope, setting)
    left = expressions.lower(node.left, scope, setting)
    right = expressions.lower(node.right, scope, setting)
    if left is None or right is None:
        return None
    if not isinstance(right.type, ir.SetType):
        members.no_set(right, scope)
        return None
    made = _one_in(node, arrays.single(left), right, right.type.item, scope)
    return arrays.many(made, (left,), scope)


def _one_in(
    node: syntax.Binary, left: Typed, right: Typed, item: ir.Type, scope: Scope
) -> Typed | None:
    if isinstance(item, ir.LabelType) and isinstance(left.type, ir.LabelType):
        return _label_in(node, left, left.type, right, scope)
    if types.common(left.type, item) is None or isinstance(item, ir.TupleType):
        message = f"{types.describe(left.type)} cannot be in {types.describe(right.type)}"
        scope.report.error("E0313", message, node.span)
        return None
    return Typed(ir.MemberOf(left.expr, right.expr), ir.BOOLEAN, node.span)


def _label_in(
    node: syntax.Binary, left: Typed, kind: ir.LabelType, right: Typed, scope: Scope
) -> Typed | None:
    assert isinstance(right.expr, ir.SetOf)
    assert isinstance(right.type, ir.SetType)
    assert isinstance(right.type.item, ir.LabelType)
    outside = [label for label in right.type.item.labels if label not in kind.labels]
    if outside:
        not_in_set(outside[0], right.span, kind, scope)
        return None
    tests: list[ir.Expr] = [
        ir.Comparison("==", left.expr, types.convert(item, right.type.item, kind), labels=True)
        for item in right.expr.items
    ]
    expr = tests[0]
    for test in tests[1:]:
        expr = ir.Logical("or", expr, test)
    return Typed(expr, ir.BOOLEAN, node.span)
