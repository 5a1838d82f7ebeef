"""Lines of printed code, each with the place in the source it comes from."""

from pathlib import PurePath

from epochal.compiler import ir

WIDTH = 100
_OPEN, _CLOSE = "([{", ")]}"
_COMPARISONS = (" == ", " != ", " < ", " > ", " <= ", " >= ")


def line(text: str, at: ir.Place | None = None, indent: int = 4) -> str:
    """Indent a statement and name its source line; a long statement gets it on the line above."""
    pad = " " * indent
    note = f"# {file_name(at)}:{at.line}" if at is not None else ""
    if len(pad) + len(text) > WIDTH:
        return "\n".join([pad + part for part in ([note] if note else []) + broken(text, indent)])
    if not note:
        return pad + text
    if len(pad) + len(text) + len(note) + 2 > WIDTH:
        return f"{pad}{note}\n{pad}{text}"
    return f"{pad}{text}  {note}"


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
    middle = comparison(text)
    if middle is not None:
        left, right = text[:middle], text[middle + 1 :]
        return [*(broken(left, indent) if indent + len(left) > WIDTH else [left]), right]
    start = _last_bracket(text)
    if start is None:
        return [text]
    if text[:start].endswith(" = "):
        return [text[: start + 1], *broken(text[start:], indent)[1:]]
    head, inside, tail = text[: start + 1], text[start + 1 : -1], text[-1]
    if indent + 4 + len(inside) <= WIDTH:
        return [head, f"    {inside}", tail]
    lines = [head]
    comma = "," if head != "(" else ""  # a pair of brackets around one value is no tuple
    for argument in _arguments(inside):
        parts = [f"{argument}{comma}"]
        if indent + 4 + len(parts[0]) > WIDTH:
            parts = broken(argument, indent + 4)
            parts[-1] += comma
        lines += [f"    {part}" for part in parts]
    return [*lines, tail]


def comparison(text: str) -> int | None:
    """Find the space before a comparison outside all brackets."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if depth == 0 and text.startswith(_COMPARISONS, i):
            return i
    return None


def _last_bracket(text: str) -> int | None:
    """Find where the bracket opens that closes at the end of a statement."""
    if not text.endswith(tuple(_CLOSE)):
        return None
    depth = 0
    for i in range(len(text) - 1, -1, -1):
        depth += (text[i] in _CLOSE) - (text[i] in _OPEN)
        if depth == 0:
            return i
    return None


def _arguments(text: str) -> list[str]:
    """Split at the commas outside all brackets."""
    parts, depth, first = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in _OPEN) - (letter in _CLOSE)
        if letter == "," and depth == 0:
            parts.append(text[first:i].strip())
            first = i + 1
    return [*parts, text[first:].strip()]
