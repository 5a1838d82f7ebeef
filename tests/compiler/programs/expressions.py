"""Expressions by type: every operator and function, on what is in scope.

Each writer gives the text of an expression of its type that cannot leave the domain of a
function, or None where there is nothing to write it of.
"""

from collections.abc import Callable
from functools import partial

import externs_for_programs as externs

from programs import signals
from programs.literals import UNITS, literal
from programs.names import Place, Value, Writers
from programs.pen import Pen

QUANTITIES = ("number", "time", "frequency", "angle")


def expression(
    pen: Pen, place: Place, kind: str, depth: int = 2, labels: tuple[str, ...] = ()
) -> str:
    """Write an expression of a kind; ``labels`` are those that a label may be."""
    if kind == "label":
        return _label(pen, place, labels, depth)
    simple: Writers = {
        "literal": lambda: literal(pen, kind),
        "value": lambda: _value(pen, place, kind),
    }
    writers = {**simple, **_WRITERS[kind](pen, place, depth - 1)} if depth > 0 else simple
    text = pen.write(kind, writers)
    assert text is not None
    return text


def _value(pen: Pen, place: Place, kind: str) -> str | None:
    values = place.of(kind)
    return pen.one_of(values).name if values else None


def number(pen: Pen, place: Place, depth: int) -> str:
    return expression(pen, place, "number", depth)


def _numbers(pen: Pen, place: Place, depth: int) -> Writers:
    def one(kind: str = "number") -> str:
        return expression(pen, place, kind, depth)

    calls: Writers = {
        "abs": lambda: f"abs({one()})",
        "sqrt": lambda: f"sqrt(abs({one()}))",
        "exp": lambda: f"exp(clip({one()}, -4, 3))",
        "log": lambda: f"log(abs({one()}) + 0.3)",
        "sin": lambda: f"sin({one('angle')} + 7 deg)",
        "cos": lambda: f"cos({one('angle')} + 11 deg)",
        "sign": lambda: f"sign({one(pen.one_of(QUANTITIES))})",
        "floor": lambda: f"floor({one()})",
        "mod": lambda: f"mod({one()}, {pen.one_of(['2', '3', '0.7'])})",
        "rescale": lambda: _rescale(pen, place, "number", depth),
        "power": lambda: _power(pen, one()),
        "ratio": lambda: _ratio(pen, place, depth),
        "time times frequency": lambda: f"({one('time')} * {one('frequency')})",
        "truth": lambda: f"({one('boolean')} {pen.one_of('+*')} {one()})",
        "position": lambda: _position(pen, place, depth),
        "count": lambda: _reduction(pen, place, "boolean", ["count", "sum"], depth),
        "negative": lambda: f"(-{one()})",
    }
    calls |= {
        "signal": lambda: signals.signal(pen, place),
        "signals together": lambda: signals.together(pen, place),
        "event count": lambda: signals.event_count(pen, place),
        "integral": lambda: signals.integral(pen, place, "number", depth),
        "extern": lambda: _extern(pen, place, depth),
    }
    return calls | _shared(pen, place, "number", depth) | _read_out(pen, place, "number")


def _extern(pen: Pen, place: Place, depth: int) -> str | None:
    """Write a call of Python code, which stands in drives and targets alone."""
    if not place.externs:
        return None
    name = pen.one_of(list(externs.NUMBERS))
    arguments = [expression(pen, place, kind, depth) for kind in externs.NUMBERS[name]]
    return f"{name}({', '.join(arguments)})"


def _power(pen: Pen, base: str) -> str:
    if pen.whole(0, 1):
        return f"clip({base}, -9, 9) ** {pen.one_of('23')}"
    return f"(abs({base}) + 0.2) ** {pen.one_of(['0.5', '-1', '1.5', '(-0.5)'])}"


def _ratio(pen: Pen, place: Place, depth: int) -> str:
    kind = pen.one_of(QUANTITIES)
    other = expression(pen, place, kind, depth)
    divisor = pen.one_of([f"4{UNITS[kind]}", f"(abs({other}) + 3{UNITS[kind]})"])
    return f"({expression(pen, place, kind, depth)} / {divisor})"


