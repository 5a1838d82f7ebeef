"""Our tasks after Song et al. 2016 make the trials that their own code, pycog, makes.

`record_pycog.py` recorded those, without the noise that pycog adds while it trains, so that ours
goes without, too.  Drawn durations are cut down there to a whole number of steps of 20 ms, where
ours are rounded: half a step, which six thousand trials do not tell from chance.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ours import Match, altered, compare, told

DOTS = ("fix", "stimulus", "decide")
COMPARED = ("fix", "first", "delay", "second", "decide")
EXECUTED = ("iti", "hold", "first", "second", "third")


def match(
    ours: str, theirs: str, epochs: tuple[str, ...], values: tuple[str, ...], absent: str = "catch"
) -> Match:
    return Match(
        task=f"song2016/{ours}",
        recorded=theirs,
        bound={},
        values={name: name for name in values},
        epochs={name: name for name in epochs},
        absent=absent,
        joint=theirs == "mante",
        noise=False,
    )


MATCHES = {
    one.recorded: one
    for one in (
        match("rdm_fixed", "rdm_fixed", DOTS, ("coh", "side")),
        match("rdm_varied", "rdm_varstim", DOTS, ("coh", "side")),
        match("rdm_reaction_time", "rdm_rt", ("fix", "begin", "decide"), ("coh", "side")),
        match(
            "context_integration",
            "mante",
            DOTS,
            ("attended", "motion_coh", "color_coh", "side"),
        ),
        match("multisensory", "multisensory", DOTS, ("modality", "rate", "truth")),
        match("romo_varied_delay", "romo", COMPARED, ("f1", "f2", "order")),
        match("sequence_execution", "lee", EXECUTED, ("number",), absent=""),
    )
}


@pytest.mark.parametrize("name", MATCHES)
def test_a_task_makes_the_trials_that_pycog_makes(name: str) -> None:
    found = compare(MATCHES[name], "pycog")
    assert not found, told(found)


@pytest.mark.parametrize(
    ("name", "old", "new", "seen"),
    [
        ("rdm_fixed", "motion += 0.5\n", "motion += 0.51\n", "stimulus: input"),
        ("rdm_fixed", "p_catch = 1 / 11 ", "p_catch = 1 / 8 ", "is there"),
        ("rdm_varstim", "exponential(330 ms", "exponential(400 ms", "stimulus: steps"),
        ("rdm_rt", "target left = 1.2", "target left = 1.21", "decide: target"),
        ("mante", "{5%, 15%, 50%}", "{5%, 20%, 50%}", "motion_coh"),
        ("mante", "context[attended] += 1", "context[other(attended)] += 1", "attended = motion x"),
        ("mante", "if attended == motion else", "if attended == color else", "attended = motion x"),
        ("multisensory", "stimulus if modality != heard", "stimulus if modality != seen", "input"),
        ("multisensory", "12.5 Hz", "13.5 Hz", "truth"),
        ("romo", "onto = (1.2, 0.4))", "onto = (1.2, 0.42))", "falling"),
        ("lee", "4: 1, 5: 1, 6: 7, 7: 7}", "4: 1, 5: 7, 6: 7, 7: 7}", "target"),
    ],
)
def test_an_altered_task_is_found_out(
    name: str, old: str, new: str, seen: str, tmp_path: Path
) -> None:
    one = MATCHES[name]
    found = compare(one, "pycog", altered(one.task, old, new, tmp_path))
    assert any(seen in difference.name for difference in found), told(found)
