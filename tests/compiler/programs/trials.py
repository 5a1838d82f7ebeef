"""The statements of ``trial:``: draws, factors, arrays, what is computed and required."""

import re
from collections.abc import Callable

from programs.expressions import expression
from programs.laws import LAWS, law, levels, weighted
from programs.literals import quantity
from programs.names import Place, Value, World
from programs.pen import Pen

MOST_FACTORS = 3


def trial_lines(pen: Pen, world: World, most: int = 8) -> list[str]:
    """Write the lines of ``trial:``."""
    lines: list[str] = []
    world.history = world.session
    for _ in range(pen.whole(0, most)):
        kind = pen.choose("trial", pen.group("trial"))
        if kind in ("factor", "tuple") and sum(one.design for one in world.values) >= MOST_FACTORS:
            kind = "draw"
        lines += _STATEMENTS[kind](pen, world)
        if pen.takes("require"):
            lines += _require(pen, world)
    return lines


def _here(world: World) -> Place:
    return Place(world, tuple(world.values))


def _size(pen: Pen, world: World) -> tuple[str, int]:
    """Write the size of an array; "" and 0 for one value."""
    if not pen.takes("array"):
        return "", 0
    sizes = [v for v in world.fixed() if v.whole and v.kind == "number"]
    if sizes and pen.takes("size by a parameter"):
        size = pen.one_of(sizes)
        return f"[{size.name}]", int(size.low or 0)
    n = pen.whole(1, 4)
    return f"[{n}]", n


def _draw(pen: Pen, world: World) -> list[str]:
    kind = pen.one_of(list(LAWS))
    labels = world.new_labels(pen) if kind == "label" else ()
    batch = pen.takes("per batch")
    block = not batch and world.blocks and pen.takes("per block")
    size, n = _size(pen, world)
    values = world.values
    if batch or block:
        values = [v for v in values if v.fixed or (v.batch if batch else v.block)]
    place = Place(world, tuple(values)).wide(n) if n else Place(world, tuple(values))
    world.history = world.session and not (batch or block)
    made = law(pen, place, kind, labels)
    world.history = world.session
    name = world.value_name(pen)
    own = not (batch or block)
    ends = made.low, made.high, made.whole
    world.add(Value(name, kind, *ends, labels, n, batch=batch, drawn=own, block=block))
    return [f"{name}{size} ~ {made.text}{' per batch' if batch else ' per block' * block}"]


def _let(pen: Pen, world: World) -> list[str]:
    kind = pen.one_of([*LAWS, "number"])
    size, n = _size(pen, world)
    place = _here(world).wide(n)
    labels: tuple[str, ...] = ()
    if kind == "label":
        values = [one for one in place.values if one.kind == "label" and one.size in (0, n)]
        if not values:
            return []
        labels = pen.one_of(values).labels
        text = pen.one_of(values).name
        first = next(one for one in values if one.name == text)
        text = f"({text} if {expression(pen, place, 'boolean', 2)} else {pen.one_of(labels)})"
        extra = tuple(label for label in labels if label not in first.labels)
        labels = first.labels + extra
    else:
        text = expression(pen, place, kind, 3)
    name = world.value_name(pen)
    low = high = None
    if kind == "time" and pen.whole(0, 1):
        low, high = 0, pen.whole(1, 60)
        text = f"clip({text}, 0 ms, {high} ms)"
    labels = labels if kind == "label" else ()
    world.add(Value(name, kind, low, high, False, labels, n, back=_looks_back(text, world)))
    return [f"{name}{size} = {text}"]


def _looks_back(text: str, world: World) -> bool:
    """Whether an expression looks back, itself or through values that do."""
    mentioned = set(re.findall(r"\w+", text))
    return "previous" in mentioned or any(v.back and v.name in mentioned for v in world.values)


def _factor(pen: Pen, world: World) -> list[str]:
    batch = pen.takes("balanced per batch")
    kind = pen.one_of(["label", "number", "time", "angle", "boolean", "frequency"])
    sets = [one for one in world.sets if one.kind == kind]
    labels: tuple[str, ...] = ()
    low = high = None
    whole = False
    if sets and pen.whole(0, 1):
        chosen = pen.one_of(sets)
        text, low, high, labels = chosen.name, chosen.low, chosen.high, chosen.labels
    elif kind == "label":
        labels = world.new_labels(pen)
        text = weighted(pen, labels)
    elif kind == "boolean":
        text = weighted(pen, ["true", "false"])
    else:
        numbers = levels(pen, kind)
        low, high = min(numbers), max(numbers)
        whole = all(x == int(x) for x in numbers)
        text = weighted(pen, [quantity(x, kind) for x in numbers])
    name = world.value_name(pen)
    design = not batch
    world.add(Value(name, kind, low, high, whole, labels, design=design, batch=batch))
    return [f"{name} ~ balanced({text}){' per batch' if batch else ''}"]


