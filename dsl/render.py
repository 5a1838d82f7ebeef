"""Show diagnostics to people: the line, a caret under the place, what to do."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from epochal.dsl.diagnostic import Diagnostic, Fix, Note, Severity
from epochal.dsl.excerpt import Excerpt, excerpt, printable
from epochal.dsl.limits import MAX_SHOWN
from epochal.dsl.span import Span


class _Style(Enum):
    """Colours, as the codes of a terminal."""

    ERROR = "1;31"
    WARNING = "1;33"
    NOTE = "1;36"
    HELP = "1;32"
    MESSAGE = "1"
    GUTTER = "34"


_SEVERITY_STYLES = {Severity.ERROR: _Style.ERROR, Severity.WARNING: _Style.WARNING}
_MOST_FIXES = 3


class _Paint(Struct, frozen=True):
    color: bool

    def __call__(self, text: str, style: _Style) -> str:
        return f"\x1b[{style.value}m{text}\x1b[0m" if self.color and text else text


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str], color: bool) -> str:
    """Render diagnostics as text, in the order of their places, each once.

    Parameters
    ----------
    sources : mapping of str to str
        The text of every file, by the name that spans give it.  The lines of a file that is
        not among them are not shown.
    color : bool
        Whether to add terminal colours; the text is the same.
    """
    paint = _Paint(color)
    shown = (_diagnostic(diagnostic, sources, paint) for diagnostic in in_order(diagnostics))
    return "\n".join("\n".join(lines) + "\n" for lines in shown)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort diagnostics by place, drop what is said twice, and keep as many as people read.

    Errors are kept before warnings; the last one kept tells of those left out.
    """
    once = sorted(dict.fromkeys(diagnostics), key=lambda one: (not one.is_error, _place(one)))
    kept = sorted(once[:MAX_SHOWN], key=_place)
    left = len(once) - len(kept)
    if left:
        note = Note(f"and {left} more like these, which are not shown")
        kept[-1] = replace(kept[-1], notes=(*kept[-1].notes, note))
    return kept


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    if span is None:
        return "", -1, -1, diagnostic.code
    return span.file, span.start, span.end, diagnostic.code


def _diagnostic(diagnostic: Diagnostic, sources: Mapping[str, str], paint: _Paint) -> Iterator[str]:
    style = _SEVERITY_STYLES[diagnostic.severity]
    label = f"{diagnostic.severity.value}[{diagnostic.code}]"
    message = paint(printable(diagnostic.message), _Style.MESSAGE)
    yield f"{_location(diagnostic.span)}{paint(label, style)}: {message}"
    yield from _excerpt(diagnostic.span, sources, style, paint)
    for note in diagnostic.notes:
        yield from _note(note, sources, paint)
    for fix in diagnostic.fixes[:_MOST_FIXES]:
        yield f"{paint('help', _Style.HELP)}: {_help(fix, sources)}"
    if len(diagnostic.fixes) > _MOST_FIXES:
        more = len(diagnostic.fixes) - _MOST_FIXES
        yield f"{paint('help', _Style.HELP)}: and {more} more like these"


def _note(note: Note, sources: Mapping[str, str], paint: _Paint) -> Iterator[str]:
    label = paint("note", _Style.NOTE)
    yield f"{_location(note.span)}{label}: {printable(note.message)}"
    yield from _excerpt(note.span, sources, _Style.NOTE, paint)


def _help(fix: Fix, sources: Mapping[str, str]) -> str:
    text = sources.get(fix.span.file, "")[fix.span.start : fix.span.end]
    if "\n" in text:  # which says more than a line can
        return fix.message
    old, new = printable(text), printable(fix.replacement.rstrip("\n"))
    if old.strip() and new.strip():
        return f"{fix.message}: `{new.strip()}` for `{old.strip()}`"
    if not fix.replacement:
        return f"{fix.message}: delete `{old}`"
    if fix.span.start == fix.span.end:
        return f"{fix.message}: insert `{new}`"
    return f"{fix.message} on line {fix.span.line}"


def _location(span: Span | None) -> str:
    return "" if span is None else f"{printable(span.file)}:{span.line}:{span.column}: "


def _excerpt(
    span: Span | None, sources: Mapping[str, str], style: _Style, paint: _Paint
) -> Iterator[str]:
    """Give the line of a span with its number, and below it the caret line."""
    if span is None or span.file not in sources:
        return
    shown: Excerpt = excerpt(sources[span.file], span)
    number = str(span.line).rjust(5)
    blank = " " * len(number)
    carets = " " * shown.indent + paint("^" * shown.width, style)
    yield f"{paint(f'{number} |', _Style.GUTTER)} {shown.line}".rstrip()
    yield f"{paint(f'{blank} |', _Style.GUTTER)} {carets}"
