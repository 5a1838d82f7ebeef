"""Places in a source text."""

from msgspec import Struct


class Span(Struct, frozen=True):
    """A stretch of one source text, for carets and editors.

    Attributes
    ----------
    file : str
        Name of the source as the user gave it.
    start, end : int
        Half-open range of character offsets.
    line, column : int
        Position of ``start``, both counted from 1.
    """

    file: str
    start: int
    end: int
    line: int
    column: int

    def to(self, other: "Span") -> "Span":
        """Reach from the start of this span to the end of another in the same file."""
        return Span(self.file, self.start, max(self.end, other.end), self.line, self.column)


class Source(Struct, frozen=True):
    """A text and the name it is reported under."""

    file: str
    text: str
