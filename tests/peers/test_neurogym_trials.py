"""The tasks of NeuroGym make the trials that NeuroGym 2.3.1 makes, but for what is meant to differ.

`record_neurogym.py` says how the recording was made, and its `mend` functions what is meant; what
a comparison leaves out is said beside it.  Two means that differ by more than `bound` standard
errors are of different tasks: equal ones are taken for such in one family of 1,000.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
from neurogym_view import kept, view
from ours import RECORDED, Match, told, trials_of
from peer_statistics import Array, Collected, Difference, Recorded, Tally, bound, differences, read

import epochal
from epochal import Task
from epochal.driver import Bindings

TRIALS, PART = 3000, 250


@dataclass(frozen=True)
class Case:
    """One recording, and how our task is asked and told for it.

    Attributes
    ----------
    bound
        Parameters that make our task the original's.
    epochs
        Our epochs, or parts of them, where they are called otherwise than in the recording.
    without
        Words of statistics that are meant to differ.
    altered
        Parameters with which our task must be told apart from the original.
    task
        The name of our task, where it is another.
    """

    bound: Bindings = field(default_factory=dict)
    epochs: Mapping[str, str | tuple[str, float, float | None]] = field(default_factory=dict)
    without: Sequence[str] = ()
    altered: Bindings = field(default_factory=dict)
    task: str = ""


THREE_TESTS = {
    "delay1": ("delay", 0, 1000),
    "test1": ("test", 0, 500),
    "delay2": ("test", 500, 1500),
    "test2": ("test", 1500, 2000),
    "delay3": ("test", 2000, 3000),
    "test3": ("test", 3000, None),
}
TWO_TESTS = {
    "delay1": ("delay", 0, 500),
    "cue1": ("cueing", 0, 500),
    "test1": ("test", 0, 500),
    "delay2": ("test", 500, 1000),
    "cue2": ("test", 1000, 1500),
    "test2": ("test", 1500, None),
}
PULSES = {
    "first": ("cue", 0, 10),
    "gap": ("bin", 0, 240),
    "third": ("cue", 500, 510),
    "last": ("cue", 1250, None),
}
RAMP = ("target ",)
"""Ours is a ramp, NeuroGym's label a step at its end."""

CASES: dict[str, Case] = {
    "anti_reach": Case(altered={"anti": "0"}),
    "annubes": Case(epochs={"stimulus": "show"}, altered={"noise_sd": "0.012"}),
    "changing_environment": Case(altered={"coherences": "{0%, 6.4%, 12.8%, 25.6%, 40%}"}),
    "context_decision_making": Case(altered={"coherences": "{5%, 15%, 40%}"}),
    "delay_comparison": Case(altered={"sigma": "1.1"}),
    "delay_match_category": Case(altered={"sigma": "1.1"}),
    "delay_match_sample": Case(altered={"delay_time": "900 ms", "sigma": "0.9"}),
    "delay_match_sample_distractor_1d": Case(
        bound={"sigma": "0", "apart": "0 deg"}, epochs=THREE_TESTS, altered={"sigma": "0.2"}
    ),
    "delay_paired_association": Case(),
    "detection": Case(bound={"room": "0 ms"}, altered={"strength": "0.6"}),
    "dual_delay_match_sample": Case(
        bound={"sigma": "0.3"}, epochs=TWO_TESTS, altered={"sigma": "0.35"}
    ),
    "economic_decision_making": Case(altered={"worth_of_a": "3.1"}),
    "go_nogo": Case(),
    "hierarchical_reasoning": Case(altered={"threshold": "610 ms"}),
    "ibl": Case(altered={"sigma": "0.2"}),
    "interval_discrimination": Case(bound={"least": "0 ms"}, altered={"least": "100 ms"}),
    "memory_recall": Case(altered={"p_missing": "50%"}),
    "motor_timing": Case(without=RAMP),
    "multi_sensory_integration": Case(altered={"coherences": "{5%, 15%, 40%}"}),
    "one_two_three_go": Case(without=RAMP),
    "perceptual_decision_making": Case(altered={"sigma": "1.1"}),
    "perceptual_decision_making_delay_response": Case(altered={"sigma": "1.1"}),
    "post_decision_wager": Case(bound={"least_d": "0"}, altered={"least_d": "0.5244"}),
    "probabilistic_reasoning": Case(),
    "pulse_decision_making": Case(
        bound={"pulse_time": "10 ms"}, epochs=PULSES, altered={"p_high": "75%"}
    ),
    "reaching_delay_response": Case(altered={"high": "1.1"}),
    "ready_set_go": Case(bound={"pulse": "80 ms"}, without=RAMP, altered={"pulse": "100 ms"}),
    "roitman02": Case(
        epochs={"stimulus": "show"},
        without=("stimulus: target hold",),  # there the first step of the stimulus is a hold
        altered={"sigma": "1.1"},
    ),
    "spatial_suppress_motion": Case(),
    "tone_detection": Case(epochs={"tone": ("listen", 1000, 1050)}, altered={"tone": "60 ms"}),
}

