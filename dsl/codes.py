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
        "E0201": "a name that is not known",
        "E0202": "`t` or `none` where it has no value",
        "E0203": "a label that shares the name of a value",
        "E0204": "an epoch or a channel where a value belongs",
        "E0205": "an output read outside `score`",
        "E0206": "something other than an output before `@`",
        "E0207": "a label outside the set it is compared with",
        "E0208": "a call with too few or too many arguments",
        "E0209": "a draw where none may stand",
        "E0210": "an encoder of rings where no ring is set",
        "E0212": "a name declared twice",
        "E0301": "a set whose members differ in type",
        "E0302": "a text or a list in an expression",
        "E0303": "a value of the wrong type",
        "E0304": "a unit without a number",
        "E0305": "two sides of a condition that differ in type",
        "E0306": "an operator on something that is no number",
        "E0307": "a time finer than a microsecond",
        "E0308": "a sum of different types",
        "E0309": "a division by zero",
        "E0310": "a set with some weights left out",
        "E0311": "a member that stands twice in a set",
        "E0312": "labels put in order",
        "E0313": "a comparison of different types",
        "E0314": "`in` without a set",
        "E0315": "a bump without width",
        "E0316": "`other` of a set that has not two labels",
        "E0317": "a reduction of an output that has not the units for it",
        "E0318": "a reduction of something that is no output",
        "E0319": "`~` without a distribution",
        "E0320": "a balanced variable that depends on a condition",
        "E0321": "a law with arguments that cannot be",
        "E0322": "weights of a balanced set that are not constants",
        "E0323": "levels that are not known when compiling",
        "E0324": "a parameter bound to another type",
        "E0325": "several values where one belongs",
        "E0326": "bounds that are neither a pair nor a set",
        "E0327": "a parameter outside its bounds",
        "E0328": "more or fewer names than values",
        "E0329": "a score of several values",
        "E0330": "`correct` that is neither true nor false",
        "E0331": "a requirement of nothing",
        "E0332": "a requirement on the design that is not known when compiling",
        "E0333": "a requirement that never holds",
        "E0334": "arrays that differ in length",
        "E0335": "an index into something that is no array",
        "E0336": "an index that may leave its array",
        "E0337": "an array without its size",
        "E0338": "a draw per batch that follows one per trial",
        "E0340": "a signal where none may stand",
        "E0341": "a count of what has no events, or no end",
        "E0342": "a process drawn where none may be",
        "E0343": "a pulse train of too many pulses",
        "E0344": "a time that a signal cannot be moved or averaged by",
        "E0345": "a comparison over time where numbers belong",
        "E0350": "an encoder on a channel that has not the units for it",
        "E0351": "a tuning curve of negative concentration",
        "E0401": "a span that runs backwards",
        "E0402": "a slice bound of no clear sign",
        "E0403": "an option that an output does not have",
        "E0404": "units that are not known when compiling",
        "E0405": "noise that is none",
        "E0406": "a score that is no definition",
        "E0407": "`length:` and `until end` that do not fit together",
        "E0408": "a draw that does not fit into a duration",
        "E0409": "a channel that cannot be set so",
        "E0410": "a unit that is neither a label nor a number",
        "E0411": "a unit index that may leave the channel",
        "E0412": "a unit that the channel does not have",
        "E0413": "an assignment that is not allowed here",
        "E0414": "a block that stands twice",
        "E0415": "blocks out of order",
        "E0416": "a block that is missing",
        "E0417": "a fact that is no text",
        "E0418": "a duration without an upper bound",
        "E0419": "a duration that may be negative",
        "E0420": "a trial without time",
        "E0421": "epochs that may not fit into the trial",
        "E0422": "a task that the file does not hold",
        "E0423": "a task that extends itself",
        "E0424": "a file or package that cannot be used",
        "E0425": "a path that leaves its folder",
        "E0426": "a repeat whose count is no whole number, or too large",
        "E0501": "a design of too many cells",
        "E0502": "a channel of too many units",
        "E0503": "a trial that is too long",
        "E0504": "a number that is too long, too large or too small",
        "E0601": "a part of the language that is not built yet",
        "W0701": "a division that may be by zero",
        "W0702": "a parameter that is never used",
        "W0703": "a task without `correct`",
        "W0704": "a task without title, citation or licence",
        "W0705": "a response without a cue",
        "W0706": "an output that is never asked for anything",
        "W0707": "a duration that dt does not divide",
        "W0711": "a pulse shorter than a step",
    }
)

# Mistakes about a file rather than in one.
NOT_IN_A_FILE = frozenset({"E0101", "E0102", "E0103", "E0106"})

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
