"""Characters that the language does not use: tabs, foreign letters and quotes."""

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix
from epochal.dsl.limits import MAX_ERRORS
from epochal.dsl.places import Places

# What people paste from papers and word processors, and how it is written here.
_SPELLINGS = {
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": '"',
    "\N{RIGHT SINGLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
    "\N{ELEMENT OF}": "in",
    "\N{TILDE OPERATOR}": "~",
    "\N{MICRO SIGN}": "u",
    "\N{GREEK SMALL LETTER MU}": "u",
    "\N{DEGREE SIGN}": " deg",
    "\N{GREEK SMALL LETTER PI}": "pi",
    "\N{HORIZONTAL ELLIPSIS}": "..",
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
    "\N{THIN SPACE}": " ",
    "\N{ZERO WIDTH SPACE}": "",
    "\ufeff": "",
}
_FOUR_SPACES = "    "


class Characters:
    """Judges the characters of one text; tabs are gathered into one diagnostic with many fixes."""

    def __init__(self, text: str, places: Places) -> None:
        self._text = text
        self._places = places
        self._found: list[Diagnostic] = []
        self._tabs: list[tuple[int, int]] = []

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Give what was found, the tabs of the whole file last."""
        if not self._tabs:
            return tuple(self._found)
        fixes = []
        for start, end in self._tabs:
            spaces = self._text[start:end].replace("\t", _FOUR_SPACES)
            fixes.append(Fix("write four spaces", self._places.span(start, end), spaces))
        rows = len({fix.span.line for fix in fixes})
        message = "found a tab: indent with spaces, four for each block"
        if rows > 1:
            message += f" (tabs stand on {rows} lines)"
        return (*self._found, diagnose("E0110", message, fixes[0].span, fixes=fixes))

    def tabs(self, start: int, end: int) -> None:
        """Take note of the tabs in a stretch of white space."""
        self._tabs.append((start, end))

    def judge(self, kind: str, start: int, end: int) -> bool:
        """Report a text or a foreign character where it is wrong; tell whether it was."""
        match kind:
            case "string":
                return self._string(start, end)
            case "single":
                return self._single(start, end)
        return self._foreign(start, end)

    def _report(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic, while it can be among the first that are shown."""
        if len(self._found) < MAX_ERRORS:
            self._found.append(diagnostic)

    def _string(self, start: int, end: int) -> bool:
        if end - start > 1 and self._text[end - 1] == '"':
            return False
        message = 'this text has no closing `"` on its line'
        self._report(diagnose("E0112", message, self._places.span(start, end)))
        return True

    def _single(self, start: int, end: int) -> bool:
        span = self._places.span(start, end)
        closed = end - start > 1 and self._text[end - 1] == "'"
        content = self._text[start + 1 : end - 1]
        fixes = []
        if closed and '"' not in content:
            fixes.append(Fix("use double quotes", span, f'"{content}"'))
        message = "a text stands in double quotes, not in single ones"
        self._report(diagnose("E0113", message, span, fixes=fixes))
        return True

    def _foreign(self, start: int, end: int) -> bool:
        character = self._text[start]
        if character == "\t":
            self.tabs(start, end)
            return False
        span = self._places.span(start, end)
        spelling = _SPELLINGS.get(character)
        fixes = []
        if spelling is not None:
            spelled = f"write `{spelling}`" if spelling.strip() else "write a plain space"
            fixes.append(Fix(spelled if spelling else "delete it", span, spelling))
        message = f"found {_describe(character)}, which only comments and texts may hold"
        self._report(diagnose("E0111", message, span, fixes=fixes))
        return True


def _describe(character: str) -> str:
    if character == "\r":
        return "a carriage return without a line feed"
    if character.isprintable():
        return f"the character `{character}` (U+{ord(character):04X})"
    return f"the invisible character U+{ord(character):04X}"
