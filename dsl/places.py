"""Rows and columns of the offsets of a text."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from epochal.dsl.span import Source, Span

BYTE_ORDER_MARK = "\ufeff"


class Places:
    """Where the rows of one source begin and end."""

    def __init__(self, source: Source) -> None:
        text = source.text
        first = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
        self._file = source.file
        self._text = text
        self._starts = [first, *(found.end() for found in re.finditer("\n", text))]

    def row_start(self, row: int) -> int:
        """Find the offset at which a row begins, behind a byte order mark."""
        return self._starts[row - 1]

    def row(self, row: int) -> str:
        """Give the text of a row with its line break."""
        after = self._starts[row] if row < len(self._starts) else None
        return self._text[self._starts[row - 1] : after]

    def block_end(self, start: int, margin: int) -> int:
        """Find where the rows end that follow a header and are indented deeper, if not empty."""
        end = row = self.span(start, start).line
        while row < len(self._starts):
            row += 1
            text = self.row(row).rstrip()
            if text and len(text) - len(text.lstrip(" ")) <= margin:
                break
            end = row if text else end
        return self._starts[end - 1] + len(self.row(end).rstrip())

    def rows(self) -> Iterator[tuple[int, int]]:
        """Give the start and end of every row, without its line break."""
        for start, after in zip(self._starts, [*self._starts[1:], None], strict=True):
            end = len(self._text) if after is None else after - 1
            if end > start and self._text[end - 1] == "\r" and after is not None:
                end -= 1
            yield start, end

    def span(self, start: int, end: int) -> Span:
        """Make the span between two offsets."""
        row = bisect_right(self._starts, start) or 1
        return Span(self._file, start, end, row, start - self._starts[row - 1] + 1)

    def text(self, span: Span) -> str:
        """Give the text under a span."""
        return self._text[span.start : span.end]