REACH, AT_ONCE = "yang19_reach", "yang19_decision"
DELAYED, MATCH = "yang19_delay_decision", "yang19_match"
MEMBERS: dict[str, Case] = {
    "go": Case(task=REACH),
    "rtgo": Case({"reaction": "1"}, task=REACH),
    "dlygo": Case({"delay_time": "500 ms"}, task=REACH),
    "anti": Case({"anti": "1"}, task=REACH, altered={"anti": "0"}),
    "rtanti": Case({"anti": "1", "reaction": "1"}, task=REACH),
    "dlyanti": Case({"anti": "1", "delay_time": "500 ms"}, task=REACH),
    "dm1": Case({"viewing": "choice({200 ms, 400 ms, 600 ms})"}, task=AT_ONCE),
    "dm2": Case({"shown1": "0", "shown2": "1"}, task=AT_ONCE),
    "ctxdm1": Case({"shown2": "1", "counts2": "0"}, task=AT_ONCE, altered={"counts2": "1"}),
    "ctxdm2": Case({"shown2": "1", "counts1": "0"}, task=AT_ONCE),
    "multidm": Case({"shown2": "1"}, task=AT_ONCE),
    "dlydm1": Case(task=DELAYED),
    "dlydm2": Case({"shown1": "0", "shown2": "1"}, task=DELAYED),
    "ctxdlydm1": Case({"shown2": "1", "counts2": "0"}, task=DELAYED),
    "ctxdlydm2": Case({"shown2": "1", "counts1": "0"}, task=DELAYED),
    "multidlydm": Case({"shown2": "1"}, task=DELAYED, altered={"counts1": "0"}),
    "dms": Case(task=MATCH),
    "dnms": Case({"go_on_match": "0"}, task=MATCH, altered={"go_on_match": "1"}),
    "dmc": Case({"by_category": "1"}, task=MATCH, altered={"by_category": "0"}),
    "dnmc": Case({"by_category": "1", "go_on_match": "0"}, task=MATCH),
}
CASES |= {f"yang19 {name}": case for name, case in MEMBERS.items()}
QUICK = ("annubes", "go_nogo", "ibl", "reaching_delay_response", "spatial_suppress_motion")
BLOCKS = ("ibl_block", "ibl20", "priors")


@cache
def recording() -> dict[str, Recorded]:
    return read(RECORDED / "neurogym.json")


def compare(name: str, altered: bool = False) -> list[Difference]:
    """Draw our trials, and give what differs by more than chance allows."""
    case, theirs = CASES[name], recording()[name]
    parameters = {**case.bound, **(case.altered if altered else {})}
    task = epochal.load(f"neurogym/{case.task or name}").with_params(**parameters)
    names = {key.partition(": is there")[0] for key in theirs.tallies if ": is there" in key}
    match = Match(
        task=task.name,
        recorded=name,
        bound={},
        values={value: value for value in _columns(theirs.edges)},
        epochs={epoch: case.epochs.get(epoch, epoch) for epoch in sorted(names)},
        steps=False,
    )
    collected = Collected()
    for i in range(math.ceil(TRIALS / PART)):
        trials = view(trials_of(match, task, theirs.dt, PART, i))
        collected.add(replace(trials, values=_derived(trials.values, theirs.edges)), steps=False)
    ours = _compared(collected.tallies(theirs.edges), case)
    return _too_large(differences(ours, _compared(theirs.tallies, case)))


