"""Blocks out of order, and what puts them in order."""

from epochal.dsl.parser import parse
from epochal.dsl.span import Source

TASK = """epochal 1

# A task.
task small:
    score:                       # comes last
        correct = true

    # What the network gives.
    outputs:
        answer

    inputs:                      # and before it what it gets
        light    # a lamp

    during wait:
        light = 1
    epochs:
        wait: 20 ms

# The end.
"""

SORTED = """epochal 1

# A task.
task small:
    inputs:                      # and before it what it gets
        light    # a lamp

    # What the network gives.
    outputs:
        answer

    epochs:
        wait: 20 ms

    during wait:
        light = 1

    score:                       # comes last
        correct = true

# The end.
"""


def mended(text: str) -> str:
    _, (found,) = parse(Source("small.task", text))
    (fix,) = found.fixes
    assert found.code == "E0415"
    return text[: fix.span.start] + fix.replacement + text[fix.span.end :]


def test_another_order_of_blocks_has_a_fix_that_moves_them_with_their_comments() -> None:
    assert mended(TASK) == SORTED
    assert parse(Source("small.task", SORTED))[1] == ()


def test_the_blocks_of_a_child_have_an_order_too() -> None:
    text = "epochal 1\n\ntask b extends a:\n    trial:\n        x = 1\n    params:\n        y = 2\n"
    assert mended(text).index("params") < mended(text).index("trial")
    twice = text.replace("params", "trial")
    assert [one.code for one in parse(Source("small.task", twice))[1]] == ["E0414"]


def test_blocks_with_the_line_breaks_of_windows_are_put_in_order() -> None:
    text = mended(TASK.replace("\n", "\r\n"))
    assert text.replace("\r\n", "\n") == SORTED
    assert parse(Source("small.task", text))[1] == ()


def test_a_task_may_have_many_during_blocks() -> None:
    text = SORTED.replace("    score:", "    during wait:\n        ignore\n\n    score:")
    assert parse(Source("small.task", text))[1] == ()