def _position(pen: Pen, place: Place, depth: int) -> str | None:
    labels = _set_in_scope(pen, place)
    return f"position({_label(pen, place, labels, depth, bare=False)})" if labels else None


def _times(pen: Pen, place: Place, depth: int) -> Writers:
    def one(kind: str = "time") -> str:
        return expression(pen, place, kind, depth)

    more: Writers = {
        "of a number": lambda: f"({one('number')} * {literal(pen, 'time')})",
        "by a number": lambda: f"({one()} / {pen.one_of(['2', '3', '0.5'])})",
        "period": lambda: f"(2 / {literal(pen, 'frequency')})",
        "of an angle": lambda: f"({one('angle')} / (90 deg / 1 s))",
        "elapsed": lambda: _elapsed(pen, place),
        "integral": lambda: signals.integral(pen, place, "time", depth),
        "mod": lambda: f"mod({one()}, {pen.one_of(['20 ms', '7 ms'])})",
        "rescale": lambda: _rescale(pen, place, "time", depth),
    }
    return more | _shared(pen, place, "time", depth) | _read_out(pen, place, "time")


def _elapsed(pen: Pen, place: Place) -> str | None:
    hidden = any(value.name == "t" for value in place.values)
    return "t" if place.elapsed and not hidden else None


def _frequencies(pen: Pen, place: Place, depth: int) -> Writers:
    def one(kind: str = "frequency") -> str:
        return expression(pen, place, kind, depth)

    more: Writers = {
        "of a number": lambda: f"({one('number')} * {literal(pen, 'frequency')})",
        "inverse": lambda: f"(2 / (abs({one('time')}) + 4 ms))",
        "rescale": lambda: _rescale(pen, place, "frequency", depth),
    }
    return more | _shared(pen, place, "frequency", depth)


def _angles(pen: Pen, place: Place, depth: int) -> Writers:
    def one(kind: str = "angle") -> str:
        return expression(pen, place, kind, depth)

    more: Writers = {
        "of a number": lambda: f"({one('number')} * {literal(pen, 'angle')})",
        "speed": lambda: f"({one('time')} * (45 deg / 1 s))",
        "wrap": lambda: f"wrap({one()})",
        "between": lambda: f"angle_between({one()}, {one()})",
        "rescale": lambda: _rescale(pen, place, "angle", depth),
    }
    return more | _shared(pen, place, "angle", depth) | _read_out(pen, place, "angle")


def _shared(pen: Pen, place: Place, kind: str, depth: int) -> Writers:
    """List what can be written of quantities of any one type."""

    def one() -> str:
        return expression(pen, place, kind, depth)

    return {
        "sum": lambda: f"({one()} {pen.one_of('+-')} {one()})",
        "product": lambda: f"({one()} * {expression(pen, place, 'number', depth)})",
        "quotient": lambda: f"({one()} / (abs({expression(pen, place, 'number', depth)}) + 1))",
        "conditional": lambda: (
            f"({one()} if {expression(pen, place, 'boolean', depth)} else {one()})"
        ),
        "min": lambda: f"min({one()}, {one()})",
        "max": lambda: f"max({', '.join(one() for _ in range(pen.whole(2, 3)))})",
        "clip": lambda: f"clip({one()}, 1{UNITS[kind]}, {pen.whole(2, 40)}{UNITS[kind]})",
        "element": lambda: _element(pen, place, kind, depth),
        "reduction": lambda: _reduction(pen, place, kind, ["sum", "mean", "min", "max"], depth),
        "range": lambda: _range(place) if kind == "number" else None,
        "over time": lambda: signals.over_time(pen, place, kind, depth),
        "previous": lambda: _previous(pen, place, kind),
        "lookup": lambda: _lookup(pen, place, one, depth),
    }


