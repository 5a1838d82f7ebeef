"""Diagnostics as plain data, for editors and scripts."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.places import Places
from epochal.dsl.render import in_order
from epochal.dsl.span import Source, Span


class PlaceRecord(TypedDict):
    """A place: lines and columns counted from 1, the end exclusive; None where there is none."""

    file: str | None
    line: int | None
    column: int | None
    end_line: int | None
    end_column: int | None


class NoteRecord(PlaceRecord):
    """A note and its place."""

    message: str


class FixRecord(PlaceRecord):
    """A replacement and the place that it replaces."""

    message: str
    replacement: str


class DiagnosticRecord(PlaceRecord):
    """One diagnostic."""

    code: str
    severity: str
    message: str
    notes: list[NoteRecord]
    fixes: list[FixRecord]


def render_json(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]
) -> list[DiagnosticRecord]:
    """Give diagnostics as records that JSON can hold, in the order of their places, each once."""
    places = {file: Places(Source(file, text)) for file, text in sources.items()}
    return [_record(diagnostic, places) for diagnostic in in_order(diagnostics)]


def _record(diagnostic: Diagnostic, places: Mapping[str, Places]) -> DiagnosticRecord:
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        **_place(diagnostic.span, places),
        "notes": [
            {"message": note.message, **_place(note.span, places)} for note in diagnostic.notes
        ],
        "fixes": [
            {
                "message": fix.message,
                "replacement": fix.replacement,
                **_place(fix.span, places),
            }
            for fix in diagnostic.fixes
        ],
    }


def _place(span: Span | None, places: Mapping[str, Places]) -> PlaceRecord:
    if span is None:
        return dict.fromkeys(PlaceRecord.__annotations__)  # type: ignore[return-value]
    end_line, end_column = span.line, span.column + span.end - span.start
    if span.file in places:
        end = places[span.file].span(span.end, span.end)
        end_line, end_column = end.line, end.column
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }
