"""Inputs and outputs with their options."""

from programs.expressions import expression
from programs.names import Channel, Place, World
from programs.pen import Pen


def channel_lines(pen: Pen, world: World, *, inputs: bool) -> list[str]:
    """Write the lines of ``inputs:`` or ``outputs:``."""
    lines = []
    for _ in range(pen.whole(1, 4)):
        name, channel = _channel(pen, world)
        (world.inputs if inputs else world.outputs).append(channel)
        lines.append(name + _options(pen, world, inputs=inputs))
    return lines


def _channel(pen: Pen, world: World) -> tuple[str, Channel]:
    kind = pen.choose("channel", pen.group("channel"))
    name = world.room_name(pen)
    named = [one for one in world.sets if one.kind == "label"]
    if kind == "named by a parameter" and named:
        by = pen.one_of(named)
        return f"{name}[{by.name}]", Channel(name, "named", len(by.labels), by.labels, varies=True)
    sizes = [v for v in world.fixed() if v.whole and v.kind == "number"]
    size = str(pen.whole(1, 6))
    if sizes and pen.takes("size by a parameter"):
        size = pen.one_of(sizes).name
    n = int(size) if size.isdigit() else int(next(v.low or 0 for v in sizes if v.name == size))
    varies = not size.isdigit()
    match kind:
        case "numbered":
            return f"{name}[{size}]", Channel(name, kind, n, varies=varies)
        case "ring":
            return f"{name}: ring({size} * 2)", Channel(name, kind, 2 * n, varies=varies)
        case "rings":
            k = pen.whole(1, 4)
            return f"{name}[{size}]: ring({k})", Channel(name, kind, k, slots=n)
        case "named rings":
            labels = world.new_labels(pen, 1)
            shape = ", ".join(labels)
            k = pen.whole(1, 4)
            channel = Channel(name, "rings", k, labels, slots=len(labels))
            return f"{name}[{shape}]: ring({k})", channel
        case "named":
            labels = world.new_labels(pen, 1)
            return f"{name}[{', '.join(labels)}]", Channel(name, kind, len(labels), labels)
    return name, Channel(name, "single", 1)


def _options(pen: Pen, world: World, *, inputs: bool) -> str:
    place = Place(world, world.parameters)
    text = ""
    if inputs and pen.takes("noise"):
        text += f" noise {noise(pen, place)}"
    if pen.takes("baseline"):
        text += f" baseline {expression(pen, place, 'number', 1)}"
    if inputs and pen.takes("rectified"):
        text += " rectified"
    return text


def noise(pen: Pen, place: Place) -> str:
    """Write a law of noise."""
    sd = pen.one_of(["0.1", "1", f"abs({expression(pen, place, 'number', 1)})"])
    if pen.choose("noise", ["white", "iid"]) == "iid":
        return f"iid({sd})"
    at = pen.one_of(["20 ms", "5 ms", f"(abs({expression(pen, place, 'time', 1)}) + 1 ms)"])
    return f"white({sd}, at = {at})"
