"""The line of a span as a terminal shows it, and where the carets go."""

import unicodedata

from msgspec import Struct

from epochal.dsl.places import BYTE_ORDER_MARK
from epochal.dsl.span import Span

_WIDEST = 96
_BEFORE = 32
_CUT = "..."
_TAB = "    "
_UNSHOWABLE = "\N{REPLACEMENT CHARACTER}"


class Excerpt(Struct, frozen=True):
    """One line, cut to a window where it is long.

    Attributes
    ----------
    indent, width : int
        Columns before the carets, and carets; a wide character takes two columns.
    """

    line: str
    indent: int
    width: int


def excerpt(text: str, span: Span) -> Excerpt:
    """Show the first line of a span, with as much of it as fits."""
    start = text.rfind("\n", 0, span.start) + 1
    stop = text.find("\n", span.start)
    row = text[start : len(text) if stop < 0 else stop].rstrip("\r")
    first = min(span.start - start, len(row))
    last = min(max(span.end - start, first), len(row))
    if row.startswith(BYTE_ORDER_MARK):
        row, first, last = row[1:], max(first - 1, 0), max(last - 1, 0)
    return _window(row, first, last)


def printable(text: str) -> str:
    """Make a text safe to show: no control character reaches the terminal."""
    return "".join(_shown(character) for character in text)


def columns(text: str) -> int:
    """Count the columns that a shown text takes."""
    return sum(_columns(character) for character in text)


def _window(row: str, first: int, last: int) -> Excerpt:
    left, right = 0, len(row)
    if columns(printable(row)) > _WIDEST:
        left = max(0, min(first - _BEFORE, len(row) - _WIDEST))
        right = min(len(row), left + _WIDEST)
        last = min(last, right)
    before = (_CUT if left else "") + printable(row[left:first])
    marked = printable(row[first:last])
    after = printable(row[last:right]) + (_CUT if right < len(row) else "")
    return Excerpt(before + marked + after, columns(before), max(1, columns(marked)))


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return _UNSHOWABLE


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
