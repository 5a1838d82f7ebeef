"""The table of diagnostic codes, and the one way to make a diagnostic."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from epochal.dsl.diagnostic import Diagnostic, Fix, Note, Severity
from epochal.dsl.span import Span

# Codes are stable: a number is never given to another mistake.  Groups: E01 reading, layout and
# syntax; E02 names; E03 types and units; E04 structure and time; E05 limits; E06 not built yet;
# W07 lints.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "E0101": "the file does not exist",
        "E0102": "the path is a folder",
        "E0103": "the file cannot be read",
        "E0104": "the file is not text",
        "E0105": "the file is empty",
        "E0106": "the file is too large",
        "E0107": "the first line does not say the version of the language",
        "E0108": "the version of the language is not known here",
        "E0110": "a tab",
        "E0111": "a character outside comments and texts that the language does not use",
        "E0112": "a text without its closing quote",
        "E0113": "a text in single quotes",
        "E0114": "a bracket that is never closed",
        "E0115": "a closing bracket without its opening one",
        "E0116": "a line indented for no block",
        "E0117": "an indentation that fits no open block",
        "E0118": "a block without lines",
        "E0119": "blocks nested too deeply",
        "E0120": "something that cannot stand here",
        "E0121": "a line that ends too early",
        "E0122": "a block header without its colon",
        "E0123": "`=` and `:` confused",
        "E0124": "an unknown block or statement",
        "E0125": "a block in the wrong place",
        "E0126": "a statement of another language",
        "E0127": "an operator of another language",
        "E0128": "a number without digits before or after its point",
        "E0129": "a missing space",
        "E0130": "an unknown unit",
        "E0131": "a quantity divided by a bare unit",
        "E0132": "a chain of comparisons",
        "E0133": "a word of the language used as a name",
        "E0134": "an expression nested too deeply",
        "E0135": "a comparison where a definition belongs",
    }
)

_SEVERITIES = {"E": Severity.ERROR, "W": Severity.WARNING}


def diagnose(
    code: str,
    message: str,
    span: Span | None,
    *,
    notes: Sequence[Note] = (),
    fixes: Sequence[Fix] = (),
) -> Diagnostic:
    """Make a diagnostic; the letter of its code says how severe it is.

    Raises
    ------
    AssertionError
        The code does not stand in ``CODES``.
    """
    assert code in CODES, f"the code {code} is not in the table of codes"
    return Diagnostic(code, message, span, _SEVERITIES[code[0]], tuple(notes), tuple(fixes))