def _previous(pen: Pen, place: Place, kind: str, labels: tuple[str, ...] = ()) -> str | None:
    """Write what a variable was on the trial before, or on the one before that."""
    if not place.world.history:
        return None
    indices = {one.name for one in place.world.indices.values()}
    values = [v for v in place.of(kind, labels) if not v.fixed and v.name not in indices]
    if not values:
        return None
    value = pen.one_of(values)
    # `initial` of an array would make an array of one value.
    initials = [v.name for v in values if not v.size]
    firsts = [*initials, pen.one_of(labels) if labels else literal(pen, kind)]
    text = f"previous({value.name}, initial = {pen.one_of(firsts)})"
    if pen.whole(0, 4) == 0:
        text = f"previous({text}, initial = {pen.one_of(firsts)})"
    return text


def _lookup(
    pen: Pen, place: Place, one: Callable[[], str], depth: int, labels: tuple[str, ...] = ()
) -> str:
    """Write a table with a row for all that its key can be; ``one`` writes a value."""
    labels = labels or _set_in_scope(pen, place)
    truths = ("true", "false")
    asked = expression(pen, place, "boolean", depth)
    if not labels:
        return f"lookup({asked}, {{{', '.join(f'{row}: {one()}' for row in truths)}}})"
    label = _label(pen, place, labels, depth, bare=False)
    if pen.whole(0, 2):
        return f"lookup({label}, {{{', '.join(f'{row}: {one()}' for row in labels)}}})"
    rows = [f"({label}, {truth})" for label in labels for truth in truths]
    return f"lookup(({label}, {asked}), {{{', '.join(f'{row}: {one()}' for row in rows)}}})"


def _range(place: Place) -> str | None:
    return f"range({place.size})" if place.size else None


def _rescale(pen: Pen, place: Place, onto: str, depth: int) -> str:
    kind = pen.one_of(QUANTITIES)
    x = expression(pen, place, kind, depth)
    ends = f"of = (0{UNITS[kind]}, {pen.whole(1, 50)}{UNITS[kind]})"
    goal = f"onto = ({literal(pen, onto)}, {literal(pen, onto)})"
    return f"rescale({x}, {ends}, {goal})"


def _element(
    pen: Pen, place: Place, kind: str, depth: int, labels: tuple[str, ...] = ()
) -> str | None:
    """Write one value of an array, or several where arrays may stand."""
    arrays = place.arrays(kind)
    if kind == "label":
        arrays = [one for one in arrays if set(one.labels) <= set(labels)]
    if not arrays:
        return None
    array = pen.one_of(arrays)
    return f"{array.name}[{index(pen, place, array.size, depth)}]"


def index(pen: Pen, place: Place, n: int, depth: int = 0) -> str:
    """Write a whole number from 0 to n - 1."""
    fits = [
        value
        for value in place.values
        if value.kind == "number"
        and value.whole
        and not value.size
        and value.low is not None
        and value.high is not None
        and value.low >= 0
        and value.high <= n - 1
    ]
    choice = pen.whole(0, 3)
    if fits and choice:
        return pen.one_of(fits).name
    if choice == 1 and depth > 0:
        return f"floor(clip({expression(pen, place.narrow(), 'number', 1)}, 0, {n - 1}))"
    return str(pen.whole(0, n - 1))


def _reduction(pen: Pen, place: Place, kind: str, functions: list[str], depth: int) -> str | None:
    """Write one value of a whole array."""
    arrays = place.arrays(kind)
    if not arrays:
        return None
    array = pen.one_of(arrays)
    wide = place.wide(array.size)
    if kind == "boolean":
        inner = pen.one_of([array.name, f"(not {array.name})"])
        if depth > 0 and pen.whole(0, 1):
            inner = f"({array.name} {pen.one_of(['and', 'or'])} {expression(pen, wide, kind, 1)})"
    else:
        inner = array.name
        if depth > 0 and pen.whole(0, 1):
            inner = f"({array.name} {pen.one_of('+-')} {expression(pen, wide, kind, 1)})"
    return f"{pen.one_of(functions)}({inner})"


