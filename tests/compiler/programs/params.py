"""Parameters: constants, sets, what follows from others, what is drawn."""

from dataclasses import dataclass, field

from programs.expressions import expression
from programs.laws import LAWS, law, levels, weighted
from programs.literals import quantity
from programs.names import Place, SetValue, Value, World
from programs.pen import Pen


@dataclass(frozen=True)
class Rebound:
    """What a parameter may be rebound to, as a text, and as an argument in ms, deg, Hz."""

    name: str
    text: str
    argument: float | bool | None = None


@dataclass
class Params:
    """The lines of ``params:`` and what may be rebound."""

    lines: list[str] = field(default_factory=list)
    rebound: list[Rebound] = field(default_factory=list)


def params(pen: Pen, world: World) -> Params:
    """Write the lines of ``params:``."""
    made = Params()
    for _ in range(pen.whole(0, 6)):
        if pen.takes("drawn parameter"):
            made.lines.append(_drawn(pen, world))
            continue
        kind = pen.choose("param", pen.group("param"))
        line = {
            "label": _label,
            "labels": _labels,
            "set": _set,
            "computed": _computed,
        }.get(kind)
        made.lines.append(line(pen, world) if line else _constant(pen, world, kind, made))
    world.parameters = tuple(world.values)
    return made


def _constant(pen: Pen, world: World, kind: str, made: Params) -> str:
    whole = kind == "whole"
    kind = "number" if whole else kind
    name = world.value_name(pen)
    if kind == "boolean":
        truth = pen.one_of([True, False])
        world.add(Value(name, kind, fixed=True))
        made.rebound.append(Rebound(name, str(not truth).lower(), not truth))
        return f"{name} = {str(truth).lower()}"
    low, high = (1, 4) if whole else pen.one_of([(0, 50), (5, 40), (-20, 20), (0.5, 3)])
    low = max(low, 0) if kind in ("time", "frequency") else low
    value, other = (_inside(pen, low, high, whole) for _ in range(2))
    line = f"{name} = {quantity(value, kind)}"
    ranged = pen.takes("within range")
    if ranged:
        line += f" within ({quantity(low, kind)}, {quantity(high, kind)})"
    elif pen.takes("within set"):
        allowed = dict.fromkeys([quantity(value, kind), quantity(other, kind)])
        line += f" within {{{', '.join(allowed)}}}"
    world.add(Value(name, kind, value, value, whole, fixed=True))
    argument = other if kind != "time" or ranged else None  # the order of cuts holds in its range
    made.rebound.append(Rebound(name, quantity(other, kind), argument))
    return line


def _inside(pen: Pen, low: float, high: float, whole: bool) -> float:
    if whole:
        return pen.whole(int(low), int(high))
    return low + (high - low) * pen.one_of([0, 0.25, 0.5, 0.75, 1])


def _label(pen: Pen, world: World) -> str:
    labels = world.new_labels(pen)
    name = world.value_name(pen)
    world.add(Value(name, "label", labels=labels, fixed=True))
    return f"{name} = {pen.one_of(labels)} within {{{', '.join(labels)}}}"


def _labels(pen: Pen, world: World) -> str:
    labels = world.new_labels(pen)
    name = world.value_name(pen)
    world.sets.append(SetValue(name, "label", labels, labels=labels))
    return f"{name} = {{{', '.join(labels)}}}"


def _set(pen: Pen, world: World) -> str:
    kind = pen.one_of(["number", "time", "frequency", "angle"])
    numbers = levels(pen, kind)
    members = tuple(quantity(x, kind) for x in numbers)
    name = world.value_name(pen)
    world.sets.append(SetValue(name, kind, members, min(numbers), max(numbers)))
    return f"{name} = {weighted(pen, members)}"


def _computed(pen: Pen, world: World) -> str:
    kind = pen.one_of(["number", "time", "angle", "frequency", "boolean"])
    text = expression(pen, Place(world, tuple(world.values)), kind, 2)
    name = world.value_name(pen)
    world.add(Value(name, kind, fixed=False))
    return f"{name} = {text}"


def _drawn(pen: Pen, world: World) -> str:
    kind = pen.one_of(list(LAWS))
    labels = world.new_labels(pen) if kind == "label" else ()
    if pen.whole(0, 3) == 0 and kind in ("number", "time", "angle"):
        numbers = levels(pen, kind)
        members = weighted(pen, [quantity(x, kind) for x in numbers])
        name = world.value_name(pen)
        world.add(Value(name, kind, min(numbers), max(numbers), design=True))
        return f"{name} = balanced({members})"
    place = Place(world, tuple(world.values))
    made = law(pen, place, kind, labels, without=("set", "either"))
    name = world.value_name(pen)
    world.add(Value(name, kind, made.low, made.high, made.whole, labels, drawn=True))
    return f"{name} = {made.text}"
