"""Scores: outputs read over spans, and what is reckoned from them."""

from dataclasses import replace

from programs.expressions import expression
from programs.names import Channel, Place, Value, World, Writers
from programs.pen import Pen
from programs.signals import read_over_time
from programs.spans import span

KINDS = ("number", "time", "angle", "boolean", "label")


def score_lines(pen: Pen, world: World) -> list[str]:
    """Write the lines of ``score:``."""
    lines = []
    scores: list[Value] = []
    for _ in range(pen.whole(0, 4)):
        place = Place(world, (*world.values, *scores), reader=read_out)
        line, value = _score(pen, world, place)
        lines.append(line)
        scores.append(value)
    if pen.takes("correct"):
        place = Place(world, (*world.values, *scores), reader=read_out)
        lines.append(f"correct = {expression(pen, place, 'boolean', 2)}")
    return lines


def _score(pen: Pen, world: World, place: Place) -> tuple[str, Value]:
    kind = pen.one_of(KINDS)
    several = [c for c in world.outputs if c.kind == "named" and c.n > 1]
    if kind == "label" and several:
        channel = pen.one_of(several)
        where = span(pen, place, scores=True)
        pen.written.add("reduce.argmax")
        inner = f"{channel.name} @ {where}"
        inner = pen.one_of([inner, f"mean({inner})", f"last({inner})", f"max({inner})"])
        text = f"argmax({inner})"
        value = Value(world.value_name(pen), kind, labels=channel.units)
    else:
        kind = "number" if kind == "label" else kind
        text = expression(pen, place, kind, 3)
        value = Value(world.value_name(pen), kind)
    return f"{value.name} = {text}", value


def read_out(pen: Pen, place: Place, kind: str) -> Writers:
    """List the reductions that give a kind."""
    match kind:
        case "number":
            return {"read out": lambda: _number(pen, place)}
        case "time":
            return {"read out": lambda: _first_above(pen, place)}
        case "angle":
            return {"read out": lambda: _population_vector(pen, place)}
    return {}


def _in_repeat(pen: Pen, place: Place, channel: Channel) -> str:
    """Write a number that is read out in every repetition, and over all of them."""
    home = pen.one_of(sorted(place.world.indices))
    among = [one for one in place.world.epochs if one.home[: len(home)] == home]
    read = f"{channel.name} @ {span(pen, place, scores=True, among=among)}"
    if pen.whole(0, 3) == 0:
        return f"max(rms({read_over_time(pen, read)}))"
    read = read_over_time(pen, read)
    one = f"{pen.one_of(['mean', 'last', 'min', 'max'])}({read})"
    if channel.n * max(channel.slots, 1) > 1:
        one = f"{pen.one_of(['mean', 'min', 'max'])}({one})"
    if pen.whole(0, 2) == 0:
        return f"count({one} > {expression(pen, replace(place, reader=None), 'number', 1)})"
    return f"{pen.one_of(['sum', 'mean', 'min', 'max'])}({one})"


def _number(pen: Pen, place: Place) -> str:
    channel = pen.one_of(place.world.outputs)
    if place.world.indices and not place.size and pen.takes("score in a repeat"):
        return _in_repeat(pen, place, channel)
    name = pen.choose("reduce", ["mean", "last", "min", "max", "rms"])
    series = read_over_time(pen, f"{channel.name} @ {span(pen, place, scores=True)}")
    if name == "rms":
        return f"rms({series})"
    if name == "mean" and pen.whole(0, 2) == 0:
        series = f"{series} {pen.one_of(['<', '<=', '>', '>=', '!='])} 0.2"
    text = f"{name}({series})"
    if channel.n * max(channel.slots, 1) == 1:
        return text
    if channel.kind in ("numbered", "ring") and pen.whole(0, 1):
        pen.written.add("reduce.argmax")
        return f"argmax({text})"
    other = pen.whole(0, 2)
    if other == 0:
        text = f"({text} * {expression(pen, replace(place, reader=None), 'number', 1)})"
    return f"{pen.one_of(['mean', 'min', 'max'])}({text})"


def _first_above(pen: Pen, place: Place) -> str | None:
    single = [c for c in place.world.outputs if c.n == 1 and c.slots < 2]
    if not single:
        return None
    pen.written.add("reduce.first_above")
    level = expression(pen, replace(place, reader=None), "number", 1)
    where = span(pen, place, scores=True)
    return f"first_above({pen.one_of(single).name} @ {where}, {level})"


def _population_vector(pen: Pen, place: Place) -> str | None:
    several = [channel for channel in place.world.outputs if channel.n > 1]
    if not several:
        return None
    pen.written.add("reduce.population_vector")
    channel = pen.one_of(several)
    inner = f"{channel.name} @ {span(pen, place, scores=True)}"
    text = f"population_vector({pen.one_of([inner, f'mean({inner})'])})"
    if channel.slots:
        return f"{text}[{pen.whole(0, channel.slots - 1)}]"
    return text
