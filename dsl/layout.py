"""Cut a text into logical lines: rows, indentation, brackets, comments."""

import re

from msgspec import Struct

from epochal.dsl import syntax
from epochal.dsl.characters import Characters
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.limits import MAX_ERRORS
from epochal.dsl.places import Places
from epochal.dsl.span import Source, Span

# What can change the state of the cutter; all other characters are skipped at the speed of `re`.
_MARK = re.compile(
    r"""(?P<string>"[^"]*"?)|(?P<single>'[^']*'?)|(?P<comment>\#.*)"""
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<foreign>[^ -~])"
)
_INDENTATION = re.compile(r"[ \t]*")
_OPENING = {")": "(", "]": "[", "}": "{"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}

# A row that cannot continue an expression, however it is indented: the header of a block.
_HEADER = re.compile(
    r"(about|params|session|blocks|inputs|outputs|trial|epochs|score|train|curriculum|evaluate"
    r"|during [^:{]*)[ ]*:[ ]*(#.*)?$"
)
# A row that cannot continue an expression unless it is indented deeper than the statement.
_BEGINNING = re.compile(
    r"(use|extern|task|taskset|experiment|member|mix|require|repeat|target|weight|ignore|noise"
    r"|stage|measure|until|back_to)\b"
    r"|[A-Za-z_]\w*(\[[^]]*\])?[ ]*([:~]|[-+*]?=(?!=))"
    r"|[A-Za-z_]\w*$"
)
_TAB_WIDTH = 4
# Brackets that a closing one may pass over in search of its own.
_MOST_FORGOTTEN = 8


class Line(Struct):
    """One logical line.

    Attributes
    ----------
    start, end : int
        Offsets of its text, without indentation and trailing comment.
    row : int
        Physical row on which it starts, counted from 1.
    width : int
        Spaces it is indented by.
    doc : str
        Its doc comment, "" where there is none.
    broken : bool
        Whether a mistake in it is already reported, so that it is not worth parsing.
    """

    start: int
    end: int
    row: int
    width: int
    doc: str
    broken: bool = False


class Layout(Struct, frozen=True):
    """A text cut into logical lines."""

    lines: tuple[Line, ...]
    comments: tuple[syntax.Comment, ...]
    diagnostics: tuple[Diagnostic, ...]


def cut(source: Source, places: Places) -> Layout:
    r"""Cut a text into logical lines and collect its comments.

    Examples
    --------
    >>> source = Source("x", "a:\n  b = (1,\n2)\n")
    >>> [(line.row, line.width) for line in cut(source, Places(source)).lines]
    [(1, 0), (2, 2)]
    """
    cutter = _Cutter(source, places)
    for row, (start, end) in enumerate(places.rows(), start=1):
        cutter.read_row(row, start, end)
    cutter.finish()
    diagnostics = (*cutter.diagnostics, *cutter.characters.diagnostics())
    return Layout(tuple(cutter.lines), tuple(cutter.comments), diagnostics)


