"""Lowering quantities, sets and tuples."""

from decimal import Decimal, InvalidOperation

from epochal.compiler import expressions, ir, types
from epochal.compiler.scope import Scope, Setting, Typed
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Fix, Note
from epochal.dsl.units import UNITS, Dimension

MOST_DIGITS = 20
LARGEST = 100
LONGEST = 10**17  # us
MOST_MEMBERS = 10_000
MOST_LABELS = 1000  # each value of a label carries its whole list

_BASE = {
    Dimension.NUMBER: (ir.NUMBER, ir.Unit.NONE),
    Dimension.TIME: (ir.TIME, ir.Unit.MICROSECOND),
    Dimension.FREQUENCY: (ir.FREQUENCY, ir.Unit.HERTZ),
}
_ANGLES = {"deg": ir.Unit.DEGREE, "rad": ir.Unit.RADIAN}


def quantity(node: syntax.Quantity, scope: Scope) -> Typed | None:
    """Bring a quantity to its base unit, exactly."""
    if not _is_usual(node.digits):
        scope.report.error(
            "E0504",
            f"a number has at most {MOST_DIGITS} digits and lies between 1e-{LARGEST} and "
            f"1e{LARGEST}",
            node.span,
        )
        return None
    if node.unit in _ANGLES:
        return Typed(
            ir.Number(exact(Decimal(node.digits)), _ANGLES[node.unit]), ir.ANGLE, node.span
        )
    unit = UNITS[node.unit] if node.unit else None
    value = Decimal(node.digits) * (unit.factor if unit else 1)
    kind, base = _BASE[unit.dimension if unit else Dimension.NUMBER]
    if kind == ir.TIME and value > LONGEST:
        scope.report.error("E0504", "a time is at most 10**11 s, some 3000 years", node.span)
        return None
    if kind == ir.TIME and value != value.to_integral_value():
        scope.report.error(
            "E0307",
            f"`{node.digits} {node.unit}` is not a whole number of microseconds, "
            "which is as fine as time is counted",
            node.span,
            fixes=(Fix("round to a microsecond", node.span, f"{round(value)} us"),),
        )
        return None
    return Typed(ir.Number(exact(value), base), kind, node.span)


def _is_usual(digits: str) -> bool:
    """Whether a number as written is one that a float can stand for, and short."""
    try:
        value = Decimal(digits)
    except InvalidOperation:  # an exponent beyond all measure
        return False
    if len(value.as_tuple().digits) > MOST_DIGITS:
        return False
    return value.is_zero() or abs(value.adjusted()) <= LARGEST


def exact(value: Decimal) -> str:
    """Write a decimal in the one canonical way: no exponent, no trailing zeros."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def set_literal(node: syntax.Set, scope: Scope, setting: Setting) -> Typed | None:
    """Lower a set; its members must be of one type."""
    for count, most, what in (
        (len(node.items), MOST_MEMBERS, "members"),
        (_count_labels(node), MOST_LABELS, "labels"),
    ):
        if count > most:
            message = f"a set has {most} {what} at most, and this has {count}"
            scope.report.error("E0367", message, node.span)
            return None
    members = [member(item.value, scope, setting) for item in node.items]
    weights = [_weight(item, scope, setting) for item in node.items if item.weight is not None]
    if len(weights) not in (0, len(members)):
        scope.report.error("E0310", "some members have weights and some have none", node.span)
        return None
    good = [one for one in members if one is not None]
    if len(good) < len(members) or any(weight is None for weight in weights):
        return None
    if weights and all(weight == ir.Number("0") for weight in weights):
        scope.report.error(
            "E0354", "no member has a weight above 0, so nothing can be drawn", node.span
        )
        return None
    kind = good[0].type
    for one in good[1:]:
        joint = types.common(kind, one.type)
        if joint is None:
            scope.report.error(
                "E0301",
                f"the members of a set are of one type: {_first(node)} is "
                f"{types.describe(kind)}, this is {types.describe(one.type)}",
                one.span,
            )
            return None
        kind = joint
    items = tuple(types.convert(one.expr, one.type, kind) for one in good)
    if not _are_distinct(node, items, scope):
        return None
    if isinstance(kind, ir.TupleType):
        items, kind = _align(items, [one.type for one in good], kind)
    return Typed(
        ir.SetOf(items, tuple(weight for weight in weights if weight is not None)),
        ir.SetType(kind),
        node.span,
    )


def _count_labels(node: syntax.Set) -> int:
    values = [item.value for item in node.items]
    values += [part for value in values if isinstance(value, syntax.Tuple) for part in value.items]
    return len({value.name for value in values if isinstance(value, syntax.Name)})


def _are_distinct(node: syntax.Set, items: tuple[ir.Expr, ...], scope: Scope) -> bool:
    seen: dict[ir.Expr, syntax.SetItem] = {}
    for item, written in zip(items, node.items, strict=True):
        if item in seen:
            scope.report.error(
                "E0311",
                "this member stands twice in the set; to draw it more often, write weights: "
                "`{a: 2, b: 1}`",
                written.value.span,
                Note("the first one", seen[item].value.span),
            )
            return False
        seen[item] = written
    return True


def member(node: syntax.Expr, scope: Scope, setting: Setting) -> Typed | None:
    """Lower a member of a set, where a bare name is a label."""
    match node:
        case syntax.Name(name=name) if name not in ("true", "false", "nan", "none", "pi"):
            if name in scope.symbols:
                symbol = scope.symbols[name]
                scope.report.error(
                    "E0203",
                    f"inside braces a bare name is a label, and `{name}` is a {symbol.kind}",
                    node.span,
                )
                return None
            return Typed(ir.Label(name, (name,)), ir.LabelType((name,)), node.span)
        case syntax.Tuple(items=items):
            parts = [member(item, scope, setting) for item in items]
            good = [part for part in parts if part is not None]
            if len(good) < len(parts):
                return None
            return Typed(
                ir.TupleOf(tuple(part.expr for part in good)),
                ir.TupleType(tuple(part.type for part in good)),
                node.span,
            )
        case _:
            return expressions.lower(node, scope, setting)


def _weight(item: syntax.SetItem, scope: Scope, setting: Setting) -> ir.Expr | None:
    assert item.weight is not None
    weight = expressions.number(item.weight, scope, setting, "a weight")
    if weight is not None and expressions.bounds(weight, scope).low < 0:
        scope.report.error("E0354", "this weight may be below 0", item.weight.span)
        return None
    return weight


def _first(node: syntax.Set) -> str:
    value = node.items[0].value
    return f"`{value.name}`" if isinstance(value, syntax.Name) else "the first member"


def _align(
    items: tuple[ir.Expr, ...], kinds: list[ir.Type], kind: ir.TupleType
) -> tuple[tuple[ir.Expr, ...], ir.TupleType]:
    """Give the labels in one place of all tuples one common list of labels."""
    rows = [item.items for item in items if isinstance(item, ir.TupleOf)]
    columns = [one.items for one in kinds if isinstance(one, ir.TupleType)]
    joint = []
    for place in range(len(kind.items)):
        total = columns[0][place]
        for column in columns[1:]:
            total = types.common(total, column[place]) or total
        joint.append(total)
    aligned = tuple(
        ir.TupleOf(
            tuple(
                types.convert(part, source, target)
                for part, source, target in zip(row, column, joint, strict=True)
            )
        )
        for row, column in zip(rows, columns, strict=True)
    )
    return aligned, ir.TupleType(tuple(joint))
