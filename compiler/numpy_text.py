"""Printing expressions as NumPy."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import assert_never

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.numpy_functions import (
    ENCODERS,
    FUNCTIONS,
    OVER_ARRAY,
    OVER_KNOWN,
    OVER_RINGS,
    OVER_TIME,
    OVER_UNITS,
)
from epochal.compiler.printed import (
    AND,
    ATOM,
    COMPARE,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    Shape,
    Text,
    binding,
    joint,
    stretch,
)
from epochal.compiler.walk import SIGNAL_FUNCTIONS, children, walk

Refer = Callable[[ir.Ref], Text]


class Outputs(Struct, frozen=True):
    """Prints what reads outputs.

    Attributes
    ----------
    columns : callable
        The columns of a channel in an array, "outputs" or "targets".
    reduce : callable
        A reduction over time: its name, the series as printed, what it was read from, and a
        level where there is one.
    """

    columns: Callable[[str, ir.Series], str]
    reduce: Callable[[str, str, ir.Series, Text | None], Text]


class Printer(Struct, frozen=True):
    """Prints expressions of one function of the module.

    Attributes
    ----------
    refer : callable
        How a parameter, variable or score is called there.
    label : callable
        How the position of a label is called.
    outputs : Outputs or None
        Prints what reads outputs, where they are read.
    careful : bool
        Whether any value may be nan or none, so that ``!=`` must be false for them.
    nan : callable
        Whether this one may be nan.
    counted : callable or None
        How the events of a pulse train are counted, where that may be.
    pick : callable or None
        Where each value stands in a row of its own trial, the pattern that takes one value of a
        variable by a whole number.
    whole : Printer or None
        Prints whole columns where values are those of rows, ``column[at]``.
    rows : str
        How many trials there are; "1" where each step has the value of its trial.
    extern : callable
        How a Python function of the user's is called there.
    """

    refer: Refer
    label: Callable[[ir.Label], str]
    outputs: Outputs | None = None
    careful: bool = False
    counted: Refer | None = None
    pick: Callable[[ir.Ref], str] | None = None
    whole: "Printer | None" = None
    rows: str = "n"
    extern: Callable[[str], str] = lambda name: name
    nan: Callable[[ir.Expr], bool] = lambda x: False

    def text(self, expr: ir.Expr) -> str:
        """Print an expression."""
        return self.show(expr).text

    def show(self, expr: ir.Expr) -> Text:
        """Print an expression with what its surroundings must know."""
        match expr:
            case ir.Number(value, unit):
                return Text(number(value, unit), binding(value), Shape.CONSTANT)
            case ir.Truth(value):
                return Text(repr(value), ATOM, Shape.CONSTANT)
            case ir.Label():
                return Text(self.label(expr), ATOM, Shape.CONSTANT)
            case ir.Ref():
                return self.refer(expr)
            case ir.Elapsed():
                return Text("t", ATOM, Shape.TRIAL)
            case ir.Negative(x):
                inner = self.show(x)
                return Text(f"-{inner.inside(SIGN)}", SIGN, inner.shape)
            case ir.Not(x):
                inner = self.show(x)
                return Text(f"np.logical_not({inner.text})", ATOM, inner.shape)
            case ir.Arithmetic(op, a, b):
                return self._arithmetic(op, a, b)
            case ir.Comparison():
                return self._comparison(expr)
            case ir.Logical(op, a, b):
                return self._logical(op, a, b)
            case ir.Conditional():
                return self._conditional(expr)
            case ir.Call():
                return self._call(expr)
            case ir.External():
                return self._external(expr)
            case ir.SetOf(items):
                return Text(_tuple([self.text(item) for item in items]), ATOM, Shape.CONSTANT)
            case ir.TupleOf(items):
                return Text(_tuple([self.text(item) for item in items]), ATOM, Shape.CONSTANT)
            case ir.Relabel(x, source, labels):
                inner = self.show(x)
                if labels[: len(source)] == source:
                    return inner  # the same places
                listed = [str(labels.index(label)) for label in source]
                places = _tuple([*listed, *(["-1"] if self.careful else [])])  # none stays none
                return Text(f"np.array({places})[{inner.text}]", ATOM, inner.shape)
            case ir.Index(x, i):
                return self._index(x, i)
            case ir.Lookup():
                return self._lookup(expr)
            case ir.MemberOf(x, values):
                inner = self.show(x)
                return Text(f"np.isin({inner.text}, {self.text(values)})", ATOM, inner.shape)
            case ir.Series():
                assert self.outputs is not None
                return Text(self.outputs.columns("outputs", expr), ATOM, Shape.SERIES)
        assert_never(expr)

    def _pair(self, a: ir.Expr, b: ir.Expr, binds: tuple[int, int]) -> tuple[str, str, Shape]:
        """Print two operands so that their axes agree."""
        left, right = self.show(a), self.show(b)
        shape = joint((left, right))
        return stretch(left, shape, binds[0]), stretch(right, shape, binds[1]), shape

    def _arithmetic(self, op: str, a: ir.Expr, b: ir.Expr) -> Text:
        if op == "**":
            return self._power(a, b)
        merged = _unscaled(op, a, b) if op in "*/" else None
        if merged is not None:
            op, a, b = merged
        if op in "*/" and isinstance(b, ir.Number) and b.value == "1" and b.unit in _EXACT:
            return self.show(a)
        binds = SUM if op in "+-" else PRODUCT
        left, right, shape = self._pair(a, b, (binds, binds + (op in "-/")))
        return Text(f"{left} {op} {right}", binds, shape)

    def _power(self, a: ir.Expr, b: ir.Expr) -> Text:
        """Print a power by products or portable functions: NumPy's own differs by machine."""
        base = self.show(a)
        if isinstance(b, ir.Number) and b.value in ("2", "3", "4") and base.binds == ATOM:
            product = " * ".join([base.text] * int(b.value))
            return Text(product, PRODUCT, base.shape)
        left, right, shape = self._pair(a, b, (OR, OR))
        return Text(f"power({left}, {right})", ATOM, shape)

    def _comparison(self, expr: ir.Comparison) -> Text:
        left, right, shape = self._pair(expr.a, expr.b, (SUM, SUM))
        text = f"{left} {expr.op} {right}"
        if expr.labels:
            known = self._known(expr, left, right)
            return (
                Text(" & ".join([f"({text})", *known]), AND, shape)
                if known
                else (Text(text, COMPARE, shape))
            )
        if expr.op == "!=" and (self.careful or self.nan(expr.a) or self.nan(expr.b)):
            return Text(f"({left} < {right}) | ({left} > {right})", OR, shape)
        return Text(text, COMPARE, shape)

    def _known(self, expr: ir.Comparison, left: str, right: str) -> list[str]:
        """Print that labels are known, where none would pass for one: none equals nothing."""
        sides = [(left, expr.a), (right, expr.b)] if self.careful else []
        known = [f"({text} >= 0)" for text, side in sides if _may_be_none(side)]
        if expr.op == "==":
            return known[:1] if len(known) == 2 else []
        return known

    def _logical(self, op: str, a: ir.Expr, b: ir.Expr) -> Text:
        # Python's & and | bind more tightly than comparisons, so those get brackets.
        sides = [self.show(side) for side in (a, b)]
        shape = joint(sides)
        symbol, binds = ("&", AND) if op == "and" else ("|", OR)
        least = (binds if sides[0].binds == binds else SUM, SUM)
        texts = [stretch(side, shape, bind) for side, bind in zip(sides, least, strict=True)]
        return Text(f" {symbol} ".join(texts), binds, shape)

    def _conditional(self, expr: ir.Conditional) -> Text:
        parts = [self.show(part) for part in (expr.condition, expr.then, expr.otherwise)]
        shape = joint(parts)
        inner = ", ".join(stretch(part, shape, OR) for part in parts)
        return Text(f"np.where({inner})", ATOM, shape)

    def _call(self, expr: ir.Call) -> Text:
        name, arguments = expr.function, expr.arguments
        if name in OVER_TIME:
            return self._over_time(name, arguments)
        if name in SIGNAL_FUNCTIONS:
            return self._over_steps(name, arguments)
        if name == "event_count":
            assert self.counted is not None
            assert isinstance(arguments[0], ir.Ref)
            return self.counted(arguments[0])
        if name == "error":
            assert self.outputs is not None
            assert isinstance(arguments[0], ir.Series)
            sides = (self.outputs.columns(one, arguments[0]) for one in ("outputs", "targets"))
            return Text(" - ".join(sides), SUM, Shape.SERIES)
        if name in OVER_UNITS:
            if len(arguments) > 1:
                x = ", ".join(self.text(item) for item in arguments)
                return Text(f"{name}(by_slot({x}))", ATOM, Shape.ARRAY)
            inner = self.show(arguments[0])
            many = inner.shape is Shape.GRID
            text = OVER_UNITS[name].format(inner.inside(ATOM), axis=2 if many else 1)
            if name == "only" and many:
                text = f"{inner.inside(ATOM)}[:, :, 0]"
            return Text(text, ATOM, Shape.ARRAY if many else Shape.TRIAL)
        if name in ("min", "max"):
            return self._extreme(name, arguments)
        if name == "other":
            inner = self.show(arguments[0])
            if self.careful:
                choices = f"{inner.text} < 0, -1, 1 - {inner.inside(PRODUCT)}"
                return Text(f"np.where({choices})", ATOM, inner.shape)
            return Text(f"1 - {inner.inside(PRODUCT)}", SUM, inner.shape)
        if name == "position":
            inner = self.show(arguments[0])
            if self.careful and inner.shape is not Shape.CONSTANT:
                return Text(f"known_position({inner.text})", ATOM, inner.shape)
            return inner
        if name in ENCODERS:
            return self._encoder(name, arguments)
        if name in OVER_RINGS:
            return self._over_rings(name, arguments)
        if name == "previous":
            return self._previous(*arguments)
        if name == "range":
            return Text(f"np.arange({self.text(arguments[0])})[None]", ATOM, Shape.ARRAY)
        if name in OVER_ARRAY:
            return self._over_array(name, arguments)
        shown = [self.show(item) for item in arguments]
        shape = joint(shown)
        listed = ", ".join(stretch(one, shape, OR) for one in shown)
        return Text(f"{FUNCTIONS[name].format(listed)}", ATOM, shape)

    def _over_time(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        """Print what reduces an output over time."""
        assert self.outputs is not None
        series = next(node for node in walk(arguments[0]) if isinstance(node, ir.Series))
        level = self.show(arguments[1]) if len(arguments) > 1 else None
        return self.outputs.reduce(name, self.text(arguments[0]), series, level)

    def _over_steps(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        """Print what makes a signal of a signal, on the flat list of steps."""
        x, *more = (self.show(item) for item in arguments)
        shape = joint((x, *more)) if name == "latch" else x.shape
        shape = max(shape, Shape.TRIAL)
        rest = [stretch(one, shape, OR) if name == "latch" else one.text for one in more]
        given = ", ".join([stretch(x, shape, OR), "k", *rest])
        text = f"{name}({given})" if name == "latch" else f"{name}({given}, dt)"
        return Text(text, ATOM, shape)

    def _previous(self, x: ir.Expr, initial: ir.Expr) -> Text:
        """Print a look back, which takes whole columns."""
        show = self.whole or self
        column = show.show(x)
        first = stretch(show.show(initial), column.shape, OR)
        text = f"previous({column.text}, {first}, SESSION)"
        return Text(f"{text}[at]" if self.whole else text, ATOM, column.shape)

    def _external(self, expr: ir.External) -> Text:
        """Print the call of a user's function, with a check of what it gives."""
        shown = [self.show(item) for item in expr.arguments]
        many = any(one.shape is Shape.ARRAY for one in shown)
        axes = Shape.ARRAY if many else Shape.TRIAL
        listed = _tuple([stretch(one, axes, OR) for one in shown])
        units = f", {expr.units}" if expr.units else ""
        call = f'call_extern("{expr.name}", {self.extern(expr.name)}, {self.rows}, {listed}{units})'
        if not expr.units:
            return Text(call, ATOM, axes)
        return Text(call, ATOM, Shape.GRID if many else Shape.UNITS)

    def wide(self, expr: ir.Expr) -> str:
        """Print an expression so that it meets arrays value by value."""
        return stretch(self.show(expr), Shape.ARRAY, OR)

    def _index(self, x: ir.Expr, i: ir.Expr) -> Text:
        array, place = self.show(x), self.show(i)
        if self.pick is not None and isinstance(x, ir.Ref) and is_count(i):
            return Text(self.pick(x).format(place.text), ATOM, Shape.TRIAL)
        one = Shape.UNITS if array.shape is Shape.GRID else Shape.TRIAL
        if place.shape is Shape.ARRAY:
            return Text(f"elements({array.text}, {place.text})", ATOM, Shape.ARRAY)
        if self.nan(i) or (self.careful and _reads(i)):
            return Text(f"known_element({array.text}, {place.text})", ATOM, one)
        if place.shape is Shape.CONSTANT:
            column = place.text if isinstance(i, ir.Number) else f"int({place.text})"
            return Text(f"{array.inside(ATOM)}[:, {column}]", ATOM, one)
        return Text(f"element({array.text}, {place.text})", ATOM, one)

    def _over_array(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        array, size = self.show(arguments[0]), self.text(arguments[1])
        shape = Shape.UNITS if array.shape is Shape.GRID else Shape.TRIAL
        if self.careful and name in OVER_KNOWN and _may_be_nan(arguments[0]):
            return Text(f"{OVER_KNOWN[name]}({array.text})", ATOM, shape)
        text = OVER_ARRAY[name].format(x=array.inside(ATOM), plain=array.text, n=size)
        return Text(text, PRODUCT if name == "array_mean" else ATOM, shape)

    def _encoder(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        """Print one number for each unit; what is the same for all trials is one row."""
        shown = [self.show(item) for item in arguments]
        shape = joint(shown)
        text = f"{name}({', '.join(stretch(one, shape, OR) for one in shown)})"
        text += "[None]" if shape is Shape.CONSTANT else ""
        return Text(text, ATOM, Shape.GRID if shape is Shape.ARRAY else Shape.UNITS)

    def _lookup(self, expr: ir.Lookup) -> Text:
        """Print a table as it is written: a value beside every row."""
        parts = expr.key.items if isinstance(expr.key, ir.TupleOf) else (expr.key,)
        keys = [self.show(part) for part in parts]
        values = [self.show(value) for value in expr.values]
        shape = joint((*keys, *values))
        texts = [stretch(key, shape, OR) for key in keys]
        key = texts[0] if len(texts) == 1 else _tuple(texts)
        pairs = zip(expr.rows, values, strict=True)
        table = ", ".join(f"{self.text(row)}: {stretch(v, shape, OR)}" for row, v in pairs)
        none = ""
        if self.careful and any(_may_be_none(part) for part in parts):
            none = f", {_nothing(expr.gives)}"
        return Text(f"lookup({key}, {{{table}}}{none})", ATOM, shape)

    def _over_rings(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        """Print an array as one value for each unit of a channel."""
        inner, *sizes = (self.show(item) for item in arguments)
        text = OVER_RINGS[name].format(inner.text, *(size.text for size in sizes))
        repeated = name == "every_ring" and inner.shape is Shape.GRID  # a value a repetition
        shape = Shape.GRID if repeated else Shape.UNITS
        return Text(text, inner.binds if text == inner.text else ATOM, shape)

    def _extreme(self, name: str, arguments: tuple[ir.Expr, ...]) -> Text:
        shown = [self.show(item) for item in arguments]
        shape = joint(shown)
        function = "np.minimum" if name == "min" else "np.maximum"
        text = stretch(shown[0], shape, OR)
        for one in shown[1:]:
            text = f"{function}({text}, {stretch(one, shape, OR)})"
        return Text(text, ATOM, shape)


_EXACT = frozenset(ir.Unit) - {ir.Unit.RADIAN}


def number(value: str, unit: ir.Unit) -> str:
    """Print an exact decimal as the nearest Python number, in base units, angles in degrees."""
    if value in ("nan", "inf", "-inf"):
        return value.replace("nan", "np.nan").replace("inf", "np.inf")
    if unit is ir.Unit.RADIAN:
        return repr(math.degrees(float(value)))
    if "." in value or "/" in value:
        return repr(float(value))
    whole = int(value)
    if abs(whole) > 2**53:
        return repr(float(value))
    return f"{whole:_}" if abs(whole) >= 10_000 else str(whole)


def is_count(expr: ir.Expr) -> bool:
    """Whether an expression prints as a whole number of Python or NumPy, by how it is made."""
    match expr:
        case ir.Ref(_, ir.Role.INDEX):
            return True
        case ir.Number(value, ir.Unit.NONE):
            return value.lstrip("-").isdigit()
        case ir.Arithmetic("+" | "-" | "*", a, b):
            return is_count(a) and is_count(b)
        case _:
            return False


def _reads(expr: ir.Expr) -> bool:
    """Whether a value is read out of outputs, and so is nan where a span is empty."""
    return any(
        isinstance(node, ir.Series) or (isinstance(node, ir.Ref) and node.role is ir.Role.SCORE)
        for node in walk(expr)
    )


def _may_be_nan(expr: ir.Expr) -> bool:
    """Whether an array of numbers is read out of outputs, or has a nan written in it."""
    match expr:
        case ir.Number(value):
            return value == "nan"
        case ir.Series() | ir.Ref(_, ir.Role.SCORE):
            return True
        case ir.Conditional(_, then, otherwise):
            return _may_be_nan(then) or _may_be_nan(otherwise)
        case _:
            return any(_may_be_nan(child) for child in children(expr))


def _may_be_none(expr: ir.Expr) -> bool:
    """Whether a label is read out of outputs, and so is none where a span is empty."""
    return any(
        (isinstance(node, ir.Ref) and node.role is ir.Role.SCORE)
        or (isinstance(node, ir.Call) and node.function == "argmax")
        for node in walk(expr)
    )


def _nothing(kind: ir.Type) -> str:
    """Print what a lookup of no label gives: no label, false, or nan."""
    if isinstance(kind, ir.LabelType):
        return "-1"
    return "False" if kind == ir.BOOLEAN else "np.nan"


def _unscaled(op: str, a: ir.Expr, b: ir.Expr) -> tuple[str, ir.Expr, ir.Expr] | None:
    """Merge two factors of one product: ``x * 1_000_000 / 1_000_000`` is x * 1.

    Such pairs come from units: a rate in Hz times a time in us.
    """
    match a, b:
        case ir.Arithmetic("*" | "/" as first, x, ir.Number(c, one)), ir.Number(d, other):
            if ir.Unit.RADIAN in (one, other) or "nan" in (c, d):
                return None
            factor = Fraction(c) ** (1 if first == "*" else -1)
            factor *= Fraction(d) ** (1 if op == "*" else -1)
            if factor.denominator == 1:
                return "*", x, ir.Number(str(factor.numerator))
            if factor.numerator == 1:
                return "/", x, ir.Number(str(factor.denominator))
    return None


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
