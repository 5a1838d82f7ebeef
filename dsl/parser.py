"""Parse a source into its syntax tree, reporting every mistake in one run."""

from lark import Token, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import LexerState, LineCounter
from lark.utils import TextSlice

from epochal.dsl import syntax
from epochal.dsl.build import build
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.grammar import load
from epochal.dsl.layout import Line, cut
from epochal.dsl.places import Places
from epochal.dsl.span import Source


def parse(source: Source) -> tuple[syntax.File | None, tuple[Diagnostic, ...]]:
    """Parse a source (this first form stops at the first mistake in the grammar)."""
    places = Places(source)
    layout = cut(source, places)
    driver = _Driver(source.text, places)
    for line in layout.lines:
        driver.take(line)
    tree = driver.finish()
    docs = {line.start: line.doc for line in layout.lines if line.doc}
    return build(tree, places, docs, layout.comments), layout.diagnostics


class _Driver:
    def __init__(self, text, places):
        self.text = text
        self.places = places
        self.parser = load().parse_interactive()
        self.state = self.parser.parser_state
        self.lexer = self.parser.lexer_thread.lexer
        self.widths = [0]
        self.end = (0, 1)

    def take(self, line):
        while line.width < self.widths[-1]:
            self.widths.pop()
            self.feed("_DEDENT")
        if line.width > self.widths[-1]:
            self.widths.append(line.width)
            self.feed("_INDENT")
        counter = LineCounter("\n")
        counter.char_pos = line.start
        counter.line = line.row
        counter.line_start_pos = self.places.row_start(line.row)
        counter.column = line.start - counter.line_start_pos + 1
        state = LexerState(TextSlice(self.text, line.start, line.end), counter)
        for token in self.lexer.lex(state, self.state):
            self.state.feed_token(token)
        self.end = (line.end, counter.line)
        self.feed("_NL")

    def feed(self, type_):
        end, row = self.end
        self.state.feed_token(Token(type_, "", end, row, end_pos=end, end_line=row))

    def finish(self):
        for _ in self.widths[1:]:
            self.feed("_DEDENT")
        return self.parser.feed_eof()
