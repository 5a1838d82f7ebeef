"""Every example in a table of the language reference compiles, and no function is left out."""

import re
from pathlib import Path

import pytest

from epochal import load
from epochal.compiler.distributions import DISTRIBUTIONS, IN_TURN
from epochal.compiler.functions import FUNCTIONS

TEXT = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")

FRAME = """epochal 1

task example:
    inputs:
        sides[left, right]
        ring: ring(16)

    outputs:
        hold
        choice[left, right]
        dial: ring(16)

    trial:
        side ~ balanced({left, right})
        coh ~ {0.1, 0.4}
        theta ~ uniform(0 deg, 360 deg)
        wait ~ uniform(100 ms, 300 ms)
        levels[4] ~ uniform(0, 1)
        TRIAL

    epochs:
        show: 200 ms
        respond: 200 ms

    during show:
        ring = bump(theta, width = 20 deg)
        DURING

    score:
        correct = argmax(choice @ respond) == side
        SCORE
"""

PLACES = {
    "law": "TRIAL",
    "function": "TRIAL",
    "process": "TRIAL",
    "encoder": "DURING",
    "reduction": "SCORE",
}


def examples() -> list[tuple[str, str]]:
    """List the examples of all tables: where each stands in a task, and its text."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", TEXT, re.M):
        head, _, *rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in lines(table)]
        if head[-1] == "example":
            found += [(PLACES[head[0]], row[-1].strip("`")) for row in rows if row[-1]]
    return found


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


def test_there_are_examples() -> None:
    assert len(examples()) > 30
    assert {place for place, _ in examples()} == set(PLACES.values())


@pytest.mark.parametrize(("place", "example"), examples())
def test_every_example_in_a_table_compiles(place: str, example: str, tmp_path: Path) -> None:
    text = FRAME
    for name in ("TRIAL", "DURING", "SCORE"):
        text = text.replace(name, example if name == place else "")
    file = tmp_path / "example.task"
    file.write_text(text)
    assert len(load(str(file)).batch(8).inputs) == 8


@pytest.mark.parametrize("name", [*FUNCTIONS, *(one for one in DISTRIBUTIONS if one != IN_TURN)])
def test_every_function_and_distribution_is_in_a_table(name: str) -> None:
    assert re.search(rf"^\|[^|]*`(x ~ )?{name}\(", TEXT, re.M), f"{name} stands in no table"
