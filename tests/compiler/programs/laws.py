"""Distributions: what may stand after ``~`` or in a duration."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from programs.expressions import expression
from programs.literals import UNITS, quantity
from programs.names import Place
from programs.pen import Pen

LAWS = {
    "number": "uniform normal truncnormal exponential geometric poisson integers choice set except"
    " quantize either",
    "time": "uniform truncnormal exponential choice set except quantize either",
    "frequency": "uniform exponential choice set except quantize either",
    "angle": "uniform normal truncnormal choice set except quantize either",
    "boolean": "bernoulli either",
    "label": "choice set except either",
}


@dataclass(frozen=True)
class Law:
    """A distribution and what is known of its draws."""

    text: str
    low: float | None = None
    high: float | None = None
    whole: bool = False


def law(
    pen: Pen,
    place: Place,
    kind: str,
    labels: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    depth: int = 1,
) -> Law:
    """Write a distribution that gives a kind; those of times are never negative."""
    names = [name for name in LAWS[kind].split() if name not in without]
    if kind == "label" and (len(labels) < 2 or not place.of("label", labels)):
        names = [name for name in names if name != "except"]
    if depth < 1:
        names = [name for name in names if name not in ("either", "quantize")]
    name = pen.choose("law", names)
    if name == "either":
        condition = expression(pen, place, "boolean", 2)
        one, other = (law(pen, place, kind, labels, without, depth - 1) for _ in range(2))
        return Law(
            f"{one.text} if {condition} else {other.text}",
            _joint(min, one.low, other.low),
            _joint(max, one.high, other.high),
            one.whole and other.whole,
        )
    if name == "quantize":
        return _quantized(pen, place, kind, without, depth)
    if name in ("choice", "set", "except"):
        return _of_set(pen, place, name, kind, labels)
    return _QUANTITIES[name](pen, place, kind)


def _quantized(pen: Pen, place: Place, kind: str, without: tuple[str, ...], depth: int) -> Law:
    """Write a law whose draws are rounded; of times a zero length is legal."""
    inner = law(pen, place, kind, (), without, depth - 1)
    step = pen.one_of([1, 2, 5]) if kind == "number" else pen.one_of([5, 7, 20])
    low = None if inner.low is None else step * math.ceil(inner.low / step - 0.5)
    high = None if inner.high is None else step * math.floor(inner.high / step + 0.5)
    text = f"quantize({inner.text}, {quantity(step, kind)})"
    return Law(text, low, high, kind == "number")


def _joint(
    choose: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    return None if a is None or b is None else choose(a, b)


def _of_set(pen: Pen, place: Place, name: str, kind: str, labels: tuple[str, ...]) -> Law:
    if kind == "label":
        if name == "except":
            values = place.of("label", labels)
            taken = pen.one_of([*(value.name for value in values), labels[0]])
            return Law(f"except({{{', '.join(labels)}}}, {taken})")
        members = weighted(pen, labels, place)
        return Law(f"choice({members})" if name == "choice" else members)
    sets = [one for one in place.world.sets if one.kind == kind]
    if sets and pen.whole(0, 1):
        one = pen.one_of(sets)
        text, low, high, n = one.name, one.low, one.high, len(one.members)
    else:
        numbers = levels(pen, kind)
        low, high, n = min(numbers), max(numbers), len(numbers)
        text = weighted(pen, [quantity(x, kind) for x in numbers], place)
    if name == "except" and n > 1:
        taken = expression(pen, place.narrow(), kind, 1)
        return Law(f"except({text}, {taken})", low, high)
    whole = kind == "number" and text.startswith("{") and "." not in text and "%" not in text
    return Law(text if name == "set" else f"choice({text})", low, high, whole)


def levels(pen: Pen, kind: str) -> list[float]:
    """Choose some numbers, none twice; those of times are never negative."""
    start = pen.whole(0 if kind in ("time", "frequency") else -2, 5)
    step = pen.one_of([1, 2, 0.5]) if kind == "number" else pen.one_of([5, 7.5, 20])
    return [start + step * k for k in range(pen.whole(1, 4))]


def weighted(pen: Pen, members: list[str] | tuple[str, ...], place: Place | None = None) -> str:
    """Write a set, with weights or without; drawn ones may stand where there is a place."""
    items = list(members)
    if place is not None and pen.takes("drawn weights"):
        one = [f"(abs({expression(pen, place, 'number', 1)}) + 0.5)" for _ in items]
        return "{" + ", ".join(f"{a}: {b}" for a, b in zip(items, one, strict=True)) + "}"
    if pen.takes("weights"):
        items = [f"{one}: {pen.one_of(['1', '2', '3', '50%', '0.5'])}" for one in items]
    return "{" + ", ".join(items) + "}"


def _uniform(pen: Pen, place: Place, kind: str) -> Law:
    low, high = _range(pen, kind)
    if pen.whole(0, 3) == 0:
        gap = quantity(high - low + 1, kind)
        start = expression(pen, place, kind, 1)
        start = f"clip({start}, {quantity(low, kind)}, {quantity(high, kind)})"
        return Law(f"uniform({start}, {start} + {gap})", low, 2 * high - low + 1)
    return Law(f"uniform({quantity(low, kind)}, {quantity(high, kind)})", low, high)


def _range(pen: Pen, kind: str) -> tuple[float, float]:
    """Choose a low and a high end in the unit of bounds."""
    low = pen.whole(0 if kind in ("time", "frequency") else -3, 12)
    return low, low + pen.whole(1, 30) * (0.5 if kind == "number" else 1)


def _normal(pen: Pen, place: Place, kind: str) -> Law:
    mean, sd = expression(pen, place, kind, 1), pen.one_of(["1", "0.3", "12"])
    sd = f"{sd}{UNITS[kind]}"
    if pen.whole(0, 2) == 0:
        sd = f"abs({expression(pen, place, kind, 1)})"
    return Law(f"normal({mean}, sd = {sd})")


def _truncnormal(pen: Pen, place: Place, kind: str) -> Law:
    low, high = _range(pen, kind)
    ends = f"{quantity(low, kind)}, {quantity(high, kind)}"
    middle = quantity((low + high) / 2, kind)
    if pen.whole(0, 2) == 0:
        middle = f"clip({expression(pen, place, kind, 1)}, {ends})"
    sd = quantity(max((high - low) / pen.one_of([1, 2, 4]), 0.001), kind)
    return Law(f"truncnormal({middle}, {sd}, min = {ends.replace(', ', ', max = ')})", low, high)


def _exponential(pen: Pen, place: Place, kind: str) -> Law:
    low, high = _range(pen, kind)
    mean = quantity(pen.one_of([0.5, 3, 20]), kind)
    if pen.whole(0, 2) == 0:
        mean = f"(abs({expression(pen, place, kind, 1)}) + {mean})"
    form = pen.whole(0, 2)
    if form == 0 and kind != "time":
        return Law(f"exponential({mean})", 0)
    if form == 1:
        return Law(f"exponential({mean}, max = {quantity(high, kind)})", 0, max(high, 0))
    return Law(
        f"exponential({mean}, min = {quantity(low, kind)}, max = {quantity(high, kind)})", low, high
    )


def _geometric(pen: Pen, place: Place, kind: str) -> Law:
    p = probability(pen, place, "5%", "95%")
    form = pen.whole(0, 2)
    if form == 0:
        return Law(f"geometric({p})", 1, None, True)
    if form == 1:
        return Law(f"geometric({p}, max = 5)", 1, 5, True)
    return Law(f"geometric({p}, min = 2, max = 4)", 2, 4, True)


def probability(pen: Pen, place: Place, low: str = "0", high: str = "1") -> str:
    if pen.whole(0, 1):
        return pen.one_of(["50%", "0.3", "0.9", "20%"])
    return f"clip({expression(pen, place, 'number', 1)}, {low}, {high})"


def _poisson(pen: Pen, place: Place, kind: str) -> Law:
    rate = pen.one_of(["2", "0.7", f"clip({expression(pen, place, 'number', 1)}, 0, 9)"])
    most = pen.whole(1, 6)
    return Law(f"poisson({rate}, max = {most})", 0, most, True)


def _bernoulli(pen: Pen, place: Place, kind: str) -> Law:
    return Law(f"bernoulli({probability(pen, place)})")


def _integers(pen: Pen, place: Place, kind: str) -> Law:
    low, high = pen.whole(-1, 2), pen.whole(2, 5)
    known = [
        value
        for value in place.of("number")
        if value.whole and value.low is not None and value.low >= low and not value.size
    ]
    if known and pen.whole(0, 1):
        top = pen.one_of(known)
        return Law(f"integers({low}, {top.name})", low, top.high, True)
    return Law(f"integers({low}, {high})", low, high, True)


_QUANTITIES: dict[str, Callable[[Pen, Place, str], Law]] = {
    "uniform": _uniform,
    "normal": _normal,
    "truncnormal": _truncnormal,
    "exponential": _exponential,
    "geometric": _geometric,
    "poisson": _poisson,
    "bernoulli": _bernoulli,
    "integers": _integers,
}