class _Cutter:
    """Reads rows from top to bottom; ``line`` is the logical line that brackets hold open."""

    def __init__(self, source: Source, places: Places) -> None:
        self.text = source.text
        self.places = places
        self.characters = Characters(source.text, places)
        self.lines: list[Line] = []
        self.comments: list[syntax.Comment] = []
        self.diagnostics: list[Diagnostic] = []
        self._line: Line | None = None
        self._brackets: list[int] = []
        self._docs: list[str] = []

    def read_row(self, row: int, start: int, end: int) -> None:
        """Take the next physical row, without its line break."""
        found = _INDENTATION.match(self.text, start, end)
        assert found is not None
        content = found.end()
        width = len(found[0].replace("\t", " " * _TAB_WIDTH))
        if self._line is not None and self._begins_anew(content, end, width):
            self._give_up_brackets()
        if "\t" in found[0] and content < end:
            self.characters.tabs(start, content)
        if self._line is None:
            self._begin(row, content, end, width)
        self._scan(content, end)
        if self._line is not None and not self._brackets:
            self._close_line()

    def finish(self) -> None:
        """Close what the end of the text leaves open."""
        if self._line is not None:
            self._give_up_brackets()

    def _begin(self, row: int, content: int, end: int, width: int) -> None:
        if content == end:
            self._docs.clear()
        elif self.text[content] != "#":
            self._line = Line(content, content, row, width, "\n".join(self._docs))
            self._docs.clear()

    def _scan(self, start: int, end: int) -> None:
        """Pass over one row from its first character that is not indentation."""
        last = end
        for mark in _MARK.finditer(self.text, start, end):
            match mark.lastgroup:
                case "comment":
                    last = mark.start()
                    self._comment(mark.start(), end)
                case "open":
                    self._brackets.append(mark.start())
                case "close":
                    self._close_bracket(mark.start())
                case "string" | "single" | "foreign" as kind:
                    self._mark_broken(self.characters.judge(kind, mark.start(), mark.end()))
        if self._line is not None:
            stop = start + len(self.text[start:last].rstrip(" \t"))
            self._line.end = max(self._line.end, stop)

    def _comment(self, start: int, end: int) -> None:
        written = self.text[start:end]
        doc = written.startswith("##")
        text = written.lstrip("#").strip()
        self.comments.append(syntax.Comment(self.places.span(start, end), text, doc))
        if doc and self._line is None:
            self._docs.append(text)
        elif doc and self._line is not None:
            self._line.doc = f"{self._line.doc}\n{text}".lstrip("\n")
        elif self._line is None:
            self._docs.clear()

    def _close_bracket(self, place: int) -> None:
        """Close the innermost bracket, or the outer one that a bracket fits, or none."""
        character = self.text[place]
        near = self._brackets[-_MOST_FORGOTTEN:]
        fitting = [self.text[opening] == _OPENING[character] for opening in reversed(near)]
        if not fitting or not fitting[0]:
            self._report_bracket(place)
        if True in fitting:
            del self._brackets[-1 - fitting.index(True) :]

    def _report_bracket(self, place: int) -> None:
        """Report a closing bracket that does not fit; the first of a line says enough."""
        if self._line is not None and self._line.broken:
            return
        self._mark_broken(True)
        character = self.text[place]
        notes = []
        if self._brackets:
            opening = self._brackets[-1]
            wanted = _CLOSING[self.text[opening]]
            found = f"found `{character}` where `{wanted}` should close the bracket"
            notes.append(Note("the bracket opened here", self._one(opening)))
        else:
            found = f"found `{character}` without an opening `{_OPENING[character]}`"
        self._report(diagnose("E0115", found, self._one(place), notes=notes))

    def _begins_anew(self, content: int, end: int, width: int) -> bool:
        """Tell whether a row inside brackets looks like the start of another statement."""
        assert self._line is not None
        row = self.text[content:end]
        return bool(_HEADER.match(row)) or (
            width <= self._line.width and bool(_BEGINNING.match(row))
        )

    def _give_up_brackets(self) -> None:
        """Report the bracket that was never closed and end the line before it runs away."""
        opening = self._brackets[0]
        character = self.text[opening]
        message = f"this `{character}` is never closed: `{_CLOSING[character]}` is missing"
        self._report(diagnose("E0114", message, self._one(opening)))
        self._brackets.clear()
        self._mark_broken(True)
        self._close_line()

    def _close_line(self) -> None:
        assert self._line is not None
        self.lines.append(self._line)
        self._line = None

    def _report(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, while it can be among the first that are shown."""
        if len(self.diagnostics) < MAX_ERRORS:
            self.diagnostics.append(diagnostic)

    def _mark_broken(self, broken: bool) -> None:
        if broken and self._line is not None:
            self._line.broken = True

    def _one(self, place: int) -> Span:
        return self.places.span(place, place + 1)
