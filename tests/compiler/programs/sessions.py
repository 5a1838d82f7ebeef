"""Sessions and blocks: how many trials, what runs they come in, what holds for a run."""

from math import ceil

from programs.expressions import expression
from programs.laws import LAWS, law, levels, probability
from programs.literals import quantity
from programs.names import Place, Value, World
from programs.pen import Pen

MOST_TRIALS = 5


def session_blocks(pen: Pen, world: World) -> list[tuple[str, list[str]]]:
    """Write ``session:`` and ``blocks:``, where a program has them."""
    if not pen.takes("session"):
        return []
    trials = pen.whole(1, MOST_TRIALS)
    world.session = True
    written = [("session", [f"trials: {trials}"])]
    if pen.takes("blocks"):
        written.append(("blocks", _blocks(pen, world, trials)))
    _count(world, "trial_in_session", trials)
    return written


def _count(world: World, name: str, most: int, *, block: bool = False) -> None:
    world.taken.add(name)
    world.add(Value(name, "number", 0, most - 1, True, block=block))


def _blocks(pen: Pen, world: World, trials: int) -> list[str]:
    least, length = _length(pen)
    world.blocks = True
    _count(world, "block", ceil(trials / least), block=True)
    lines = [f"length: {length}"]
    for _ in range(pen.whole(0, 3)):
        which = pen.choose("block", pen.group("block"))
        lines.append(_follows(pen, world, which) if which != "let" else _let(pen, world))
    _count(world, "trial_in_block", trials)
    return lines


def _length(pen: Pen) -> tuple[int, str]:
    """Write the length of blocks; give the least it can be."""
    least = pen.whole(1, 3)
    match pen.choose("length", pen.group("length")):
        case "constant":
            return least, str(least)
        case "computed":
            return 1, f"{least} if block == 0 else 1"
        case "either":
            return 1, f"integers({least}, 3) if block == 0 else integers(1, 2)"
    text = pen.one_of(["integers({}, 4)", "geometric(0.4, min = {}, max = 4)", "choice({{{}, 4}})"])
    return least, text.format(least)


def _here(world: World) -> Place:
    """What may be mentioned where something holds for a block."""
    return Place(world, tuple(one for one in world.values if one.fixed or one.block))


def _follows(pen: Pen, world: World, which: str) -> str:
    """Write a draw, or a law that runs on from block to block."""
    kind = pen.one_of(list(LAWS) if which == "draw" else ["label", "number", "time", "angle"])
    labels = world.new_labels(pen) if kind == "label" else ()
    place = _here(world)
    if which == "draw":
        made = law(pen, place, kind, labels)
        text, low, high, whole = made.text, made.low, made.high, made.whole
    else:
        numbers = [] if labels else levels(pen, kind)
        numbers += [max(numbers) + 1] if len(numbers) == 1 else []
        low, high = (min(numbers), max(numbers)) if numbers else (None, None)
        whole = bool(numbers) and all(x == int(x) for x in numbers)
        members = ", ".join(labels or tuple(quantity(x, kind) for x in numbers))
        more = f", {probability(pen, place)}" if which == "markov" else ""
        more += f", longest = {pen.whole(1, 3)}" if more and pen.whole(0, 1) else ""
        text = f"{which}({{{members}}}{more})"
    name = world.value_name(pen)
    world.add(Value(name, kind, low, high, whole, labels, block=True))
    return f"{name} ~ {text}"


def _let(pen: Pen, world: World) -> str:
    kind = pen.one_of(["number", "time", "angle", "boolean"])
    text = expression(pen, _here(world), kind, 2)
    name = world.value_name(pen)
    world.add(Value(name, kind, block=True))
    return f"{name} = {text}"
