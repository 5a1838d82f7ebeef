"""No text is too much: limits are diagnostics, and the cost is linear."""

import time

import pytest
from written import BLOCK, codes, expression, well_parsed

from epochal.dsl.limits import MAX_BLOCKS, MAX_NESTING
from epochal.dsl.parser import parse
from epochal.dsl.span import Source

HEAD = "epochal 1\n\ntask t:\n    trial:\n"


@pytest.mark.parametrize(
    "deep",
    [
        lambda n: "(" * n + "1" + ")" * n,
        lambda n: "[" * n + "]" * n,
        lambda n: "{" * n + "1" + "}" * n,
        lambda n: "f(" * n + ")" * n,
        lambda n: "-" * n + "1",
        lambda n: "not " * n + "a",
        lambda n: "a[" * n + "1" + "]" * n,
        lambda n: "a" + "[1]" * n,
        lambda n: "1" + " + 1" * n,
        lambda n: "1" + " ** 1" * n,
        lambda n: "1" + " if a else 1" * n,
    ],
)
def test_an_expression_has_a_hundred_levels_at_most(deep: object) -> None:
    assert callable(deep)
    assert expression(deep(MAX_NESTING))
    for levels in (MAX_NESTING + 1, 1_200):
        text = BLOCK.format(block="trial", line=f"x = {deep(levels)}")
        file, found = parse(Source("x", text))
        assert file is None
        assert [diagnostic.code for diagnostic in found] == ["E0134"]


def test_a_list_may_be_as_long_as_it_likes() -> None:
    assert expression(f"{{{'1, ' * 1500}}}")
    assert expression(f"f({'a = 1, ' * 1500})")


def test_blocks_nest_twenty_deep_at_most() -> None:
    def nested(levels: int) -> str:
        lines = [f"{'  ' * (level + 4)}repeat 2 as i{level}:\n" for level in range(levels)]
        return f"epochal 1\ntask t:\n      epochs:\n{''.join(lines)}{'  ' * (levels + 4)}a: 1 s\n"

    assert codes(nested(MAX_BLOCKS - 2)) == []
    assert codes(nested(MAX_BLOCKS - 1)) == ["E0119"]
    assert codes(nested(500)) == ["E0119"]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "        x = " + "(" * 40_000,
        HEAD + "        x = " + "(" * 20_000 + "]" * 20_000,
        "epochal 1\n" + ")" * 40_000,
        "epochal 1\n" + '"' * 40_000,
        "epochal 1\n" + "é" * 40_000,
        "epochal 1\n" + "a(\n" * 30_000,
        "epochal 1\n" + "\t\n\tx\n" * 20_000,
        "epochal 1\n" + "x " * 40_000,
        "a" * 40_000,
        HEAD + "        x = " + "1" * 40_000 + " msec\n",
        HEAD + "        x = 1e99999999 hours\n",
        HEAD + "        x = " + " < ".join("a" * 5_000),
    ],
)
def test_a_hostile_text_gets_an_answer_soon(text: str) -> None:
    began = time.perf_counter()
    _, found = parse(Source("x", text))
    assert found
    assert time.perf_counter() - began < 5


def best_time(lines: int) -> float:
    body = "".join(
        f"        x{i} = a * {i} + max(b, c) if d else e  # note\n" for i in range(lines)
    )
    times = []
    for _ in range(2):
        began = time.perf_counter()
        well_parsed(HEAD + body)
        times.append(time.perf_counter() - began)
    return min(times)


def test_the_cost_of_a_line_does_not_grow_with_the_file() -> None:
    best_time(50)
    # Ten times the lines; a quadratic pass would take a hundred times as long.
    assert best_time(800) < 30 * best_time(80)
