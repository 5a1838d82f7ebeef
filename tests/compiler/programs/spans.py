"""Spans of epochs, and slices of them."""

from programs.literals import literal
from programs.names import Epoch, Place
from programs.pen import Pen


def span(pen: Pen, place: Place, *, scores: bool = False, among: list[Epoch] | None = None) -> str:
    """Write a span; in scores it begins outside of repeats unless ``among`` says otherwise."""
    epochs = place.world.epochs
    good = among or [one for one in epochs if one.repeat < 0 or not scores]
    first = pen.one_of(good or epochs)
    text = first.name
    if pen.takes("range of epochs"):
        after = [one for one in good if epochs.index(one) >= epochs.index(first)]
        text = f"{first.name}..{pen.one_of(after or [first]).name}"
    if pen.takes("slice"):
        text += slice_(pen, place)
    return text


def slice_(pen: Pen, place: Place) -> str:
    """Write a slice."""
    start, stop = (_bound(pen, place) if pen.whole(0, 3) else "" for _ in range(2))
    return f"[{start} : {stop}]".replace("[ ", "[").replace(" ]", "]")


def _bound(pen: Pen, place: Place) -> str:
    text = literal(pen, "time")
    known = [
        value
        for value in place.values
        if value.kind == "time" and not value.size and value.low is not None and value.low >= 0
    ]
    if known and pen.takes("drawn bound"):
        text = pen.one_of(known).name
        more = pen.whole(0, 3)
        if more == 0:
            text = f"{text} + {literal(pen, 'time')}"
        if more == 1:
            text = f"clip({text} - {literal(pen, 'time')}, 0 ms, 30 ms)"
        if more == 2:
            text = f"{text} / {pen.whole(2, 3)}"
    return f"-({text})" if pen.takes("bound from the end") else text