def _booleans(pen: Pen, place: Place, depth: int) -> Writers:
    def one() -> str:
        return expression(pen, place, "boolean", depth)

    return {
        "comparison": lambda: _comparison(pen, place, depth),
        "of labels": lambda: _of_labels(pen, place, depth),
        "in": lambda: _member(pen, place, depth),
        "in labels": lambda: _in_labels(pen, place, depth),
        "and": lambda: f"({one()} and {one()})",
        "or": lambda: f"({one()} or {one()})",
        "not": lambda: f"(not {one()})",
        "conditional": lambda: f"({one()} if {one()} else {one()})",
        "any": lambda: _reduction(pen, place, "boolean", ["any", "all"], depth),
        "element": lambda: _element(pen, place, "boolean", depth),
        "previous": lambda: _previous(pen, place, "boolean"),
        "lookup": lambda: _lookup(pen, place, one, depth),
    }


def _comparison(pen: Pen, place: Place, depth: int) -> str:
    kind = pen.one_of(QUANTITIES)
    left, right = (expression(pen, place, kind, depth) for _ in range(2))
    return f"({left} {pen.one_of(['<', '<=', '>', '>=', '==', '!='])} {right})"


def _of_labels(pen: Pen, place: Place, depth: int) -> str | None:
    labels = _set_in_scope(pen, place)
    if not labels:
        return None
    left = _label(pen, place, labels, depth, bare=False)
    right = _label(pen, place, labels, depth)
    return f"({left} {pen.one_of(['==', '!='])} {right})"


def _member(pen: Pen, place: Place, depth: int) -> str:
    kind = pen.one_of(QUANTITIES)
    sets = [one.name for one in place.world.sets if one.kind == kind]
    literals = dict.fromkeys(literal(pen, kind) for _ in range(3))
    members = pen.one_of([*sets, "{" + ", ".join(_distinct(literals)) + "}"])
    return f"({expression(pen, place, kind, depth)} in {members})"


def _distinct(literals: dict[str, None]) -> list[str]:
    """Leave out literals that are the same quantity as one before."""
    same = {"50%": "0.5", "1e-1": "0.1", "2e0": "2", "0.03 s": "30 ms", "500 us": "0.5 ms"}
    same |= {"0.02 kHz": "20 Hz"}
    return list({same.get(one, one): one for one in literals}.values())


def _in_labels(pen: Pen, place: Place, depth: int) -> str | None:
    labels = _set_in_scope(pen, place)
    if not labels:
        return None
    some = pen.some(labels, 1)
    return f"({_label(pen, place, labels, depth, bare=False)} in {{{', '.join(some)}}})"


def _set_in_scope(pen: Pen, place: Place) -> tuple[str, ...]:
    """Choose the labels of a value that is in scope; () where there is none."""
    values = [v for v in place.values if v.kind == "label" and v.size in (0, place.size)]
    return pen.one_of(values).labels if values else ()


def _label(
    pen: Pen, place: Place, labels: tuple[str, ...], depth: int, *, bare: bool = True
) -> str:
    """Write a label of a set; ``bare`` allows one written out."""

    def same() -> list[Value]:
        return [value for value in place.of("label", labels) if value.labels == labels]

    def one() -> str:
        return _label(pen, place, labels, depth - 1)

    def other() -> str | None:
        values = [value for value in same() if len(labels) == 2]
        return f"other({pen.one_of(values).name})" if values else None

    values = place.of("label", labels)
    writers: dict[str, Callable[[], str | None]] = {
        "value": lambda: pen.one_of(values).name if values else None
    }
    if bare:
        writers["literal"] = lambda: pen.one_of(labels)
    if depth > 0:
        writers["other"] = other
        writers["previous"] = partial(_previous, pen, place, "label", labels)
        writers["element"] = partial(_element, pen, place, "label", depth - 1, labels)
        condition = partial(expression, pen, place, "boolean", depth - 1)
        if bare:
            writers["lookup"] = partial(_lookup, pen, place, one, 0)
        if bare:
            writers["conditional"] = lambda: f"({one()} if {condition()} else {one()})"
    text = pen.write("label", writers)
    return text if text is not None else pen.one_of(labels)


def _read_out(pen: Pen, place: Place, kind: str) -> Writers:
    return place.reader(pen, place, kind) if place.reader is not None else {}


_WRITERS: dict[str, Callable[[Pen, Place, int], Writers]] = {
    "number": _numbers,
    "time": _times,
    "frequency": _frequencies,
    "angle": _angles,
    "boolean": _booleans,
}
