"""The ``during`` blocks: spans, guards and statements on channels."""

from dataclasses import replace

from programs.channels import noise
from programs.encoders import aligned, code
from programs.expressions import expression, index
from programs.names import Channel, Place, World
from programs.pen import Pen
from programs.spans import span


def during_blocks(pen: Pen, world: World, most: int = 6) -> list[list[str]]:
    """Write some blocks: a head and its statements each."""
    return [_block(pen, world) for _ in range(pen.whole(0, most))]


def _block(pen: Pen, world: World) -> list[str]:
    place = Place(world, tuple(world.values))
    homes = sorted(world.indices)
    home = pen.one_of(homes) if homes and pen.whole(0, 1) else ()
    among = [one for one in world.epochs if one.home[: len(home)] == home]
    spans = [span(pen, place, among=among) for _ in range(1 + pen.takes("list of spans"))]
    place = replace(place, values=(*place.values, *world.indices_in(home)))
    head = f"during {', '.join(spans)}"
    if pen.takes("guard"):
        head += f" if {expression(pen, place, 'boolean', 2)}"
    return [f"{head}:", *(_statement(pen, place) for _ in range(pen.whole(1, 3)))]


def _statement(pen: Pen, place: Place) -> str:
    world = place.world
    here = replace(place, elapsed=True, externs=world.externs)
    match pen.choose("effect", pen.group("effect")):
        case "drive":
            channel = pen.one_of(world.inputs)
            return _set(pen, here, channel, "")
        case "target":
            channel = pen.one_of(world.outputs)
            return _set(pen, here, channel, "target ")
        case "weight":
            op = pen.choose("op", ["=", "+=", "*="])
            channel_text = _ref(pen, place, pen.one_of(world.outputs)) if pen.whole(0, 2) else ""
            value = expression(pen, place, "number", 1)
            return f"weight {channel_text}{' ' if channel_text else ''}{op} {value}"
        case "ignore":
            return pen.one_of(["ignore", f"ignore {_ref(pen, place, pen.one_of(world.outputs))}"])
    return f"noise {pen.one_of(world.inputs).name} = {noise(pen, place)}"


def _ref(pen: Pen, place: Place, channel: Channel) -> str:
    """Write a channel, or one unit of it."""
    if channel.kind == "single" or not pen.takes("unit"):
        return channel.name
    if channel.units:
        values = [value.name for value in place.of("label", channel.units) if not value.size]
        return f"{channel.name}[{pen.one_of([*values, pen.one_of(channel.units)])}]"
    return f"{channel.name}[{index(pen, place, channel.slots or channel.n)}]"


def _set(pen: Pen, place: Place, channel: Channel, word: str) -> str:
    """Write a drive or a target."""
    op = pen.choose("op", ["=", "+=", "-=", "*="])
    ref = _ref(pen, place, channel)
    if ref != channel.name and channel.kind == "rings" and pen.whole(0, 2):
        return f"{word}{ref} {op} {code(pen, place, channel)}"
    if ref != channel.name or channel.kind == "single":
        return f"{word}{ref} {op} {expression(pen, place, 'number', 2)}"
    form = pen.whole(0, 3)
    text = code(pen, place, channel) if form > 1 else aligned(pen, place, channel) if form else None
    if text is None:
        text = expression(pen, place, "number", 2)
    return f"{word}{ref} {op} {text}"