SUPPORT = "support of "
"""What a modality of yang19 says for the answer: how much stronger it is there than elsewhere."""


def _columns(names: Iterable[str]) -> set[str]:
    """List the columns of our trial table by which values are told."""
    found = {name.replace(SUPPORT, "d") for name in names}
    return found | ({"place1", "answer"} if any(SUPPORT in name for name in names) else set())


def _derived(values: Mapping[str, Array], names: Iterable[str]) -> dict[str, Array]:
    found = {}
    for name in names:
        if SUPPORT in name:
            sign = np.where(values["answer"] == values["place1"], 1, -1)
            found[name] = sign * values[name.replace(SUPPORT, "d")]
        else:
            found[name] = values[name]
    return found


def _compared(tallies: Mapping[str, Tally], case: Case) -> dict[str, Tally]:
    return {
        name: tally
        for name, tally in tallies.items()
        if kept(name) and not any(word in name for word in case.without)
    }


def _too_large(found: Sequence[Difference]) -> list[Difference]:
    limit = bound(len(found))
    return [one for one in found if abs(one.z) > limit]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in CASES]
)
def test_trials_are_those_of_neurogym(name: str) -> None:
    found = compare(name)
    assert not found, told(found)


ALTERED = [name for name, case in CASES.items() if case.altered]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in ALTERED],
)
def test_an_altered_task_is_told_apart(name: str) -> None:
    assert compare(name, altered=True)


def answers(name: str, task: Task) -> dict[str, Array]:
    """Tell how often answers were such and such in our blocks, by the recording's names."""
    table = task.batch(40, dt=100, seed=20_251_125).trials
    if name == "priors":
        before = table["trial_in_session"] == 0
        repeated = np.r_[np.nan, np.diff(table["answer"])] == 0
        kinds = {"repeating": 0, "alternating": 1}
        return {
            f"repeated when {kind}": np.where(
                (table["context"] == k) & ~before, repeated * 1.0, np.nan
            )
            for kind, k in kinds.items()
        }
    right = np.asarray(table["answer"], float)
    if name == "ibl20":
        return {
            f"right when {k} is favoured": np.where(table["favoured"] == k, right, np.nan)
            for k in (0, 1)
        }
    right = (table["answer"] == list(task.labels["answer"]).index("right")) * 1.0
    kinds = {kind: k for k, kind in enumerate(task.labels["kind"])}
    return {
        f"right when {kind}": np.where(table["kind"] == k, right, np.nan)
        for kind, k in kinds.items()
    }


def compare_blocks(name: str, **altered: str) -> list[Difference]:
    task = epochal.load(f"neurogym/{name}").with_params(**altered)
    collected = Collected(numbers={key: [found] for key, found in answers(name, task).items()})
    return _too_large(differences(collected.tallies({}), recording()[name].tallies))


@pytest.mark.parametrize("name", BLOCKS)
def test_answers_follow_their_block_as_in_neurogym(name: str) -> None:
    found = compare_blocks(name)
    assert not found, told(found)


def test_another_prior_is_told_apart() -> None:
    assert compare_blocks("ibl20", bias="70%")
    assert compare_blocks("priors", p_expected="80%")


def test_every_task_of_neurogym_is_compared() -> None:
    tasks = {one.removeprefix("neurogym/") for one in _library() if one.startswith("neurogym/")}
    compared = {case.task or name for name, case in CASES.items()} | set(BLOCKS) | {"yang19"}
    assert compared == tasks
    assert set(CASES) | set(BLOCKS) == set(recording())


def _library() -> Sequence[str]:
    from epochal.library import library

    return list(library().tasks)
