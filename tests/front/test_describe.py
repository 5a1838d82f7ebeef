"""Descriptions read as a colleague would say it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import NAMES

from epochal import load

RDM = """\
rdm: Random-dot motion discrimination
version 1.0.0; after doi:10.1523/JNEUROSCI.12-12-04745.1992; licence CC0-1.0

Inputs (3 units)
  fixation  one unit
  motion    2 units: left, right; white noise of sd sigma (0.1) at a step of 20 ms

Outputs (3 units)
  hold    one unit
  choice  2 units: left, right

Timeline (at most 2.6 s)
  fix: 300 ms
      fixation is 1 until the end of delay
      hold should be 1 until the end of delay
  stimulus: viewing (1 s)
      motion is 0.5
      motion[side] rises by coh / 2
      motion[other(side)] falls by coh / 2
  delay: uniform(200 ms, 800 ms)
  response: 500 ms
      choice[side] should be 1
      no output counts for the first 100 ms

From trial to trial (a balanced design of 2 trials, whole in each batch)
  side  balanced over left, right
  coh   drawn from coherences

Parameters
  coherences  {0%, 3.2%, 6.4%, 12.8%, 25.6%, 51.2%}; motion strengths
  viewing     1 s, within 200 ms to 2 s; stimulus duration
  sigma       0.1, within 0 to 2; sensory noise

Scores
  answer   argmax(choice @ response)
  correct  answer == side

Chance: 50% correct (random outputs, 2,000 trials)
"""

ODD = """\
epochal 1

## A task with every kind of statement.
task odd:
    params:
        base = 500 ms

    inputs:
        light baseline 0.25 rectified
        cue[1] noise iid(0.1)
        lamp[green]

    outputs:
        hold
        press[yes, no]

    trial:
        go ~ bernoulli(50%)
        side ~ {yes: 80%, no: 20%}
        rest ~ except({yes, no}, side)

    epochs:
        wait: base * 2
        show: 500 ms            ## the stimulus
        respond: exponential(200 ms, max = 1 s)

    during wait..respond[100 ms : ]:
        light += 2 * t / 1 s

    during show[-200 ms : ] if go:
        light *= 0.5
        noise light = white(0.2, at = 10 ms)

    during show[100 ms : 200 ms]:
        weight press = 3
        ignore hold

    during respond[ : -50 ms]:
        target press[side] += 1
        weight *= 2

    score:
        correct = argmax(press @ respond[0 ms : 100 ms]) == side
"""


def test_the_description_of_rdm_is_this() -> None:
    assert load("rdm").describe() == RDM


@pytest.mark.parametrize("name", NAMES)
def test_a_description_fits_the_page_and_keeps_numbers_with_their_units(name: str) -> None:
    text = load(name).describe()
    assert max(map(len, text.splitlines())) <= 88
    assert "\N{NO-BREAK SPACE}" not in text
    firsts = [line.split()[0].strip(",;)}") for line in text.splitlines() if line.strip()]
    assert not {"ms", "s", "Hz", "deg"} & set(firsts)
    for title in ("Inputs (", "Outputs (", "Timeline (", "From trial to trial", "Scores"):
        assert title in text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("dms", "  delay: delay_time (1 s)"),
        ("dms", "  lure    drawn from {circle, square, star, cross} other than sample"),
        ("mante", "Outputs (one unit)"),
        ("mante", "      motion is motion_sign * motion_level"),
        ("match_to_category", "      no output counts until the end of sample"),
        ("match_to_category", "  correct  argmax(choice @ response) == category"),
        ("romo", "      choice should be 0.2"),
        ("sternberg", "  retention  600 ms, within 0 ms to 4 s; 2 s in the paper"),
    ],
)
def test_a_description_of_the_library_says(name: str, line: str) -> None:
    assert line in load(name).describe().splitlines()


def test_every_kind_of_statement_is_put_in_words(tmp_path: Path) -> None:
    file = tmp_path / "odd.task"
    file.write_text(ODD)
    lines = [line.strip() for line in load(file).describe().splitlines()]
    for line in (
        "A task with every kind of statement.",
        "light  one unit; baseline 0.25; never below 0",
        "cue    one unit; noise of sd 0.1 at every step",
        "lamp   one unit: green",
        "wait: base (500 ms) * 2",
        "light rises by 2 * t / 1 s from 100 ms in until the end of respond",
        "show: 500 ms  (the stimulus)",
        "light is multiplied by 0.5 from 200 ms before the end until the end, if go",
        "press counts with weight 3 from 100 ms to 200 ms in",
        "hold does not count from 100 ms to 200 ms in",
        "respond: exponential(200 ms, max = 1 s)",
        "what press[side] should be rises by 1 until 50 ms before the end",
        "the weight of every output is multiplied by 2 until 50 ms before the end",
        "rest  drawn from {yes, no} other than side",
    ):
        assert line in lines


def test_a_description_shows_what_parameters_are_bound_to_now() -> None:
    text = load("rdm", viewing="uniform(\n    200 ms,  # short\n    1 s)").describe()
    assert "  stimulus: uniform(200 ms, 1 s)" in text
    assert "  viewing  drawn from uniform(200 ms, 1 s)" in text
    assert "  viewing     uniform( 200 ms, 1 s), within 200 ms to 2 s" in text
    assert "  stimulus: viewing (500 ms)" in load("rdm", viewing=500).describe()
