"""Parse one logical line at a time with one parser that lives as long as the file."""

import re
from collections.abc import Iterable

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import LexerState, LineCounter
from lark.parsers.lalr_interactive_parser import InteractiveParser
from lark.utils import TextSlice
from msgspec import Struct

from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.layout import Line
from epochal.dsl.lookahead import acceptable
from epochal.dsl.mistakes import explain
from epochal.dsl.places import Places
from epochal.dsl.problem import Problem
from epochal.dsl.words import BLOCK_HOMES

_WORD = re.compile(r"[A-Za-z0-9_]+")
# Repairs that one line is given before it is left out, so that none can go round in a circle.
_MOST_REPAIRS = 4


class Reading(Struct, frozen=True):
    """What came of a line: its tokens, None where it cannot be parsed, and its mistakes."""

    tokens: tuple[Token, ...] | None
    diagnostics: tuple[Diagnostic, ...]


class _Saved(Struct, frozen=True):
    """The parser's stacks at the start of a line.

    Lark extends the list of a repetition in place, so their lengths are saved beside them.
    """

    states: list[int]
    values: list[object]
    lengths: list[int]


class _Stop(Struct, frozen=True):
    """Where a line cannot go on: at a token, or at a character that begins none."""

    token: Token | None
    start: int
    end: int


class LineParser:
    """Feeds lines to one parser, and puts it back to the start of a line that fails."""

    def __init__(self, parser: InteractiveParser, text: str, places: Places) -> None:
        self._parser = parser
        self._state = parser.parser_state
        self._lexer = parser.lexer_thread.lexer
        self._text = text
        self._places = places

    @property
    def awaits_block(self) -> bool:
        """Whether the last line was the header of a block."""
        choices = self._state.parse_conf.states[self._state.position]
        return "_INDENT" in choices

    def begin(self, version: int, offset: int) -> None:
        """Feed the header of a file, whatever its first line says."""
        for kind, written in (("EPOCHAL", "epochal"), ("NUMBER", str(version)), ("_NL", "")):
            self._state.feed_token(Token(kind, written, offset, end_pos=offset))

    def mark(self, kind: str, offset: int) -> None:
        """Feed a token of the layout, which has a place and no width."""
        self._state.feed_token(_mark(kind, offset))

    def finish(self) -> Tree[Token]:
        """End the file and give its tree."""
        tree: Tree[Token] = self._parser.feed_token(_mark("$END", len(self._text)))
        return tree

    def read(self, line: Line, block: str, heads_block: bool) -> Reading:
        """Parse a line up to its end, mending what can be mended.

        Parameters
        ----------
        block : str
            The word of the innermost open block.
        heads_block : bool
            Whether the next line is indented deeper.
        """
        saved = self._save()
        found: list[Diagnostic] = []
        tokens: list[Token] = []
        position = line.start
        for _ in range(_MOST_REPAIRS):
            stop = self._advance(line, position, tokens, heads_block)
            if stop is None:
                return Reading(tuple(tokens), tuple(found))
            problem = self._problem(line, tokens, stop, saved, block)
            finding = explain(problem)
            found.append(finding.diagnostic)
            self._restore(saved)
            if finding.repair is None or not self._accepts(finding.repair.tokens):
                break
            tokens, position = list(finding.repair.tokens), finding.repair.resume
        self._restore(saved)
        return Reading(None, tuple(found))

    def _advance(
        self, line: Line, position: int, tokens: list[Token], heads_block: bool
    ) -> _Stop | None:
        """Feed the rest of a line, adding to its tokens; give the place where that fails."""
        # Only offsets count; rows are found from them.
        counter = LineCounter("\n")  # type: ignore[no-untyped-call]
        counter.char_pos = position
        lexing = LexerState(TextSlice(self._text, position, line.end), counter)
        try:
            for token in self._lexer.lex(lexing, self._state):
                torn = self._torn_word(token)
                if torn is not None and not token[0].isdigit():
                    return _at(torn)
                self._state.feed_token(token)
                tokens.append(token)
                if torn is not None:
                    return _at(torn)
            end = _mark("_NL", line.end)
            if heads_block and self._lacks_colon(tokens):
                return _at(end)
            self._state.feed_token(end)
        except UnexpectedToken as error:
            return _at(error.token)
        except UnexpectedCharacters:
            return _Stop(None, counter.char_pos, counter.char_pos + 1)
        return None

    def _torn_word(self, token: Token) -> Token | None:
        """Give the whole word that a token is a piece of, like the ``noise`` of ``noises``.

        Where no name can stand, the lexer knows only the words that can, and takes their letters
        wherever it meets them.  Behind a number, the word is what touches it.
        """
        assert token.end_pos is not None
        if not token[-1].isalnum():
            return None
        rest = _WORD.match(self._text, token.end_pos)
        if rest is None:
            return None
        before = "" if token[0].isdigit() else str(token)
        return Token("NAME", before + rest[0], rest.start() - len(before), end_pos=rest.end())

    def _lacks_colon(self, tokens: list[Token]) -> bool:
        """Tell whether a header that could end here goes on with a block all the same."""
        ends = not tokens or tokens[0] not in BLOCK_HOMES or tokens[-1].type == "COLON"
        return not ends and "COLON" in self._next()

    def _problem(
        self, line: Line, tokens: list[Token], stop: _Stop, saved: _Saved, block: str
    ) -> Problem:
        """Describe where a line failed, by the parser as it was before the bad token."""
        self._restore(saved)
        starts = self._next()
        self._feed(tokens)
        expected = self._next()
        return Problem(
            self._text,
            self._places,
            line,
            tuple(tokens),
            stop.token,
            stop.start,
            stop.end,
            starts,
            expected,
            block,
        )

    def _next(self) -> frozenset[str]:
        """Give the terminals that can stand next."""
        return acceptable(self._state.parse_conf, self._state.state_stack)

    def _feed(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            self._state.feed_token(token)

    def _accepts(self, tokens: tuple[Token, ...]) -> bool:
        """Feed the tokens of a repair; tell whether they fit."""
        try:
            self._feed(tokens)
        except UnexpectedToken:
            return False
        return True

    def _save(self) -> _Saved:
        values = list(self._state.value_stack)
        lengths = [len(value.children) if isinstance(value, Tree) else 0 for value in values]
        return _Saved(list(self._state.state_stack), values, lengths)

    def _restore(self, saved: _Saved) -> None:
        self._state.state_stack[:] = saved.states
        self._state.value_stack[:] = saved.values
        for value, length in zip(saved.values, saved.lengths, strict=True):
            if isinstance(value, Tree):
                del value.children[length:]


def _mark(kind: str, offset: int) -> Token:
    return Token(kind, "", offset, end_pos=offset)


def _at(token: Token) -> _Stop:
    assert token.start_pos is not None
    assert token.end_pos is not None
    return _Stop(token, token.start_pos, token.end_pos)
