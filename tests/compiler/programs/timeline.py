"""Epochs: durations of every make, repeats, lengths."""

from programs.expressions import expression
from programs.laws import law
from programs.literals import literal
from programs.names import Epoch, Place, Value, World
from programs.pen import Pen


def epoch_lines(pen: Pen, world: World) -> list[str]:
    """Write the lines of ``epochs:``; a trial lasts about a quarter of a second at most."""
    fills = pen.takes("length")
    lines = ["length: 400 ms"] if fills else []
    repeats = 0
    for _ in range(pen.whole(1, 4)):
        if repeats < 2 and pen.takes("repeat"):
            lines += _repeat(pen, world, repeats)
            repeats += 1
        else:
            lines.append(_epoch(pen, world, -1, 60))
    if not any(line.endswith(": 20 ms") for line in lines):
        name = world.room_name(pen)
        world.epochs.append(Epoch(name))
        lines.append(f"{name}: 20 ms")
    if fills:
        name = world.room_name(pen)
        world.epochs.append(Epoch(name, last=True))
        lines.append(f"{name}: until end")
    return lines


def _epoch(pen: Pen, world: World, repeat: int, most: int, index: Value | None = None) -> str:
    duration = _duration(pen, world, most, index)
    name = world.room_name(pen)
    world.epochs.append(Epoch(name, repeat))
    return f"{name}: {duration}"


def _duration(pen: Pen, world: World, most: int, index: Value | None) -> str:
    values = (*world.values, *([index] if index is not None else []))
    place = Place(world, tuple(values))
    if pen.takes("zero duration"):
        return "0 ms"
    if index is not None and pen.takes("index in a duration"):
        return f"{index.name} * 3 ms + 2 ms"
    match pen.choose("duration", ["constant", "value", "draw", "expression"]):
        case "value":
            return _value(pen, place, most) or f"{most} ms"
        case "draw":
            return _drawn(pen, place, most)
        case "expression":
            return f"clip({expression(pen, place, 'time', 2)}, 0 ms, {most} ms)"
    return f"{pen.whole(1, most)} ms" if pen.whole(0, 2) else literal(pen, "time")


def _value(pen: Pen, place: Place, most: int) -> str | None:
    """Write a duration out of a time that is known to be none too long."""
    known = [
        value
        for value in place.values
        if value.kind == "time"
        and not value.size
        and value.low is not None
        and value.low >= 0
        and value.high is not None
        and value.high <= most
    ]
    if not known:
        return None
    name = pen.one_of(known).name
    return pen.one_of([name, f"{name} + 1 ms", f"{name} / 2", f"max({name}, 5 ms)"])


def _drawn(pen: Pen, place: Place, most: int) -> str:
    """Write a duration with a draw in it."""
    if pen.takes("count in a duration"):
        return pen.one_of(["integers(0, 3) * 5 ms", "2 ms + bernoulli(40%) * 9 ms"])
    made = law(pen, place, "time", without=("set", "either"))
    if made.high is None or made.high > most or made.low is None:
        made_text = f"uniform(0 ms, {most} ms)"
    else:
        made_text = made.text
    form = pen.whole(0, 4)
    if form == 0:
        return f"2 ms + {made_text}"
    if form == 1:
        return f"{made_text} / 2"
    if form == 2:
        return f"{made_text} if {expression(pen, place, 'boolean', 1)} else 3 ms"
    return made_text


def _repeat(pen: Pen, world: World, number: int) -> list[str]:
    """Write a group of epochs that is repeated."""
    counts = [
        value
        for value in world.values
        if value.kind == "number"
        and value.whole
        and not value.size
        and value.low is not None
        and value.high is not None
        and value.low >= 0
        and value.high <= 4
    ]
    count, most = str(pen.whole(1, 4)), 0.0
    if counts and pen.takes("drawn count"):
        value = pen.one_of(counts)
        count, most = value.name, value.high or 0
    most = max(float(count), 1) if count.isdigit() else max(most, 1)
    name = world.value_name(pen)
    index = Value(name, "number", 0, most - 1, True)
    world.indices.append(index)
    body = [f"    {_epoch(pen, world, number, 15, index)}" for _ in range(pen.whole(1, 3))]
    return [f"repeat {count} as {name}:", *body]
