"""Encoders: one number for each unit of the channel that is set."""

from collections.abc import Callable
from dataclasses import replace

from externs_for_programs import UNITS

from programs.expressions import expression, index
from programs.names import Channel, Place
from programs.pen import Pen


def code(pen: Pen, place: Place, channel: Channel) -> str | None:
    """Write what gives a number for each unit of a channel, or of one of its rings."""
    text = _one(pen, place, channel)
    if text is None:
        return None
    match pen.whole(0, 5):
        case 0:
            return f"{expression(pen, place, 'number', 1)} * {text}"
        case 1:
            return f"{text} if {expression(pen, place, 'boolean', 1)} else 0"
        case 2:
            return f"{text} - {_one(pen, place, channel)}"
        case 3:
            return _laid_over(pen, place, channel) or text
    return text


def _one(pen: Pen, place: Place, channel: Channel) -> str | None:
    """Write one encoder; of an array where the place is wide."""

    def one(kind: str) -> str:
        return expression(pen, place, kind, 1)

    ring = channel.kind in ("ring", "rings")
    named = channel.kind == "named" and channel.n > 1
    writers: dict[str, Callable[[], str | None]] = {
        "bump": lambda: f"bump({one('angle')}, {_width(pen, one)})" if ring else None,
        "vonmises": lambda: f"vonmises({one('angle')}, {_kappa(pen, one)})" if ring else None,
        "cosine_tuning": lambda: f"cosine_tuning({one('angle')})" if ring else None,
        "onehot": lambda: f"onehot({_unit(pen, place, channel)})" if channel.n > 1 else None,
        "opponent": lambda: f"opponent({one('number')})" if channel.n == 2 else None,
        "evidence": lambda: (
            f"evidence({_unit(pen, place, channel)}, {one('number')})" if named else None
        ),
        "extern": lambda: _extern(place, channel, one),
    }
    return pen.write("encoder", writers)


def _extern(place: Place, channel: Channel, one: Callable[[str], str]) -> str | None:
    """Write a call of Python code that gives a number for each unit."""
    if not place.externs or channel.varies or channel.kind == "rings":
        return None
    return f"{UNITS[channel.n]}({one('number')})" if channel.n in UNITS else None


def _width(pen: Pen, one: Callable[[str], str]) -> str:
    return pen.one_of(["20 deg", "width = 45 deg", f"(abs({one('angle')}) + 9 deg)"])


def _kappa(pen: Pen, one: Callable[[str], str]) -> str:
    return pen.one_of(["2", "kappa = 0.5", f"clip({one('number')}, 0, 9)"])


def _unit(pen: Pen, place: Place, channel: Channel) -> str:
    if channel.kind == "named":
        values = [one.name for one in place.of("label", channel.units)]
        return pen.one_of([*values, pen.one_of(channel.units)])
    wide = [
        value
        for value in place.values
        if value.size and value.size == place.size and value.whole and value.kind == "number"
        if value.low is not None and value.low >= 0
        if value.high is not None and value.high <= channel.n - 1
    ]
    if wide and pen.whole(0, 1):
        return pen.one_of(wide).name
    return index(pen, place, channel.n)


def _laid_over(pen: Pen, place: Place, channel: Channel) -> str | None:
    """Write the codes of an array, over each other."""
    arrays = [v for v in place.values if v.size and v.kind == "number"]
    if not arrays:
        return None
    array = pen.one_of(arrays)
    text = _one(pen, replace(place.wide(array.size), elapsed=False), channel)
    return f"sum({array.name} * {text})"


def aligned(pen: Pen, place: Place, channel: Channel) -> str | None:
    """Write an array that is set on a channel value by value."""
    slots = channel.slots or channel.n
    arrays = place.arrays("number", slots)
    if not arrays:
        return None
    wide = replace(place.wide(slots), elapsed=False)
    array = pen.one_of(arrays).name
    if channel.slots and pen.whole(0, 2):
        return f"{array} * {_one(pen, wide, channel)}"
    return f"{array} + {expression(pen, wide, 'number', 1)}"
