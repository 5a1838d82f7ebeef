"""Lines of printed code, each with the place in the source it comes from."""

import ast
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import PurePath

from epochal.compiler import ir

WIDTH = 100
_OPEN, _CLOSE = "([{", ")]}"
_ASSIGNMENTS = (" = ", " += ", " -= ", " *= ")
_OPERATORS = (  # the loosest first
    (" if ", " else "),
    (" == ", " != ", " < ", " > ", " <= ", " >= "),
    (" | ",),
    (" & ",),
    (" + ", " - "),
    (" * ", " / "),
)


_margin: ContextVar[int] = ContextVar("margin", default=0)


@contextmanager
def narrowed(by: int) -> Iterator[None]:
    """Break lines so many columns earlier: the text will be indented as a whole."""
    before = _margin.set(_margin.get() + by)
    try:
        yield
    finally:
        _margin.reset(before)


def width() -> int:
    """Give the width of a line, the indentation of the whole text apart."""
    return WIDTH - _margin.get()


def line(text: str, at: ir.Place | None = None, indent: int = 4) -> str:
    """Indent a statement and name its source line; a long statement gets it on the line above."""
    pad = " " * indent
    note = f"# {file_name(at)}:{at.line}" if at is not None else ""
    if len(pad) + len(text) > width():
        return "\n".join([pad + part for part in ([note] if note else []) + broken(text, indent)])
    if not note:
        return pad + text
    if len(pad) + len(text) + len(note) + 2 > width():
        return f"{pad}{note}\n{pad}{text}"
    return f"{pad}{text}  {note}"


def mentioned(source: str) -> frozenset[str]:
    """List the names that printed code mentions."""
    found, left = set(), list[object]([ast.parse(textwrap.dedent(source))])
    while left:  # ast.walk does the same in three times the time
        node = left.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.AST):
            left += vars(node).values()
        elif isinstance(node, list):
            left += node
    return frozenset(found)


def file_name(at: ir.Place) -> str:
    """Name the file of a place, without its folder, so that it can stand in a comment or a text."""
    name = plain(PurePath(at.file).name)
    return name if len(name) <= 40 else f"{name[:18]}...{name[-19:]}"


def plain(text: str) -> str:
    """Write a user's text so that it can stand anywhere in a module: no quotes, no line ends."""
    swapped = text.replace("\\", "/").replace('"', "'")
    return "".join(letter if letter.isprintable() else " " for letter in swapped)


def broken(text: str, indent: int) -> list[str]:
    """Break a long statement inside its last bracket, one argument a line where that is needed."""
    assigned = _assignment(text)
    if assigned is not None:
        value = text[assigned:]
        if _splits(value):
            inner = [f"    {part}" for part in _fitted(value, indent + 4)]
            return [f"{text[:assigned]}(", *inner, ")"]
        parts = broken(value, indent)
        return [text[:assigned] + parts[0], *parts[1:]]
    operands = _splits(text)
    if operands:
        return [part for operand in operands for part in _fitted(operand, indent)]
    bracket = _last_bracket(text)
    if bracket is None:
        return [text]
    start, end = bracket
    if indent + start + 1 > width():
        start, end = _longest_bracket(text)
    head, inside, tail = text[: start + 1], text[start + 1 : end], text[end:]
    if indent + 4 + len(inside) <= width():
        return [head, f"    {inside}", tail]
    lines = [head]
    is_call = head[-1] == "(" and (head[-2:-1].isalnum() or head[-2:-1] in ("_", "]", ")"))
    arguments = _arguments(inside)
    # A pair of brackets around one value is no tuple, and one index is none.
    comma = "," if is_call or len(arguments) > 1 else ""
    for argument in (one for one in arguments if one):
        parts = [f"{argument}{comma}"]
        if indent + 4 + len(parts[0]) > width():
            parts = broken(argument, indent + 4)
            parts[-1] += comma
        lines += [f"    {part}" for part in parts]
    return [*lines, tail]


def unpacked(targets: Sequence[str], values: Sequence[str], note: str) -> list[str]:
    """Give several constants their values, 0 1 2 .. where none are given."""
    value = ", ".join(values) or (f"range({len(targets)})" if len(targets) > 1 else "0")
    short = f"{', '.join(targets)} = {value}  # {note}"
    if len(short) <= width():
        return [short]
    if not values and len(targets) > 1:
        return [f"(  # {note}", *packed(targets), f") = {value}"]
    half = len(targets) // 2
    if half == 0:
        return [f"# {note}", f"{targets[0]} = {value}"]
    return [
        *unpacked(targets[:half], values[:half], note),
        *unpacked(targets[half:], values[half:], note),
    ]


def packed(items: Sequence[str], indent: int = 4) -> list[str]:
    """Set items side by side with commas, as many to a line as fit."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= width():
            lines[-1] += f" {item},"
        else:
            lines.append(f"{' ' * indent}{item},")
    return lines


def _fitted(text: str, indent: int) -> list[str]:
    return [text] if indent + len(text) <= width() else broken(text, indent)


def _assignment(text: str) -> int | None:
    """Find where the value of an assignment begins."""
    for mark in _outside_brackets(text):
        if text.startswith(_ASSIGNMENTS, mark):
            return text.index("= ", mark) + 2
    return None


def _splits(text: str) -> list[str]:
    """Split at the loosest operators outside all brackets; [] where there are none."""
    for operators in _OPERATORS:
        marks = [mark for mark in _outside_brackets(text) if text.startswith(operators, mark)]
        if marks:
            ends = [*(mark + 1 for mark in marks), len(text) + 1]
            return [text[a : b - 1] for a, b in zip([0, *ends], ends, strict=False)]
    return []


def _outside_brackets(text: str) -> Iterator[int]:
    """Yield every place in a text that is in no brackets and no quotes."""
    depth = 0
    for i, letter in enumerate(_bare(text)):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if depth == 0 and letter != '"':
            yield i


def _bare(text: str) -> str:
    """Blot out what stands in quotes, so that its brackets and commas count for nothing."""
    parts = text.split('"')
    return '"'.join('"' * len(part) if i % 2 else part for i, part in enumerate(parts))


def _last_bracket(text: str) -> tuple[int, int] | None:
    """Find the ends of the longest of the brackets that close a statement, as in ``f(x)[0]``."""
    text = _bare(text)
    found: list[tuple[int, int]] = []
    end = len(text) - 1
    while end >= 0 and text[end] in _CLOSE:
        depth, start = 1, end
        while depth:
            start -= 1
            depth += (text[start] in _CLOSE) - (text[start] in _OPEN)
        found.append((start, end))
        end = start - 1
    return max(found, key=lambda ends: ends[1] - ends[0], default=None)


def _longest_bracket(text: str) -> tuple[int, int]:
    """Find the ends of the longest of all brackets that are in no other."""
    found: list[tuple[int, int]] = []
    depth = first = 0
    for i, letter in enumerate(_bare(text)):
        if letter in _OPEN:
            first = first if depth else i
            depth += 1
        elif letter in _CLOSE:
            depth -= 1
            found += [(first, i)] if not depth else []
    return max(found, key=lambda ends: ends[1] - ends[0])


def _arguments(text: str) -> list[str]:
    """Split at the commas outside all brackets."""
    parts, depth, first = [], 0, 0
    for i, letter in enumerate(_bare(text)):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if letter == "," and depth == 0:
            parts.append(text[first:i].strip())
            first = i + 1
    return [*parts, text[first:].strip()]


def quoted(text: str) -> str:
    """Print a text as a Python string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