def _tuple(pen: Pen, world: World) -> list[str]:
    """Write a table of tuples, drawn or balanced."""
    pen.written.add("set of tuples")
    kinds = [pen.one_of(["number", "time", "label", "angle"]) for _ in range(pen.whole(2, 3))]
    rows = pen.whole(1, 4)
    columns: list[list[str]] = []
    values: list[Value] = []
    balanced = pen.whole(0, 1) == 1
    for kind in kinds:
        if kind == "label":
            labels = world.new_labels(pen)
            column = [pen.one_of(labels) for _ in range(rows)]
            columns.append(column)
            seen = tuple(dict.fromkeys(column))
            values.append(Value(world.value_name(pen), kind, labels=seen, design=balanced))
        else:
            numbers = [float(pen.whole(0, 9)) for _ in range(rows)]
            columns.append([quantity(x, kind) for x in numbers])
            low, high = min(numbers), max(numbers)
            values.append(
                Value(world.value_name(pen), kind, low, high, kind == "number", design=balanced)
            )
    members = dict.fromkeys(f"({', '.join(row)})" for row in zip(*columns, strict=True))
    for value in values:
        world.add(value)
    names = ", ".join(value.name for value in values)
    text = weighted(pen, list(members))
    if balanced:
        text = f"balanced({text})"
    elif pen.whole(0, 1):
        text = f"choice({text})"
    return [f"({names}) ~ {text}"]


def _order(pen: Pen, world: World) -> list[str]:
    """Write a law that puts things in order."""
    which = pen.choose("order", ["shuffled", "sample", "permutation"])
    name = world.value_name(pen)
    if which == "permutation":
        n = pen.whole(1, 4)
        world.add(Value(name, "number", 0, n - 1, True, size=n))
        return [f"{name}[{n}] ~ permutation({n})"]
    kind = pen.one_of(["number", "time", "angle", "label"])
    labels = world.new_labels(pen) if kind == "label" else ()
    numbers = levels(pen, "number" if kind == "label" else kind)
    members = labels or tuple(quantity(x, kind) for x in numbers)
    k = len(members)
    low, high = (None, None) if labels else (min(numbers), max(numbers))
    text = "{" + ", ".join(members) + "}"
    if which == "shuffled":
        world.add(Value(name, kind, low, high, size=k, labels=labels))
        return [f"{name}[{k}] ~ shuffled({text})"]
    n = pen.whole(1, k)
    world.add(Value(name, kind, low, high, size=n, labels=labels))
    return [f"{name}[{n}] ~ sample({text}, {n})"]


def _require(pen: Pen, world: World) -> list[str]:
    if pen.takes("require on the design"):
        factors = [one for one in world.values if one.design]
        return _on_design(pen, world, factors) if factors else []
    ranged = [
        v
        for v in world.values
        if v.drawn
        and v.low is not None
        and v.high is not None
        and v.low < v.high
        and not v.size
        and v.kind in ("number", "time", "angle", "frequency")
    ]
    if not ranged:
        return []
    value = pen.one_of(ranged)
    assert value.low is not None
    assert value.high is not None
    least = quantity(value.low + 0.1 * (value.high - value.low), value.kind)
    world.history = False
    here = Place(world, tuple(one for one in world.values if not one.back))
    rest = expression(pen, here, "boolean", 2)
    world.history = world.session
    return [
        pen.one_of(
            [
                f"require {value.name} >= {least}",
                f"require {value.name} > {least} or {rest}",
                f"require not ({value.name} < {least} and {rest})",
            ]
        )
    ]


def _on_design(pen: Pen, world: World, factors: list[Value]) -> list[str]:
    value = pen.one_of(factors)
    others = [one for one in factors if one.kind == value.kind and one is not value]
    if others and value.kind not in ("label", "boolean") and pen.whole(0, 1):
        differ = f"{value.name} != {pen.one_of(others).name}"
        return [f"require {differ} or {value.name} >= 0 * {value.name}"]
    if value.kind == "label" and len(value.labels) > 1:
        return [f"require {value.name} != {pen.one_of(value.labels)}"]
    if value.kind in ("number", "time", "angle", "frequency") and value.high is not None:
        return [f"require {value.name} >= {quantity(value.high, value.kind)}"]
    return []


_STATEMENTS: dict[str, Callable[[Pen, World], list[str]]] = {
    "draw": _draw,
    "let": _let,
    "factor": _factor,
    "tuple": _tuple,
    "order": _order,
}
