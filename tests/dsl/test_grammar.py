"""The grammar has no conflict and accepts what people write."""

from pathlib import Path
from random import Random

import pytest
from lark import Token
from written import FILES, LIBRARY, well_parsed

from epochal.dsl.grammar import build, grammar_text, load
from epochal.dsl.lookahead import acceptable


def test_the_grammar_has_no_conflict_in_strict_mode() -> None:
    build(grammar_text(), strict=True)


@pytest.mark.parametrize("path", FILES + LIBRARY, ids=lambda path: path.name)
def test_a_correct_file_parses_without_a_word(path: Path) -> None:
    assert well_parsed(path.read_text("utf-8")).items


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_the_same_with_the_line_breaks_of_windows(path: Path) -> None:
    text = path.read_text("utf-8")
    assert well_parsed(text.replace("\n", "\r\n")) == well_parsed(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_the_same_behind_a_byte_order_mark(path: Path) -> None:
    text = path.read_text("utf-8")
    assert well_parsed("\ufeff" + text) == well_parsed(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_the_same_without_its_last_line_break(path: Path) -> None:
    text = path.read_text("utf-8")
    assert well_parsed(text.rstrip("\n")) == well_parsed(text)


@pytest.mark.parametrize("seed", range(5))
def test_the_terminals_that_can_stand_next_are_those_that_lark_accepts(seed: int) -> None:
    parser = load().parse_interactive()
    state = parser.parser_state
    rng = Random(seed)
    for _ in range(60):
        accepted = acceptable(state.parse_conf, state.state_stack)
        assert accepted == parser.accepts()  # type: ignore[no-untyped-call]
        parser.feed_token(Token(rng.choice(sorted(accepted - {"$END"})), ""))
