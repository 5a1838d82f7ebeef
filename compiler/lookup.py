"""Lowering ``lookup(key, {a: x, b: y})``: a table written as a set with weights.

A key is a label, true or false, a quantity, or a tuple of these.  Every value that it can have
must have a row: a label each of its set, a quantity each of the members it is drawn from, or each
whole number between its bounds.
"""

from fractions import Fraction
from functools import partial
from itertools import islice, product

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import arrays, expressions, ir, literals, operators, prose, types
from epochal.compiler.intervals import Bound, interval
from epochal.compiler.scope import Column, Scope, Setting, Typed
from epochal.compiler.walk import refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note

MOST_ROWS = 1_000

Arguments = tuple[syntax.Expr, ...]
_Value = str | bool | Bound
_Row = tuple[_Value, ...]


class _Table(Struct, frozen=True):
    """The rows of a table, each a tuple of as many parts as the key has, and what they give."""

    rows: tuple[tuple[ir.Expr, ...], ...]
    values: tuple[Typed, ...]


def lookup(node: syntax.Call, arguments: Arguments, scope: Scope, setting: Setting) -> Typed | None:
    """Lower ``lookup(key, table)``."""
    key = _key(arguments[0], scope, setting)
    written = _written(arguments[1], scope)
    if key is None or written is None:
        return None
    rows = [_row(item, key, scope) for item in written.items]
    values = _values(written, scope, setting)
    good = tuple(row for row in rows if row is not None)
    if len(good) < len(rows) or values is None:
        return None
    table = _Table(good, values)
    if not _are_distinct(table, written, scope) or not _is_complete(key, table, node, scope):
        return None
    return _made(node, key, table, scope)


def _key(node: syntax.Expr, scope: Scope, setting: Setting) -> tuple[Typed, ...] | None:
    """Lower the parts of a key; inside it a bare name is a value."""
    parts = node.items if isinstance(node, syntax.Tuple) else (node,)
    lowered = [expressions.lower(part, scope, setting) for part in parts]
    good = tuple(part for part in lowered if part is not None)
    if len(good) < len(lowered):
        return None
    for part in good:
        kind = arrays.single(part).type
        if not isinstance(kind, ir.LabelType | ir.BoolType | ir.QuantityType):
            message = "a key is a label, a truth or a quantity, this is "
            scope.report.error("E0303", message + types.describe(part.type), part.span)
            return None
    return good


def _written(node: syntax.Expr, scope: Scope) -> syntax.Set | None:
    problem = None
    if not isinstance(node, syntax.Set) or any(item.weight is None for item in node.items):
        problem = "the table of `lookup` gives every row a value: `{a: 1, b: 2}`"
    elif len(node.items) > MOST_ROWS:
        problem = f"a table has at most {MOST_ROWS} rows"
    if problem is None and isinstance(node, syntax.Set):
        return node
    scope.report.error("E0353", problem or "", node.span)
    return None


def _row(item: syntax.SetItem, key: tuple[Typed, ...], scope: Scope) -> tuple[ir.Expr, ...] | None:
    """Lower one row, each of its parts of the type of that part of the key."""
    parts = item.value.items if isinstance(item.value, syntax.Tuple) else (item.value,)
    if len(parts) != len(key):
        message = f"the key has {len(key)} parts, and this row {len(parts)}"
        scope.report.error("E0328", message, item.value.span)
        return None
    made = [_part(part, of, scope) for part, of in zip(parts, key, strict=True)]
    good = tuple(part for part in made if part is not None)
    return good if len(good) == len(made) else None


def _part(node: syntax.Expr, key: Typed, scope: Scope) -> ir.Expr | None:
    typed = literals.member(node, scope, Setting())
    if typed is None:
        return None
    kind = arrays.single(key).type
    if isinstance(kind, ir.LabelType) and isinstance(typed.type, ir.LabelType):
        outside = [label for label in typed.type.labels if label not in kind.labels]
        if outside:
            operators.not_in_set(outside[0], node.span, kind, scope)
            return None
        return types.convert(typed.expr, typed.type, kind)
    if typed.type != kind:
        message = f"the key is {types.describe(kind)}, and this row {types.describe(typed.type)}"
        scope.report.error("E0303", message, node.span)
        return None
    if not isinstance(typed.expr, ir.Number | ir.Truth | ir.Label):
        scope.report.error("E0353", "the rows of a table are written out", node.span)
        return None
    return typed.expr


def _values(table: syntax.Set, scope: Scope, setting: Setting) -> tuple[Typed, ...] | None:
    """Lower the values, which are of one type."""
    written = [item.weight for item in table.items if item.weight is not None]
    lowered = [expressions.lower(value, scope, setting) for value in written]
    good = [value for value in lowered if value is not None]
    if len(good) < len(lowered):
        return None
    kind = arrays.single(good[0]).type
    for value in good:
        one = arrays.single(value).type
        joint = types.common(kind, one)
        if joint is None or isinstance(joint, ir.TupleType | ir.SetType | ir.SeriesType):
            first = types.describe(arrays.single(good[0]).type)
            message = f"the values of a table are of one type: the first is {first}, this is "
            scope.report.error("E0301", message + types.describe(one), value.span)
            return None
        kind = joint
    return tuple(
        replace(value, expr=types.convert(value.expr, arrays.single(value).type, kind))
        for value in map(partial(_as, kind), good)
    )


def _as(kind: ir.Type, value: Typed) -> Typed:
    """Count a truth among numbers."""
    one = arrays.single(value)
    if kind == ir.BOOLEAN or one.type != ir.BOOLEAN:
        return value
    made = one.counted()
    if isinstance(value.type, ir.ArrayType):
        return replace(made, type=ir.ArrayType(made.type, value.type.n))
    return made


