"""Printing statements on a segment table: where they write, and values with the axes of that."""

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.print_line import line
from epochal.compiler.print_names import Names
from epochal.compiler.print_repetitions import Repetitions
from epochal.compiler.printed import ATOM, SUM, Shape, Text
from epochal.compiler.segments import Columns


class Place(Struct, frozen=True):
    """Columns of an array, "" for all of them.

    Attributes
    ----------
    moves : bool
        Whether they differ from row to row.
    units : bool
        Whether they are several.
    binds : int
        How tightly the text does.
    slots : str
        The channel whose rings they are, where they are rings.
    """

    text: str
    moves: bool
    units: bool
    binds: int = SUM
    slots: str = ""

    def at(self, index: str) -> str:
        """Take some of the columns."""
        return f"{self.text if self.binds == ATOM else f'({self.text})'}[{index}]"

    def index(self, *before: str, pick: str = "") -> str:
        """Print the whole index of a table, axis by axis."""
        text = self.at(pick) if pick and self.moves else self.text
        return ", ".join([*before, *([text] if text else [])])


def fit(shown: Text, *, many: int, units: bool, guard: str | None = None) -> str:
    """Print a value with the axes of what it is written to: rows, segments, units.

    ``many`` counts the axes that stand between those of rows and units.
    """
    if shown.shape is Shape.CONSTANT:
        return shown.text
    text = shown.text
    if guard is not None:
        text = f"{shown.inside(ATOM)}[{guard}]"
    axes = many + units if shown.shape is Shape.TRIAL else many
    if not axes:
        return text
    operand = text if guard is not None else shown.inside(ATOM)
    return f"{operand}[:{', None' * axes}]"


def repeated_row(
    effect: ir.Effect,
    table: str,
    where: Columns,
    place: Place,
    value: Text,
    names: Names,
    indent: int = 4,
) -> str:
    """Print a statement that is the same in every repetition, for all of them at once."""
    many = 2 if where.size > 1 else 1
    target = f"{table}[{place.index(':', names.columns.span(where))}]"
    text = f"{target} {effect.op} {fit(value, many=many, units=place.units)}"
    return line(text, effect.at, indent)


def each_row(
    effect: ir.Effect,
    table: str,
    where: Columns,
    place: Place,
    value: Text,
    names: Names,
    indent: int = 4,
) -> str:
    """Print a statement on one row for each repetition."""
    several = where.size > 1
    counter = Repetitions(where.chain, names).counter
    rows = "at[:, None]" if several else "at"
    segments = f"{names.columns.span(where)}[{counter}]"
    target = f"{table}[{place.index(rows, segments, pick=':, None' if several else '')}]"
    text = f"{target} {effect.op} {fit(value, many=several, units=place.units)}"
    return line(text, effect.at, indent)
