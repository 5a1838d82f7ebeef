"""What the types of the language are called, and when two agree."""

from typing import assert_never

from epochal.compiler import ir

_NAMES = {
    ir.NUMBER: "a plain number",
    ir.TIME: "a time",
    ir.FREQUENCY: "a frequency",
    ir.ANGLE: "an angle",
    ir.QuantityType(time=-1, angle=1): "an angle per time",
}


def describe(kind: ir.Type) -> str:
    """Say what a type is, with its article."""
    match kind:
        case ir.QuantityType(time, angle):
            return _NAMES.get(kind, f"a quantity of time**{time} angle**{angle}")
        case ir.BoolType():
            return "true or false"
        case ir.LabelType(labels):
            return "a label of {" + ", ".join(labels) + "}"
        case ir.TupleType(items):
            return "a tuple of " + ", ".join(describe(item) for item in items)
        case ir.SetType(item):
            return "a set whose members are each " + describe(item)
        case ir.ArrayType(item, n):
            return f"an array of {n} values, each {describe(item)}"
        case ir.UnitsType():
            return "one number for each unit"
        case ir.SeriesType():
            return "an output over time"
    assert_never(kind)


def is_number(kind: ir.Type) -> bool:
    """Whether a value can stand where a plain number is wanted; true counts as 1."""
    return kind in (ir.NUMBER, ir.BOOLEAN)


def as_quantity(kind: ir.Type) -> ir.QuantityType | None:
    """Read a type as a quantity, where it is one; true and false count as 1 and 0."""
    if isinstance(kind, ir.QuantityType):
        return kind
    return ir.NUMBER if kind == ir.BOOLEAN else None


def union(a: ir.LabelType, b: ir.LabelType) -> ir.LabelType:
    """Join two label types, the labels of the first in front."""
    return ir.LabelType(a.labels + tuple(label for label in b.labels if label not in a.labels))


def common(a: ir.Type, b: ir.Type) -> ir.Type | None:
    """Find the type that holds the values of both, where there is one."""
    if a == b:
        return a
    if isinstance(a, ir.LabelType) and isinstance(b, ir.LabelType):
        return union(a, b)
    if is_number(a) and is_number(b):
        return ir.NUMBER
    if isinstance(a, ir.TupleType) and isinstance(b, ir.TupleType):
        return _common_tuple(a, b)
    if isinstance(a, ir.UnitsType) and is_number(b):
        return a
    if isinstance(b, ir.UnitsType) and is_number(a):
        return b
    return None


def _common_tuple(a: ir.TupleType, b: ir.TupleType) -> ir.TupleType | None:
    if len(a.items) != len(b.items):
        return None
    parts = [common(x, y) for x, y in zip(a.items, b.items, strict=True)]
    good = tuple(part for part in parts if part is not None)
    return ir.TupleType(good) if len(good) == len(parts) else None


def convert(expr: ir.Expr, source: ir.Type, target: ir.Type) -> ir.Expr:
    """Rewrite a label value so that it is a position among the target's labels."""
    if not isinstance(source, ir.LabelType) or not isinstance(target, ir.LabelType):
        return expr
    if source.labels == target.labels:
        return expr
    match expr:
        case ir.Label(name):
            return ir.Label(name, target.labels)
        case ir.Conditional(condition, then, otherwise):
            return ir.Conditional(
                condition, convert(then, source, target), convert(otherwise, source, target)
            )
        case ir.Lookup(key, rows, values):
            moved = tuple(convert(item, source, target) for item in values)
            return ir.Lookup(key, rows, moved, target)
        case _:
            return ir.Relabel(expr, source.labels, target.labels)
