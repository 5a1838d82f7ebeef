"""A place where the grammar cannot go on, and what is made of it."""

from lark import Token
from msgspec import Struct

from epochal.dsl.diagnostic import Diagnostic, Fix
from epochal.dsl.layout import Line
from epochal.dsl.places import Places
from epochal.dsl.span import Span


class Problem(Struct, frozen=True):
    """A token, or a character that begins none, that cannot stand where it stands.

    Attributes
    ----------
    tokens : tuple of Token
        What stands before it on its line, well formed so far.
    bad : Token or None
        The token that does not fit, ``_NL`` at the end of the line; None for a character.
    start, end : int
        Where it lies.
    starts, expected : frozenset of str
        Terminals that could begin this line, and that could stand at this place.
    block : str
        The word of the innermost open block, "" at the left edge.
    """

    text: str
    places: Places
    line: Line
    tokens: tuple[Token, ...]
    bad: Token | None
    start: int
    end: int
    starts: frozenset[str]
    expected: frozenset[str]
    block: str

    @property
    def span(self) -> Span:
        """The place of the bad token or character."""
        return self.places.span(self.start, self.end)

    @property
    def found(self) -> str:
        """The bad text itself, "" at the end of the line."""
        return self.text[self.start : self.end]

    @property
    def kind(self) -> str:
        """The terminal of the bad token, "" for a character."""
        return "" if self.bad is None else self.bad.type

    @property
    def first(self) -> str:
        """The first word of the line."""
        return str(self.tokens[0]) if self.tokens else self.found

    @property
    def first_span(self) -> Span:
        """The place of the first word."""
        return self.token_span(self.tokens[0]) if self.tokens else self.span

    @property
    def previous(self) -> Token | None:
        """The token before the bad one."""
        return self.tokens[-1] if self.tokens else None

    def token_span(self, token: Token) -> Span:
        """Give the place of a token."""
        assert token.start_pos is not None
        assert token.end_pos is not None
        return self.places.span(token.start_pos, token.end_pos)

    def replace(self, message: str, replacement: str) -> Fix:
        """Fix that puts another text where the bad one stands."""
        return Fix(message, self.span, replacement)


class Repair(Struct, frozen=True):
    """How to go on as if a mistake were mended: other tokens, then the text from an offset."""

    tokens: tuple[Token, ...]
    resume: int


class Finding(Struct, frozen=True):
    """What a problem is, and the repair where its meaning is beyond doubt."""

    diagnostic: Diagnostic
    repair: Repair | None = None


def instead(problem: Problem, terminal: str, written: str) -> Repair:
    """Repair a problem by reading the bad token as another one."""
    token = Token(terminal, written, problem.start, end_pos=problem.end)
    return Repair((*problem.tokens, token), problem.end)


def first_part_instead(problem: Problem, word: str) -> Repair:
    """Repair a problem by reading the start of the bad token as a word of the language."""
    end = problem.start + len(word)
    token = Token(word.upper(), word, problem.start, end_pos=end)
    return Repair((*problem.tokens, token), end)


def first_instead(problem: Problem, terminal: str) -> Repair:
    """Repair a problem by reading the first word of the line as a word of the language."""
    if not problem.tokens:
        return instead(problem, terminal, terminal.lower())
    token = problem.tokens[0].update(type=terminal)
    assert token.end_pos is not None
    return Repair((token,), token.end_pos)
