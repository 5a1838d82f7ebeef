"""Which block a line stands in, told by how far it is indented."""

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note
from epochal.dsl.expected import join_or
from epochal.dsl.layout import Line
from epochal.dsl.limits import MAX_BLOCKS, MAX_ERRORS
from epochal.dsl.places import Places


class Indentation:
    """The open blocks of a file, by the width of their lines.

    Attributes
    ----------
    diagnostics : list of Diagnostic
        Every line that is indented for no block.
    """

    def __init__(self, places: Places) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._places = places
        self._widths = [0]
        self._words = [""]
        self._header: tuple[Line, str] | None = None
        self._strayed: int | None = None

    @property
    def block(self) -> str:
        """The word of the innermost open block, "" at the left edge."""
        return self._words[-1]

    @property
    def too_deep(self) -> bool:
        """Whether no further block may be opened."""
        return len(self._widths) - 1 > MAX_BLOCKS

    def remember(self, header: Line, word: str) -> None:
        """Take note of a header, whose block begins on the next line."""
        self._header = (header, word)

    def enter(self, line: Line) -> bool:
        """Enter the block of the header above, if the line is indented for it."""
        if line.width <= self._widths[-1]:
            return False
        assert self._header is not None
        self._widths.append(line.width)
        self._words.append(self._header[1])
        self._strayed = None
        return True

    def miss(self) -> None:
        """Report that the header above has no lines."""
        assert self._header is not None
        header, word = self._header
        message = f"the block `{word}` has no lines: they stand below it, indented by four spaces"
        span = self._places.span(header.start, header.end)
        self._report(diagnose("E0118", message, span))

    def settle(self, line: Line) -> int:
        """Find the block of a line below another, reporting a stray indentation.

        Returns
        -------
        int
            How many blocks end before the line.
        """
        width = line.width
        if width == self._strayed:
            return 0
        self._strayed = None
        level = self._level(width)
        if self._widths[level] != width:
            self._strayed = width
            self._stray(line, level)
        closed = len(self._widths) - 1 - level
        del self._widths[level + 1 :], self._words[level + 1 :]
        return closed

    def close_all(self) -> int:
        """Leave all blocks; give how many there were."""
        return len(self._widths) - 1

    def report_depth(self, line: Line) -> None:
        """Report a block that is nested too deeply."""
        span = self._places.span(line.start, line.end)
        message = f"blocks are nested more than {MAX_BLOCKS} deep"
        self._report(diagnose("E0119", message, span))

    def _report(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, while it can be among the first that are shown."""
        if len(self.diagnostics) < MAX_ERRORS:
            self.diagnostics.append(diagnostic)

    def _level(self, width: int) -> int:
        """Find the open block whose width is nearest, the inner one of two."""
        levels = range(len(self._widths))
        return min(levels, key=lambda level: (abs(self._widths[level] - width), -level))

    def _stray(self, line: Line, level: int) -> None:
        wanted = self._widths[level]
        start = self._places.row_start(line.row)
        span = self._places.span(start, line.start)
        remedy = f"indent by {wanted} spaces" if wanted else "remove the indentation"
        fix = Fix(remedy, span, " " * wanted)
        if line.width > self._widths[-1]:
            code, message = "E0116", "this line is indented, but no block begins above it"
        else:
            code = "E0117"
            widths = join_or([str(known) for known in self._widths])
            message = f"indented by {line.width} spaces, while open blocks stand at {widths}"
        notes = []
        if self._header is not None:
            header = self._places.span(self._header[0].start, self._header[0].end)
            notes.append(Note("the last block begins here", header))
        self._report(diagnose(code, message, span, notes=notes, fixes=[fix]))
