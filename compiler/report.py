"""Collecting the mistakes of one run."""

from msgspec import Struct, field

from epochal.compiler import ir
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note
from epochal.dsl.span import Span


class Report(Struct):
    """The diagnostics of one run, in the order found.

    ``excused`` holds words of lines that could not be parsed: a name among them may have been
    declared there, so nothing is said about it.
    """

    excused: frozenset[str] = frozenset()
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def error(
        self, code: str, message: str, span: Span, *notes: Note, fixes: tuple[Fix, ...] = ()
    ) -> None:
        """Note an error; the run goes on to look for more."""
        self.diagnostics.append(diagnose(code, message, span, notes=notes, fixes=fixes))

    @property
    def failed(self) -> bool:
        """Whether there was an error."""
        return any(one.is_error for one in self.diagnostics)


def place(span: Span) -> ir.Place:
    """Carry a span into the IR."""
    return ir.Place(span.file, span.start, span.end, span.line, span.column)


def span(at: ir.Place) -> Span:
    """Point back from the IR into the source."""
    return Span(at.file, at.start, at.end, at.line, at.column)
