"""Programs that are spoilt: lines and words deleted, doubled, swapped, units and names changed."""

import re

from hypothesis import strategies as st

from programs.names import LABELS, NASTY, VALUES
from programs.pen import Pen
from programs.program import program

TOKEN = re.compile(r"\s+|[A-Za-z_]\w*|\d[\d.]*|[^\w\s]+")
UNITS = ["ms", "us", "s", "Hz", "kHz", "deg", "rad", "min", "%"]
SPARE = ["0", "1", "-1", "1e99", "nan", "none", "true", "t", "pi", "+", "*", "/", "(", "]", "~"]
WORDS = [*UNITS, *SPARE, *VALUES, *NASTY, *LABELS, "if", "else", "and", "not", "per", "repeat"]


def spoil(pen: Pen, text: str) -> str:
    """Spoil a text in one place."""
    by_line = pen.whole(0, 2) == 0
    parts = text.splitlines(keepends=True) if by_line else TOKEN.findall(text)
    places = [i for i, part in enumerate(parts) if not part.isspace()]
    i, j = pen.one_of(places), pen.one_of(places)
    match pen.whole(0, 4):
        case 0:
            parts[i] = ""
        case 1:
            parts[i] += parts[i] if by_line else f" {parts[i]}"
        case 2:
            parts[i], parts[j] = parts[j], parts[i]
        case 3:
            parts[i] = parts[j]
        case 4 if not by_line:
            units = [place for place in places if parts[place] in UNITS]
            place = pen.one_of(units) if units and pen.whole(0, 1) else i
            parts[place] = pen.one_of(UNITS if parts[place] in UNITS else WORDS)
    return "".join(parts)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Write a program and spoil it in up to three places."""
    pen = Pen(lambda low, high: draw(st.integers(low, high)))
    text = program(pen).text
    for _ in range(pen.whole(1, 3)):
        text = spoil(pen, text)
    return text
