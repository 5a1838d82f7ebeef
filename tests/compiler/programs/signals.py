"""Processes, and what is made of signals."""

from programs import expressions
from programs.literals import literal
from programs.names import Place, Value, World
from programs.pen import Pen


def process(pen: Pen, world: World) -> list[str]:
    """Write a process."""
    place = Place(world, tuple(world.values))
    size, n = "", 0
    if pen.takes("array"):
        n = pen.whole(1, 3)
        size = f"[{n}]"
    match pen.choose("process", pen.group("process")):
        case "ou":
            text = f"ou({_positive(pen, place)}, {_time(pen, place, 2, 200)})"
        case "random_walk":
            text = f"random_walk(sd = {_positive(pen, place)})"
        case _:
            text, counted = _train(pen, place)
            name = world.value_name(pen)
            world.add(Value(name, "signal", size=n, whole=counted))
            return [f"{name}{size} ~ {text}"]
    name = world.value_name(pen)
    world.add(Value(name, "signal", size=n))
    return [f"{name}{size} ~ {text}"]


def _positive(pen: Pen, place: Place) -> str:
    return pen.one_of(
        ["0.5", "2", f"clip({expressions.expression(pen, place, 'number', 1)}, 0, 3)"]
    )


def _time(pen: Pen, place: Place, low: int, high: int) -> str:
    drawn = f"clip({expressions.expression(pen, place, 'time', 1)}, {low} ms, {high} ms)"
    return pen.one_of([f"{pen.whole(low, high)} ms", drawn])


def _train(pen: Pen, place: Place) -> tuple[str, bool]:
    """Write a pulse train, and say whether its events can be counted."""
    rate = f"clip({expressions.expression(pen, place, 'frequency', 1)}, 0 Hz, 60 Hz)"
    arguments = [pen.one_of(["30 Hz", "8 Hz", rate]), f"width = {_time(pen, place, 1, 40)}"]
    if pen.whole(0, 1):
        arguments.append(f"refractory = {_time(pen, place, 0, 30)}")
    if pen.whole(0, 1):
        sets = [one.name for one in place.world.sets if one.kind == "number"]
        arguments.append(f"values = {pen.one_of([*sets, '{-1, 1}', '{1: 80%, 0.3: 20%}'])}")
    counted = pen.whole(0, 2) > 0
    if counted:
        arguments.append(f"over = {_time(pen, place, 0, 150)}")
    return f"pulse_train({', '.join(arguments)})", counted


def signal(pen: Pen, place: Place) -> str | None:
    """Write a signal by its name, or one of an array."""
    signals = [one for one in place.values if one.kind == "signal"]
    if not place.elapsed or not signals:
        return None
    one = pen.one_of(signals)
    if one.size in (0, place.size):
        return one.name
    return f"{one.name}[{pen.whole(0, one.size - 1)}]"


def together(pen: Pen, place: Place) -> str | None:
    """Write what an array of signals is at each time as one."""
    arrays = [one for one in place.values if one.kind == "signal" and one.size]
    if not place.elapsed or not arrays:
        return None
    return f"{pen.one_of(['sum', 'mean', 'min', 'max'])}({pen.one_of(arrays).name})"


def over_time(pen: Pen, place: Place, kind: str, depth: int) -> str | None:
    """Write a function that looks back over the span."""
    if not place.elapsed:
        return None
    x = expressions.expression(pen, place, kind, depth)
    still = Place(place.world, place.values)
    match pen.choose("over time", ["latch", "lag", "ema"]):
        case "latch":
            start = expressions.expression(pen, still, kind, 1)
            return pen.one_of([f"latch({x})", f"latch({x}, initial = {start})"])
        case "lag":
            return f"lag({x}, by = {_time(pen, still, 0, 60)})"
    return f"ema({x}, tau = {_time(pen, still, 3, 90)})"


def integral(pen: Pen, place: Place, kind: str, depth: int) -> str | None:
    """Write an integral, of a number or, where a number is wanted, of a frequency."""
    if not place.elapsed:
        return None
    if kind == "time":
        return f"integral({expressions.expression(pen, place, 'number', depth)})"
    return f"integral({expressions.expression(pen, place, 'frequency', depth)})"


def event_count(pen: Pen, place: Place) -> str | None:
    """Count the events of a pulse train."""
    trains = [one for one in place.values if one.kind == "signal" and one.whole]
    if not trains:
        return None
    one = pen.one_of(trains)
    if one.size in (0, place.size):
        return f"count({one.name})"
    return f"count({one.name}[{pen.whole(0, one.size - 1)}])"


def read_over_time(pen: Pen, text: str) -> str:
    """Write an output over time, its error, or either at each step with a number."""
    error = f"error({text})"
    return pen.one_of(
        [
            text,
            text,
            error,
            f"abs({error})",
            f"(2 * ({text}))",
            f"({error} - {literal(pen, 'number')})",
        ]
    )
