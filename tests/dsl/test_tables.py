"""The tables of units, words and codes, and the search for the nearest name."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from written import messages

from epochal.dsl import codes, units, words
from epochal.dsl.diagnostic import Severity
from epochal.dsl.grammar import grammar_text
from epochal.dsl.nearest import nearest

DSL = Path(__file__).parents[2] / "dsl"


@pytest.mark.parametrize(
    ("written", "base", "factor"),
    [
        ("us", "us", "1"),
        ("ms", "us", "1000"),
        ("s", "us", "1000000"),
        ("min", "us", "60000000"),
        ("Hz", "Hz", "1"),
        ("kHz", "Hz", "1000"),
        ("deg", "deg", "1"),
        ("rad", "rad", "1"),
        ("%", "", "0.01"),
    ],
)
def test_a_unit_is_an_exact_multiple_of_its_base(written: str, base: str, factor: str) -> None:
    unit = units.UNITS[written]
    assert (unit.name, unit.base, unit.factor) == (written, base, Decimal(factor))


def test_the_table_holds_the_units_of_the_grammar() -> None:
    (alternatives,) = re.findall(r"^QUANTITY.*\[ \]\*\((.*?)\)", grammar_text(), re.MULTILINE)
    assert set(alternatives.split("|")) == set(units.UNITS)


def test_every_other_spelling_means_a_unit() -> None:
    assert set(units.SYNONYMS.values()) == set(units.UNITS)
    assert all(spelling == spelling.lower() for spelling in units.SYNONYMS)


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("inpts", ["outputs", "inputs"], "inputs"),
        ("tiral", ["trial", "task"], "trial"),
        ("INPUTS", ["inputs"], "inputs"),
        ("lfet", ["left", "right"], "left"),
        ("fixaton", ["fixation"], "fixation"),
        ("colour", ["motion"], None),
        ("x", ["y"], None),
        ("ab", ["cd"], None),
        ("cat", ["dog"], None),
        ("", ["a"], None),
        ("a", [], None),
        ("one", ["onf", "ona"], "onf"),
        ("x" * 10_000, ["x" * 10_000], None),
    ],
)
def test_the_nearest_name_is_near(word: str, known: list[str], found: str | None) -> None:
    assert nearest(word, known) == found


@pytest.mark.parametrize("word", sorted(words.STATEMENT_WORDS | words.RESERVED))
def test_a_word_of_the_language_names_no_channel_no_epoch_and_no_value(word: str) -> None:
    assert words.why_not_a_name(word, value=False)
    assert words.why_not_a_name(word, value=True)
    assert messages("params", f"{word} = 1")
    assert messages("inputs", word)
    assert messages("epochs", f"{word}: 1 s")


def test_a_unit_may_name_a_channel_and_no_value() -> None:
    assert words.why_not_a_name("min", value=False) is None
    assert words.why_not_a_name("min", value=True)
    assert messages("inputs", "min") == []
    assert messages("params", "min = 1")


def test_every_word_of_the_language_stands_in_the_grammar() -> None:
    known = set(re.findall(r'"([a-z_]+)"', grammar_text()))
    assert known >= words.STATEMENT_WORDS
    assert known >= set(words.BLOCK_HOMES)


def test_every_block_of_the_grammar_has_a_home() -> None:
    headers = set(re.findall(r'^\w+: +"([a-z]+)".*_INDENT', grammar_text(), re.MULTILINE))
    assert headers == set(words.BLOCK_HOMES)


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="E9999"):
        codes.diagnose("E9999", "m", None)


def test_the_letter_of_a_code_is_its_severity() -> None:
    assert codes.diagnose("E0101", "m", None).severity is Severity.ERROR
    assert all(re.fullmatch(r"[EW]0[1-8]\d\d", code) for code in codes.CODES)


def test_every_code_that_is_used_stands_in_the_table_and_the_reverse() -> None:
    others = ("codes.py", "block_order.py")  # the order of blocks is spelling, its codes are old
    used = {
        code
        for path in DSL.glob("*.py")
        if path.name not in others
        for code in re.findall(r'"([EW]\d{4})"', path.read_text("utf-8"))
    }
    limits = {"E0369"}  # of names, which the compiler would say later
    library = {"E0109"}  # of names there, which the driver finds
    assert used | library == {code for code in codes.CODES if code.startswith("E01")} | limits
