"""Our tasks after PsychRNN make the trials that PsychRNN's own code makes.

`record_psychrnn.py` recorded those.  PsychRNN takes for a step what lies inside of an epoch, we the
step that is nearest to its edge: its epochs begin up to half a step later, and are never empty
where they begin with the trial.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from ours import Match, altered, compare, told

HERE = Path(__file__).parent
GRID = ("^onset: is there",)

PERCEPTUAL = Match(
    task="psychrnn/perceptual_discrimination",
    recorded="perceptual_discrimination",
    bound={},
    values={"coherence": "coherence", "direction": "direction", "onset": "onset", "stim": "stim"},
    epochs={
        "onset": "onset",
        "stim": "stim",
        "grace": ("response", 0, 20),
        "response": ("response", 20, None),
    },
    leaving_out=GRID,
    steps=False,
)
_TIMES = ("onset", "first", "delay", "second", "decision", "rest")
DELAYED = Match(
    task="psychrnn/delayed_discrimination",
    recorded="delayed_discrimination",
    bound={},
    values={name: name for name in (*_TIMES[:-1], "f1", "f2", "answer")},
    epochs={name: name for name in _TIMES},
    leaving_out=(*GRID, "^rest( |$)"),  # what is left of the trial is not drawn
    steps=False,
)
_CATEGORY = {name: name for name in ("baseline", "sample", "response")}
CATEGORY = Match(
    task="psychrnn/match_to_category",
    recorded="match_to_category",
    bound={"boundary": "0 deg"},
    values={"theta": "theta", "category": "category"},
    epochs=_CATEGORY,
    # A ring without a doubled unit, of height 1, with noise to speak of, and a go cue.
    leaving_out=("input ",),
)
TO_THE_LETTER = Match(
    task=str(HERE / "psychrnn" / "match_to_category.task"),
    recorded="match_to_category",
    bound={},
    values={"theta": "theta", "category": "category"},
    epochs=_CATEGORY,
)
MATCHES = {
    "perceptual_discrimination": PERCEPTUAL,
    "delayed_discrimination": DELAYED,
    "match_to_category": CATEGORY,
    "match_to_category to the letter": TO_THE_LETTER,
}


@pytest.mark.parametrize("name", MATCHES)
def test_a_task_makes_the_trials_that_psychrnn_makes(name: str) -> None:
    found = compare(MATCHES[name], "psychrnn")
    assert not found, told(found)


@pytest.mark.parametrize(
    ("match", "old", "new", "seen"),
    [
        (PERCEPTUAL, "stimulus = 1\n", "stimulus = 1.01\n", "stim: input"),
        (PERCEPTUAL, "choice({10%, 30%, 50%, 70%})", "choice({10%, 30%, 50%, 60%})", "coherence"),
        (PERCEPTUAL, "sqrt(0.2)", "sqrt(0.22)", "variance over time"),
        (PERCEPTUAL, "uniform(0 ms, T / 2)", "uniform(0 ms, 0.55 * T)", "onset"),
        (
            PERCEPTUAL,
            "choice[direction] = 1\n",
            "choice[other(direction)] = 1\n",
            "x response: target",
        ),
        (DELAYED, "~ {f1_higher, f2_higher}", "~ {f1_higher: 45%, f2_higher: 55%}", "answer"),
        (DELAYED, "target choice = 0.2\n", "target choice = 0.21\n", "decision: target"),
        (DELAYED, "ignore\n", "weight = 0.01\n", "weight"),
        (CATEGORY, "n_categories = 2 ", "n_categories = 3 ", "target"),
        (TO_THE_LETTER, "iid(0.005)", "iid(0.0052)", "variance over time"),
        (TO_THE_LETTER, "(away / 1 rad)", "(away / 1.1 rad)", "sample: input"),
    ],
)
def test_an_altered_task_is_found_out(
    match: Match, old: str, new: str, seen: str, tmp_path: Path
) -> None:
    found = compare(match, "psychrnn", altered(match.task, old, new, tmp_path))
    assert any(seen in one.name for one in found), told(found)
