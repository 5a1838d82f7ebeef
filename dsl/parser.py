"""Parse a source into its syntax tree, reporting every mistake in one run."""

from msgspec.structs import replace

from epochal.dsl import syntax
from epochal.dsl.build import build
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.driver import Driver
from epochal.dsl.garbage import garbage_put_off
from epochal.dsl.layout import Layout, cut
from epochal.dsl.limits import MAX_ERRORS, MAX_ITEMS, MAX_NESTING
from epochal.dsl.nesting import find_too_deep
from epochal.dsl.places import Places
from epochal.dsl.span import Source, Span
from epochal.dsl.version import NEWEST, begins_with_header, check_version


@garbage_put_off()
def parse(source: Source) -> tuple[syntax.File | None, tuple[Diagnostic, ...]]:
    """Parse a source into its syntax tree.

    Parameters
    ----------
    source : Source
        The text, with line breaks as in the file, so that spans and fixes are exact.

    Returns
    -------
    File or None
        The tree of all lines that could be parsed; None where the version of the language is
        not known here, or where an expression is too deep for any later pass.
    tuple of Diagnostic
        Every mistake of spelling in the order of the text; at most ``MAX_ERRORS``, the last of
        which then says that there are more.

    Notes
    -----
    The cost is linear in the length of the text.  A line that cannot be parsed is left out with
    the lines below it that are indented deeper; its words go to ``File.skipped``.
    """
    places = Places(source)
    layout = cut(source, places)
    wrong = check_version(source.text, layout.lines[0] if layout.lines else None, places)
    if wrong is not None and wrong.code == "E0108":
        return None, (wrong,)
    found = [*layout.diagnostics] if wrong is None else [wrong, *layout.diagnostics]
    driver = _drive(source.text, layout, places)
    file, mistakes = _build(driver, layout, places)
    return file, _first_ones([*found, *driver.diagnostics(), *mistakes])


def _drive(text: str, layout: Layout, places: Places) -> Driver:
    lines = layout.lines
    if lines and begins_with_header(text, lines[0]):
        lines = lines[1:]
    driver = Driver(text, places, NEWEST)
    for line, below in zip(lines, [*lines[1:], None], strict=False):
        driver.take(line, below)
    return driver


def _build(
    driver: Driver, layout: Layout, places: Places
) -> tuple[syntax.File | None, tuple[Diagnostic, ...]]:
    tree = driver.finish()
    # Nothing on a line can be nested deeper than the line has tokens.
    if driver.longest > MAX_NESTING:
        too_deep = find_too_deep(tree, places)
        if too_deep:
            return None, too_deep
    docs = {line.start: line.doc for line in layout.lines if line.doc}
    file, found = build(tree, places, docs)
    skipped = frozenset(driver.skipped)
    more = file.items[MAX_ITEMS : MAX_ITEMS + 1]
    items = file.items[:MAX_ITEMS]
    file = replace(file, items=items, comments=layout.comments, skipped=skipped)
    return file, (*found, *(_too_many(item.span) for item in more))


def _too_many(span: Span) -> Diagnostic:
    message = f"a file holds {MAX_ITEMS} tasks at most: split it into several files"
    return diagnose("E0106", message, span)


def _first_ones(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort diagnostics by place and keep the first; the last one kept tells of the others."""
    found.sort(key=lambda diagnostic: -1 if diagnostic.span is None else diagnostic.span.start)
    if len(found) < MAX_ERRORS:
        return tuple(found)
    *kept, last = found[:MAX_ERRORS]
    note = Note(f"only the first {MAX_ERRORS} mistakes are shown; there may be more")
    return (*kept, replace(last, notes=(*last.notes, note)))
