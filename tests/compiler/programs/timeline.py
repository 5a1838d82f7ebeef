"""Epochs: durations of every make, repeats, lengths."""

from collections.abc import Callable
from itertools import count

from programs.expressions import expression
from programs.laws import law
from programs.literals import literal
from programs.names import Epoch, Place, Value, World
from programs.pen import Pen


def epoch_lines(pen: Pen, world: World) -> list[str]:
    """Write the lines of ``epochs:``; a trial lasts about a quarter of a second at most."""
    fills = pen.takes("length")
    lines = ["length: 700 ms"] if fills else []
    fresh = count().__next__
    for _ in range(pen.whole(1, 4)):
        if len(world.indices) < 3 and pen.takes("repeat"):
            lines += _repeat(pen, world, (), fresh)
        else:
            lines.append(_epoch(pen, world, (), 60))
    if not any(line.endswith(": 20 ms") and line[0] != " " for line in lines):
        name = world.room_name(pen)
        world.epochs.append(Epoch(name))
        lines.append(f"{name}: 20 ms")
    if fills:
        name = world.room_name(pen)
        world.epochs.append(Epoch(name, last=True))
        lines.append(f"{name}: until end")
    return lines


def _epoch(pen: Pen, world: World, home: tuple[int, ...], most: int) -> str:
    duration = _duration(pen, world, most, home)
    name = world.room_name(pen)
    world.epochs.append(Epoch(name, home))
    return f"{name}: {duration}"


def _duration(pen: Pen, world: World, most: int, home: tuple[int, ...]) -> str:
    indices = world.indices_in(home)
    place = Place(world, (*world.values, *indices))
    if pen.takes("zero duration"):
        return "0 ms"
    if indices and pen.takes("index in a duration"):
        name = pen.one_of(indices).name
        return pen.one_of(
            [f"{name} * 3 ms + 2 ms", f"uniform({name} * 1 ms, 5 ms + {name} * 2 ms)"]
        )
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


def _repeat(pen: Pen, world: World, home: tuple[int, ...], fresh: Callable[[], int]) -> list[str]:
    """Write a group of epochs that is repeated, now and then with a group inside."""
    count, most = _count(pen, world, home)
    mine = (*home, fresh())
    index = Value(_index_name(pen, world, home), "number", 0, most - 1, True)
    world.indices[mine] = index
    lines = []
    for _ in range(pen.whole(1, 3)):
        if len(mine) < 3 and pen.takes("nested repeat"):
            lines += _repeat(pen, world, mine, fresh)
        else:
            lines.append(_epoch(pen, world, mine, 12))
    return [f"repeat {count} as {index.name}:", *(f"    {line}" for line in lines)]


def _count(pen: Pen, world: World, home: tuple[int, ...]) -> tuple[str, float]:
    """Write the count of a repeat, and give its bound."""
    limit = 4 if not home else 2
    place = Place(world, (*world.values, *world.indices_in(home)))
    counts = [
        value
        for value in place.of("number")
        if value.whole
        and value.low is not None
        and value.high is not None
        and value.low >= 0
        and value.high <= limit
    ]
    if counts and pen.takes("drawn count"):
        value = pen.one_of(counts)
        return value.name, max(value.high or 0, 1)
    if home and world.indices[home].high == 1 and pen.takes("count by an index"):
        return f"{world.indices[home].name} + 1", 2
    n = pen.whole(1, limit)
    return str(n), n


def _index_name(pen: Pen, world: World, home: tuple[int, ...]) -> str:
    others = [
        value.name for path, value in world.indices.items() if path[:1] != home[:1] or not home
    ]
    if others and not home and pen.takes("same index"):
        return pen.one_of(others)
    return world.value_name(pen)
