"""Say in plain words what the grammar found and what it could go on with."""

from collections.abc import Mapping
from types import MappingProxyType

from lark import Token

# Terminals that are not words, as the reader writes them.
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "COLON": ":",
        "COMMA": ",",
        "DOT": ".",
        "DOTS": "..",
        "EQUAL": "=",
        "TILDE": "~",
        "AT": "@",
        "PLUS": "+",
        "MINUS": "-",
        "STAR": "*",
        "SLASH": "/",
        "POWER": "**",
        "EQUALS": "==",
        "DIFFERS": "!=",
        "LESSTHAN": "<",
        "MORETHAN": ">",
        "AT_MOST": "<=",
        "AT_LEAST": ">=",
        "ADD_TO": "+=",
        "TAKE_FROM": "-=",
        "MULTIPLY_BY": "*=",
        "LPAR": "(",
        "RPAR": ")",
        "LSQB": "[",
        "RSQB": "]",
        "LBRACE": "{",
        "RBRACE": "}",
    }
)
_KINDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "QUANTITY": "a quantity",
    "STRING": "a text in double quotes",
    "_NL": "the end of the line",
    "_INDENT": "an indented block",
    "_DEDENT": "the end of the block",
    "$END": "the end of the file",
}
_FOUND = {
    "NAME": "the name",
    "NUMBER": "the number",
    "QUANTITY": "the quantity",
    "STRING": "the text",
}
# Sets of terminals that have one name; the first that lies within what is expected is taken out.
_GROUPS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"NAME", "NUMBER", "QUANTITY", "STRING", "LPAR", "LSQB", "LBRACE"}),
        frozenset({"NOT", "MINUS"}),
        "an expression",
    ),
    (
        frozenset({"PLUS", "MINUS", "STAR", "SLASH"}),
        frozenset(
            {"POWER", "AT", "LSQB", "LPAR", "AND", "OR", "IN", "IF", "EQUALS", "DIFFERS"}
            | {"LESSTHAN", "MORETHAN", "AT_MOST", "AT_LEAST"}
        ),
        "an operator",
    ),
    (frozenset({"EQUAL", "ADD_TO", "TAKE_FROM", "MULTIPLY_BY"}), frozenset(), "`=`, `+=`"),
)
_MOST_CHOICES = 12
_LONGEST = 60


def is_word(terminal: str) -> bool:
    """Tell whether a terminal is a word of the language rather than a sign or a kind."""
    return terminal not in SIGNS and terminal not in _KINDS


def spelling(terminal: str) -> str:
    """Spell a word or a sign as the reader writes it."""
    return SIGNS.get(terminal) or terminal.lower()


def describe_expected(expected: frozenset[str]) -> str:
    """List what may stand somewhere: "an expression, `per` or the end of the line"."""
    left, choices = set(expected), []
    for needed, also, name in _GROUPS:
        if needed <= left:
            left -= needed | also
            choices.append(name)
    ends = [_KINDS[kind] for kind in ("_NL", "_INDENT", "$END") if kind in left]
    left -= {"_NL", "_INDENT", "_DEDENT", "$END"}
    choices += sorted(_KINDS[terminal] for terminal in left if terminal in _KINDS)
    spelled = [f"`{spelling(terminal)}`" for terminal in left if terminal not in _KINDS]
    choices += sorted(spelled)
    if len(choices) > _MOST_CHOICES:
        choices = [*choices[:_MOST_CHOICES], "something else"]
    return join_or([*choices, *ends])


def describe_found(token: Token) -> str:
    """Name a token: "the name `x`", "`:`", "the end of the line"."""
    if token.type in ("_NL", "_INDENT", "_DEDENT", "$END"):
        return _KINDS[token.type]
    text = shorten(str(token))
    kind = _FOUND.get(token.type)
    if kind is not None:
        return f"{kind} `{text}`"
    return f"the word `{text}`" if token.isalpha() else f"`{text}`"


def shorten(text: str) -> str:
    """Cut a long text, for messages."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def join_or(choices: list[str]) -> str:
    """Join phrases: "a, b or c"."""
    if len(choices) < 2:
        return "".join(choices)
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
