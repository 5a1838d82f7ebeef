"""The first line of a file: the version of the language."""

import re

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix
from epochal.dsl.layout import Line
from epochal.dsl.places import Places

VERSIONS = (1,)
NEWEST = VERSIONS[-1]
_HEADER = re.compile(r"epochal +(\d{1,9})")
_ALMOST = re.compile(r"[Ee][Pp][Oo]\w*[ :=]*v?[\d.]*")


def check_version(text: str, first: Line | None, places: Places) -> Diagnostic | None:
    """Check that the first line says a version that is known here; give what is wrong."""
    if first is None:
        return _missing(places)
    written = text[first.start : first.end]
    header = _HEADER.fullmatch(written)
    span = places.span(first.start, first.end)
    if header is None:
        if not _ALMOST.fullmatch(written):
            return _missing(places)
        fix = Fix("say the version", span, f"epochal {NEWEST}")
        message = f"the first line of a file is `epochal {NEWEST}`, found `{written[:40]}`"
        return diagnose("E0107", message, span, fixes=[fix])
    if int(header[1]) in VERSIONS:
        return None
    known = ", ".join(str(version) for version in VERSIONS)
    message = (
        f"this file is written in version {int(header[1])} of the language; "
        f"this install of Epochal reads version {known}: install a newer one"
    )
    return diagnose("E0108", message, span)


def begins_with_header(text: str, first: Line) -> bool:
    """Tell whether a line is the header of a file, well written or almost."""
    return bool(_ALMOST.fullmatch(text[first.start : first.end]))


def _missing(places: Places) -> Diagnostic:
    start = places.row_start(1)
    fix = Fix("insert it", places.span(start, start), f"epochal {NEWEST}\n\n")
    message = f"the first line of a file is `epochal {NEWEST}`, the version of the language"
    return diagnose("E0107", message, fix.span, fixes=[fix])
