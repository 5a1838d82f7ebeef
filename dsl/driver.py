"""Take a file line by line, so that one broken line costs no other line."""

import re

from lark import Token, Tree

from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.grammar import load
from epochal.dsl.indentation import Indentation
from epochal.dsl.layout import Line
from epochal.dsl.limits import MAX_ERRORS
from epochal.dsl.line_parser import LineParser
from epochal.dsl.places import Places

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Driver:
    """Feeds logical lines to one parser and gathers what is wrong with them.

    Attributes
    ----------
    skipped : set of str
        The words of the lines left out.
    longest : int
        The most tokens on one line.
    """

    def __init__(self, text: str, places: Places, version: int) -> None:
        self.skipped: set[str] = set()
        self.longest = 0
        self._text = text
        self._found: list[Diagnostic] = []
        self._parser = LineParser(load().parse_interactive(), text, places)
        self._indentation = Indentation(places)
        self._left_out: int | None = None
        self._end = places.row_start(1)
        self._parser.begin(version, self._end)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Give the mistakes found so far."""
        return (*self._found, *self._indentation.diagnostics)

    def take(self, line: Line, below: Line | None) -> None:
        """Feed one line; where it cannot be parsed, leave it out with the lines it heads."""
        if self._left_out is not None and line.width > self._left_out:
            self._skip(line)
            return
        self._left_out = None
        self._place(line)
        if not self._is_readable(line) or not self._read(line, below):
            self._left_out = line.width
            self._skip(line)

    def finish(self) -> Tree[Token]:
        """Close all blocks and give the tree of what was parsed."""
        self._close_header()
        self._dedent(self._indentation.close_all())
        return self._parser.finish()

    def _is_readable(self, line: Line) -> bool:
        if self._indentation.too_deep:
            self._indentation.report_depth(line)
            return False
        return not line.broken and len(self._found) < MAX_ERRORS

    def _read(self, line: Line, below: Line | None) -> bool:
        heads_block = below is not None and below.width > line.width
        reading = self._parser.read(line, self._indentation.block, heads_block)
        self._found += reading.diagnostics
        if reading.tokens is None:
            return False
        self._end = line.end
        self.longest = max(self.longest, len(reading.tokens))
        if self._parser.awaits_block:
            self._indentation.remember(line, str(reading.tokens[0]))
        return True

    def _place(self, line: Line) -> None:
        """Turn the indentation of a line into _INDENT and _DEDENT."""
        if self._parser.awaits_block and self._indentation.enter(line):
            self._parser.mark("_INDENT", self._end)
            return
        self._close_header()
        self._dedent(self._indentation.settle(line))

    def _close_header(self) -> None:
        """Give a header without lines an empty block."""
        if self._parser.awaits_block:
            self._indentation.miss()
            self._parser.mark("_INDENT", self._end)
            self._parser.mark("_DEDENT", self._end)

    def _dedent(self, blocks: int) -> None:
        for _ in range(blocks):
            self._parser.mark("_DEDENT", self._end)

    def _skip(self, line: Line) -> None:
        self.skipped.update(_WORD.findall(self._text, line.start, line.end))
