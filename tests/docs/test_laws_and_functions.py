"""The library of the language: each law and function is a row of a table, and is documented."""

import re
from pathlib import Path

import pytest

from epochal.compiler.distributions import DISTRIBUTIONS, IN_TURN
from epochal.compiler.functions import FUNCTIONS

LANGUAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
CODE = re.findall(r"^```\w*\n.*?^```|`[^`\n]+`", LANGUAGE, re.M | re.S)
WRITTEN = {word for code in CODE for word in re.findall(r"[a-z_0-9]+", code)}

LAWS = """
    uniform normal truncnormal exponential geometric poisson bernoulli integers choice balanced
    except permutation shuffled sample quantize pulse_train ou random_walk alternate markov
""".split()
CALLS = """
    abs sqrt exp log sin cos sign floor mod min max sum mean count any all rescale clip wrap
    angle_between bump vonmises cosine_tuning onehot opponent evidence other position range lookup
    latch integral lag ema last first_above argmax population_vector rms error previous
""".split()


@pytest.mark.parametrize("name", LAWS)
def test_every_law_of_the_library_is_a_row(name: str) -> None:
    assert DISTRIBUTIONS[name].law


@pytest.mark.parametrize("name", CALLS)
def test_every_function_of_the_library_is_a_row(name: str) -> None:
    assert FUNCTIONS[name].gives


@pytest.mark.parametrize("name", [*DISTRIBUTIONS, *FUNCTIONS])
def test_every_row_is_documented(name: str) -> None:
    if name == IN_TURN:  # which is written `balanced(..) per batch`
        assert "`x ~ balanced({..}) per batch`" in LANGUAGE
    else:
        assert name in WRITTEN


def test_the_library_has_no_other_rows() -> None:
    assert set(DISTRIBUTIONS) - {IN_TURN} <= set(LAWS)
    assert set(FUNCTIONS) <= set(CALLS)
