"""Interval arithmetic over expressions: what values a quantity can take.

Bounds are exact fractions as long as the operations are, floats after a square root or an
exponential.  An interval may exclude its upper end (``wrap`` gives [0, 360)), and may hold whole
numbers only.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.distributions import DISTRIBUTIONS, IN_TURN

Bound = Fraction | float

INFINITY = math.inf

_EXACT = 2**53  # floats hold every whole number up to here


class Interval(Struct, frozen=True):
    """Values from ``low`` to ``high`` in base units; ``high`` itself is left out if ``open``."""

    low: Bound
    high: Bound
    open: bool = False
    whole: bool = False

    @property
    def is_point(self) -> bool:
        """Whether only one value is possible."""
        return self.low == self.high

    def __contains__(self, value: Bound) -> bool:
        """Whether a value is possible."""
        return self.low <= value and (value < self.high if self.open else value <= self.high)

    def hull(self, other: "Interval") -> "Interval":
        """Cover both intervals."""
        high = max(self.high, other.high)
        closed = any(one.high == high and not one.open for one in (self, other))
        return Interval(min(self.low, other.low), high, not closed, self.whole and other.whole)


ANYTHING = Interval(-INFINITY, INFINITY)
TRUTH = Interval(Fraction(0), Fraction(1), whole=True)

Known = Mapping[ir.Ref, Interval]


def point(value: Bound | int) -> Interval:
    """Hold one value."""
    exact: Bound = Fraction(value) if isinstance(value, int) else value
    whole = isinstance(exact, Fraction) and exact.denominator == 1
    return Interval(exact, exact, whole=whole)


def interval(expr: ir.Expr, known: Known) -> Interval:
    """Bound an expression, given bounds of what it refers to; a set gives the hull of its members.

    Division by an interval that holds 0 gives ``ANYTHING``; the checks report it.
    """
    match expr:
        case ir.Number(value, unit):
            return _number(value, unit)
        case ir.Truth(value):
            return point(int(value))
        case ir.Ref():
            return known.get(expr, ANYTHING)
        case ir.Elapsed():
            return Interval(Fraction(0), INFINITY)
        case ir.Negative(x):
            return _negative(interval(x, known))
        case ir.Arithmetic(op, a, b):
            return OPERATORS[op](interval(a, known), interval(b, known))
        case ir.Not() | ir.Comparison() | ir.Logical() | ir.MemberOf():
            return TRUTH
        case ir.Conditional(_, then, otherwise):
            return interval(then, known).hull(interval(otherwise, known))
        case ir.Call(function, arguments):
            return _call(function, tuple(interval(item, known) for item in arguments))
        case ir.SetOf(items) | ir.Lookup(values=items):
            return _hull(tuple(interval(item, known) for item in items))
        case ir.Index(x):
            return interval(x, known)
        case ir.Label() | ir.Relabel() | ir.TupleOf() | ir.Series() | ir.External():
            return ANYTHING
    assert_never(expr)


def support(law: ir.Distribution, known: Known) -> Interval:
    """Bound what a distribution can give."""
    match law:
        case ir.Law(name, arguments):
            bounds = tuple(interval(item, known) for item in arguments)
            low, high = DISTRIBUTIONS[name].support(tuple((one.low, one.high) for one in bounds))
            whole = DISTRIBUTIONS[name].whole or (
                name in ("choice", "except", "sample", "alternate", "markov", IN_TURN)
                and bounds[0].whole
            )
            return Interval(low, high, whole=whole)
        case ir.EitherLaw(_, then, otherwise):
            return support(then, known).hull(support(otherwise, known))
        case ir.QuantizedLaw(inner, step):
            return quantized(support(inner, known), interval(step, known))
    assert_never(law)


def quantized(x: Interval, step: Interval) -> Interval:
    """Bound what is rounded to the nearest multiple of a step; a tie may go either way."""
    if not step.is_point:
        half = step.high / 2
        return Interval(_plus(x.low, -half, -INFINITY), _plus(x.high, half, INFINITY))
    return Interval(
        _multiple(x.low, step.low, math.ceil, Fraction(-1, 2)),
        _multiple(x.high, step.low, math.floor, Fraction(1, 2)),
        whole=step.whole,
    )


def _multiple(end: Bound, step: Bound, whole: Callable[[Bound], int], half: Fraction) -> Bound:
    if math.isinf(end):
        return end
    return tame(whole(end / step + half) * step)


def constant(expr: ir.Expr, known: Known) -> Fraction | None:
    """Give the one value an expression can have, where that is exact."""
    bounds = interval(expr, known)
    return bounds.low if bounds.is_point and isinstance(bounds.low, Fraction) else None


def _number(value: str, unit: ir.Unit) -> Interval:
    if value == "nan":
        return ANYTHING
    if value == "inf":
        return Interval(INFINITY, INFINITY)
    if unit is ir.Unit.RADIAN:
        return point(math.degrees(float(value)))
    return point(Fraction(value))


def tame(value: Bound) -> Bound:
    """Round a fraction that has grown too long to a float, so that no text can cost much."""
    if isinstance(value, float) or _length(value) < 1000:
        return value
    if abs(value) > 2**1000:
        return INFINITY if value > 0 else -INFINITY
    return float(value)


def _length(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _hull(parts: tuple[Interval, ...]) -> Interval:
    total = parts[0]
    for part in parts[1:]:
        total = total.hull(part)
    return total


def _negative(x: Interval) -> Interval:
    return Interval(-x.high, -x.low, whole=x.whole)


def _plus(a: Bound, b: Bound, unsure: float) -> Bound:
    """Add two bounds; ``unsure`` stands where infinities cancel."""
    total = tame(a + b)
    return unsure if math.isnan(total) else total


def add(a: Interval, b: Interval) -> Interval:
    """Bound a sum."""
    low, high = _plus(a.low, b.low, -INFINITY), _plus(a.high, b.high, INFINITY)
    return Interval(low, high, a.open or b.open, a.whole and b.whole)


def _subtract(a: Interval, b: Interval) -> Interval:
    return replace(add(a, _negative(b)), open=a.open)


def _product(a: Bound, b: Bound) -> Bound:
    return Fraction(0) if a == 0 or b == 0 else tame(a * b)


def multiply(a: Interval, b: Interval) -> Interval:
    """Bound a product."""
    ends = [_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    open_ = (a.open and b.is_point and b.low > 0) or (b.open and a.is_point and a.low > 0)
    return Interval(min(ends), max(ends), open_, a.whole and b.whole)


def _divide(a: Interval, b: Interval) -> Interval:
    if b.low <= 0 <= b.high:
        return ANYTHING
    inverse = Interval(1 / b.high, 1 / b.low)
    return replace(multiply(a, inverse), whole=False)


def _power(a: Interval, b: Interval) -> Interval:
    whole = a.whole and b.whole and b.low >= 0
    if b.is_point and isinstance(b.low, Fraction) and b.low.denominator == 1 and abs(b.low) <= 64:
        exponent = int(b.low)
        if exponent < 0 and 0 in a:
            return ANYTHING
        ends = [_raise(a.low, exponent), _raise(a.high, exponent)]
        if exponent % 2 == 0 and 0 in a:
            ends.append(Fraction(0))
        return Interval(min(ends), max(ends), whole=whole)
    if a.low <= 0:
        return ANYTHING
    corners = [_raise(x, float(y)) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Interval(min(corners), max(corners), whole=False)


def _raise(base: Bound, exponent: int | float) -> Bound:
    if base == 0 or isinstance(exponent, float) or not isinstance(base, Fraction):
        try:
            return float(base) ** exponent
        except OverflowError:
            return INFINITY
    return tame(base**exponent)


OPERATORS: Mapping[str, Callable[[Interval, Interval], Interval]] = {
    "+": add,
    "-": _subtract,
    "*": multiply,
    "/": _divide,
    "**": _power,
}


def _floor(x: Interval) -> Interval:
    if math.isinf(x.low) or math.isinf(x.high):
        return replace(x, whole=True)
    high = math.floor(x.high)
    if x.open and high == x.high:
        high -= 1
    return Interval(Fraction(math.floor(x.low)), Fraction(high), whole=True)


def _mod(a: Interval, b: Interval) -> Interval:
    if not b.low > 0:
        return ANYTHING
    if a.is_point and b.is_point:
        return point(a.low - b.low * math.floor(a.low / b.low))
    if a.whole and b.whole and a.low >= -_EXACT and a.high <= _EXACT:
        return Interval(Fraction(0), b.high - 1, whole=True)
    return Interval(Fraction(0), b.high, True)


def _sign(x: Interval) -> Interval:
    low = -1 if x.low < 0 else 1 if x.low > 0 else 0
    high = 1 if x.high > 0 else -1 if x.high < 0 else 0
    return Interval(Fraction(low), Fraction(high), whole=True)


def _wrap(x: Interval) -> Interval:
    whole_turn = Interval(Fraction(0), Fraction(360), True)
    return _mod(x, point(360)) if x.is_point else whole_turn


def _angle_between(a: Interval, b: Interval) -> Interval:
    if not (a.is_point and b.is_point):
        return Interval(Fraction(-180), Fraction(180))
    turned = _wrap(point(a.low - b.low))
    return point(turned.low - 360) if turned.low > 180 else turned


def _abs(x: Interval) -> Interval:
    if x.low >= 0:
        return x
    low: Bound = Fraction(0) if x.high >= 0 else -x.high
    return Interval(low, max(-x.low, x.high), whole=x.whole)


def _monotone(function: Callable[[float], float], lowest: float) -> Callable[[Interval], Interval]:
    def bound(x: Interval) -> Interval:
        if x.low < lowest:
            return ANYTHING
        return Interval(function(float(x.low)), function(float(x.high)))

    return bound


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else INFINITY


def _log(x: float) -> float:
    return -INFINITY if x == 0 else math.log(x)


def _clip(x: Interval, low: Interval, high: Interval) -> Interval:
    return Interval(
        min(max(x.low, low.low), high.high),
        max(min(x.high, high.high), low.low),
        whole=x.whole and low.whole and high.whole,
    )


def _rescale(x: Interval, *ends: Interval) -> Interval:
    of_low, of_high, onto_low, onto_high = ends
    slope = _divide(_subtract(onto_high, onto_low), _subtract(of_high, of_low))
    return add(onto_low, multiply(_subtract(x, of_low), slope))


def _call(function: str, arguments: tuple[Interval, ...]) -> Interval:
    match function:
        case "floor":
            return _floor(arguments[0])
        case "mod":
            return _mod(*arguments)
        case "abs":
            return _abs(arguments[0])
        case "sqrt":
            return _monotone(math.sqrt, 0)(arguments[0])
        case "exp":
            return _monotone(_exp, -INFINITY)(arguments[0])
        case "log":
            return _monotone(_log, 0)(arguments[0])
        case "sin" | "cos" | "cosine_tuning":
            return Interval(Fraction(-1), Fraction(1))
        case "sign":
            return _sign(arguments[0])
        case "wrap":
            return _wrap(arguments[0])
        case "angle_between":
            return _angle_between(*arguments)
        case "bump" | "vonmises" | "onehot":
            return Interval(Fraction(0), Fraction(1))
        case "opponent":
            return arguments[0].hull(_negative(arguments[0]))
        case "evidence":
            return arguments[1].hull(_negative(arguments[1]))
        case "each_unit" | "side_by_side" | "each_ring" | "every_ring":
            return arguments[0]
        case "range":
            return Interval(Fraction(0), arguments[0].high - 1, whole=True)
        case "event_count":
            return Interval(Fraction(0), arguments[1].high, whole=True)
        case "latch":
            return arguments[0].hull(arguments[1])
        case "lag" | "ema":
            reach = arguments[0].hull(point(0))
            return replace(reach, whole=reach.whole and function == "lag")
        case "integral":
            return multiply(arguments[0], Interval(Fraction(0), INFINITY))
        case "array_sum":
            return multiply(*arguments)
        case "array_mean" | "array_min" | "array_max":
            return replace(arguments[0], whole=arguments[0].whole and function != "array_mean")
        case "array_count":
            return Interval(Fraction(0), arguments[1].high, whole=True)
        case "array_any" | "array_all":
            return TRUTH
        case "clip":
            return _clip(*arguments)
        case "previous":
            return arguments[0].hull(arguments[1])
        case "rescale":
            return _rescale(*arguments)
        case "min":
            return Interval(
                min(one.low for one in arguments),
                min(one.high for one in arguments),
                whole=all(one.whole for one in arguments),
            )
        case "max":
            return Interval(
                max(one.low for one in arguments),
                max(one.high for one in arguments),
                whole=all(one.whole for one in arguments),
            )
        case _:
            return ANYTHING