def _are_distinct(table: _Table, written: syntax.Set, scope: Scope) -> bool:
    seen: dict[_Row, syntax.SetItem] = {}
    for row, item in zip(table.rows, written.items, strict=True):
        value = _plain(row)
        if value in seen:
            note = Note("the first one", seen[value].value.span)
            message = "this row stands twice in the table"
            scope.report.error("E0311", message, item.value.span, note)
            return False
        seen[value] = item
    return True


def _plain(row: tuple[ir.Expr, ...]) -> _Row:
    """Read the parts of a row as values that can be compared."""
    return tuple(_plain_part(part) for part in row)


def _plain_part(part: ir.Expr) -> _Value:
    match part:
        case ir.Label(name):
            return name
        case ir.Truth(value):
            return value
        case _:
            return interval(part, {}).low


def _is_complete(key: tuple[Typed, ...], table: _Table, node: syntax.Call, scope: Scope) -> bool:
    """Require a row for everything that the key can be."""
    possible = _joint(key, scope) or _crossed(key, scope)
    if possible is None:
        scope.report.error(
            "E0352",
            "this may be a number that has no row in the table",
            node.arguments[0].value.span,
            Note(
                "it is proven to have one where it is drawn from a set, or is a whole number "
                "with a row for each between its bounds"
            ),
        )
        return False
    rows = {_plain(row) for row in table.rows}
    missing = [row for row in possible if row not in rows]
    if missing:
        shown = ", ".join(f"`{_show(row, key)}`" for row in missing[:6])
        more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        message = f"the table has no row for {shown}{more}"
        scope.report.error("E0352", message, node.arguments[1].value.span)
    return not missing


def _show(row: _Row, key: tuple[Typed, ...]) -> str:
    parts = [_show_part(part, of) for part, of in zip(row, key, strict=True)]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _show_part(value: _Value, key: Typed) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    kind = arrays.single(key).type
    units = {ir.TIME: ir.Unit.MICROSECOND, ir.FREQUENCY: ir.Unit.HERTZ, ir.ANGLE: ir.Unit.DEGREE}
    unit = units.get(kind, ir.Unit.NONE) if isinstance(kind, ir.QuantityType) else ir.Unit.NONE
    whole = isinstance(value, Fraction) and value.denominator == 1
    return prose.number(str(int(value)) if whole else repr(float(value)), unit)


def _joint(key: tuple[Typed, ...], scope: Scope) -> list[_Row] | None:
    """List the rows of the one set of tuples that all parts of a key are drawn from."""
    columns = [scope.columns.get(part.expr) for part in key if isinstance(part.expr, ir.Ref)]
    found = [column for column in columns if column is not None]
    if len(found) < len(key) or len(key) < 2 or len({column.of for column in found}) > 1:
        return None
    parts = [_members(column.values) for column in found]
    good = [part for part in parts if part is not None]
    if len(good) < len(parts):
        return None
    scope.structural |= set(found[0].params)
    return list(dict.fromkeys(zip(*good, strict=True)))


def _crossed(key: tuple[Typed, ...], scope: Scope) -> list[_Row] | None:
    """List every combination of what the parts of a key can be; None where a part is open."""
    parts = [_possible(part, scope) for part in key]
    good = [part for part in parts if part is not None]
    if len(good) < len(parts):
        return None
    return list(islice(product(*good), 10 * MOST_ROWS))


def _possible(part: Typed, scope: Scope) -> tuple[_Value, ...] | None:
    """List what one part of a key can be; the parameters on which that rests become structure."""
    kind = arrays.single(part).type
    if isinstance(kind, ir.LabelType):
        return kind.labels
    if kind == ir.BOOLEAN:
        return (True, False)
    columns = _columns(part.expr, scope)
    values = _members(tuple(value for column in columns or () for value in column.values))
    if columns is not None and values is not None:
        scope.structural |= {name for column in columns for name in column.params}
        return tuple(dict.fromkeys(values))
    bounds = expressions.bounds(part.expr, scope)
    if not bounds.whole or bounds.high - bounds.low >= MOST_ROWS:
        return None
    scope.structural |= {ref.name for ref in refs(part.expr) if ref.role is ir.Role.PARAM}
    return tuple(Fraction(k) for k in range(int(bounds.low), int(bounds.high) + 1))


def _columns(expr: ir.Expr, scope: Scope) -> tuple[Column, ...] | None:
    """Find the written values that an expression is one of."""
    match expr:
        case ir.Number():
            return (Column((), (expr,)),)
        case ir.Ref():
            column = scope.columns.get(expr)
            return (column,) if column is not None else None
        case ir.Index(x):
            return _columns(x, scope)
        case ir.Conditional(_, then, otherwise):
            sides = _columns(then, scope), _columns(otherwise, scope)
            return None if sides[0] is None or sides[1] is None else sides[0] + sides[1]
        case _:
            return None


def _members(values: tuple[ir.Expr, ...]) -> _Row | None:
    """Read written values; a computed one need not be the same float as its row."""
    if not all(isinstance(value, ir.Number | ir.Truth | ir.Label) for value in values):
        return None
    return _plain(values)


def _made(node: syntax.Call, key: tuple[Typed, ...], table: _Table, scope: Scope) -> Typed | None:
    one = len(key) == 1
    parts = tuple(part.expr for part in key)
    rows = tuple(row[0] if one else ir.TupleOf(row) for row in table.rows)
    values = tuple(value.expr for value in table.values)
    kind = arrays.single(table.values[0]).type
    for value in table.values[1:]:
        kind = types.common(kind, arrays.single(value).type) or kind
    expr = ir.Lookup(parts[0] if one else ir.TupleOf(parts), rows, values, kind)
    made = Typed(expr, kind, node.span)
    return arrays.many(made, (*key, *table.values), scope)
