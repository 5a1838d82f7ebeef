"""NeuroGym's tasks whose trials are meant to differ in one thing, for `record_neurogym.py`.

Each is changed in that thing by a function which says so; all else is compared as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from neurogym.envs.contrib.changingenvironment import ChangingEnvironment
from neurogym.envs.native import (
    annubes,
    contextdecisionmaking,
    delaycomparison,
    detection,
    dualdelaymatchsample,
    economicdecisionmaking,
    hierarchicalreasoning,
    intervaldiscrimination,
    multisensory,
    perceptualdecisionmaking,
    postdecisionwager,
    readysetgo,
    spatialsuppressmotion,
    tonedetection,
)
from neurogym.wrappers import ReactionTime
from neurogym_trials import DT, Made, fixation_until, raw, record, spans_of, units
from peer_statistics import Recorded

SIDES = ("left", "right")
MATCH = ("match", "nonmatch")


def context_is_shown_until_the_end(made: Made) -> dict[str, object]:
    trial = made.trial
    return {
        "answer": SIDES[trial["ground_truth"] - 1],
        "distractor": SIDES[trial["other_choice"] - 1],
        "rule": ("motion", "color")[trial["context"]],
        "motion_coh": trial["coh_1"] / 100,
        "color_coh": trial["coh_2"] / 100,
        **raw(made, delay="delay"),
    }


context_decision_making = partial(
    record,
    contextdecisionmaking.ContextDecisionMaking(dt=DT, use_expl_context=True),
    ["fixation", *units("motion", 2), *units("color", 2), *units("context", ("motion", "color"))],
    ["hold", *units("choice", SIDES)],
    spans_of("fix=fixation show=stimulus delay decision"),
    context_is_shown_until_the_end,
    fixation_until("decision"),
)

delay_comparison = partial(
    record,
    delaycomparison.DelayComparison(dt=DT),
    ["fixation", "stimulus"],
    ["hold", *units("choice", ("first", "second"))],
    spans_of("fix=fixation stimulus1 delay stimulus2 decision"),
    lambda made: {
        "answer": ("first", "second")[made.trial["ground_truth"] - 1],
        "v1": made.trial["v1"],
        "v2": made.trial["v2"],
    },
    fixation_until("decision"),
)


def noise_once(made: Made) -> None:
    """Meant: the noise of trials without a stimulus is as large as that of the others."""
    if made.trial["ground_truth"] == 0:
        made.ob[made.at("watch"), 1] /= np.sqrt(2)


detect = partial(
    record,
    detection.Detection(dt=DT),
    ["fixation", "stimulus"],
    units("action", ("hold", "go")),
    spans_of("fix=fixation watch=stimulus"),
    lambda made: {
        "truth": ("absent", "present")[made.trial["ground_truth"]],
        **raw(made, window="stimulus"),
    },
    noise_once,
)


def noise_on_stimuli_alone(made: Made) -> None:
    """Meant: fixation and cues are without noise."""
    made.ob[:, 0] = 1
    made.ob[:, 5:] = np.round(made.ob[:, 5:])


dual_delay_match_sample = partial(
    record,
    dualdelaymatchsample.DualDelayMatchSample(dt=DT, sigma=0.3),
    [
        "fixation",
        *units("stimulus1", "xy"),
        *units("stimulus2", "xy"),
        *units("cue", ("item1", "item2")),
    ],
    units("report", ("hold", *MATCH)),
    spans_of("fix=fixation sample delay1 cue1 test1 delay2 cue2 test2"),
    lambda made: {
        "answer1": MATCH[made.trial["ground_truth1"] - 1],
        "answer2": MATCH[made.trial["ground_truth2"] - 1],
        "sample1": made.trial["sample1"] * 180,
        "sample2": made.trial["sample2"] * 180,
        "order": ("item1_first", "item2_first")[made.trial["test_order"]],
    },
    noise_on_stimuli_alone,
)


def target_is_the_better_offer(made: Made) -> None:
    """Meant: the label, which is always 0, becomes the offer that its reward is larger for."""
    juice, (n_b, n_a) = made.trial["juice"][0], made.trial["offer"]
    worth = {"a": n_a * made.env.R_A, "b": n_b * made.env.R_B}
    first_is_better = worth[juice] > worth["b" if juice == "a" else "a"]
    made.target[made.at("decision")] = (0, 1, 0) if first_is_better else (0, 0, 1)


def offers(made: Made) -> dict[str, object]:
    n_b, n_a = made.trial["offer"]
    first = made.trial["juice"][0]
    n1, n2 = (n_a, n_b) if first == "a" else (n_b, n_a)
    return {"first": first, "n1": n1, "n2": n2, **raw(made, offer="offer_on")}


economic_decision_making = partial(
    record,
    economicdecisionmaking.EconomicDecisionMaking(dt=DT),
    [
        "fixation",
        *units("juice1", "ab"),
        *units("juice2", "ab"),
        *units("amount", ("offer1", "offer2")),
    ],
    ["hold", *units("choice", ("offer1", "offer2"))],
    spans_of("fix=fixation offer=offer_on decision"),
    offers,
    target_is_the_better_offer,
)


def hierarchical_reasoning() -> Recorded:
    """Meant: the threshold is the median of all intervals; what is right is shown afterwards."""
    env = hierarchicalreasoning.HierarchicalReasoning(dt=DT)
    env.mid_delay = 850

    def outcome(made: Made) -> None:
        made.ob = np.pad(made.ob, ((0, 0), (0, 2)))

    rules = ("short_pro", "long_pro")
    return record(
        env,
        ["fixation", *units("cue", rules), *units("flash", SIDES), *units("outcome", SIDES)],
        ["hold", *units("report", rules), *units("choice", SIDES)],
        spans_of("fix=fixation rule_target fix2=fixation2 flash1 delay flash2 decision"),
        lambda made: {
            "rule": rules[made.trial["rule"]],
            "side": SIDES[made.trial["stimulus"]],
            "interval": made.trial["interval"],
            "long": float(made.trial["long_interval"]),
            **raw(made, fix="fixation", fix2="fixation2"),
        },
        outcome,
    )


def longer_as_drawn(made: Made) -> None:
    """Meant: durations are compared as they were drawn, before they are cut down to steps."""
    first = made.raw["stim1"] > made.raw["stim2"]
    made.target[made.at("decision")] = (0, 1, 0) if first else (0, 0, 1)


interval_discrimination = partial(
    record,
    intervaldiscrimination.IntervalDiscrimination(dt=DT),
    ["fixation", *units("stimulus", ("first", "second"))],
    ["hold", *units("choice", ("first", "second"))],
    spans_of("fix=fixation stim1 delay1 stim2 delay2 decision"),
    lambda made: raw(made, duration1="stim1", duration2="stim2", delay1="delay1"),
    longer_as_drawn,
)

multi_sensory_integration = partial(
    record,
    multisensory.MultiSensoryIntegration(dt=DT),
    ["fixation", *units("modality1", 2), *units("modality2", 2)],
    ["hold", *units("choice", SIDES)],
    spans_of("fix=fixation show=stimulus decision"),
    lambda made: {
        "answer": SIDES[made.trial["ground_truth"]],
        "coh": made.trial["coh"] / 100,
        "share": made.trial["coh_prop"],
    },
    fixation_until("decision"),
)

perceptual_decision_making = partial(
    record,
    perceptualdecisionmaking.PerceptualDecisionMaking(dt=DT),
    ["fixation", *units("stimulus", 2)],
    ["hold", *units("choice", 2)],
    spans_of("fix=fixation show=stimulus decision"),
    lambda made: {"answer": made.trial["ground_truth"], "coh": made.trial["coh"] / 100},
    fixation_until("decision"),
)


def noise_on_motion_alone(made: Made) -> None:
    """Meant: fixation and the sure target are without noise."""
    made.ob[:, 0] = 0
    made.ob[: made.spans["decision"][0], 0] = 1
    made.ob[made.at("show"), 3] = 0


post_decision_wager = partial(
    record,
    postdecisionwager.PostDecisionWager(dt=DT),
    ["fixation", *units("stimulus", 2), "sure_target"],
    units("choice", ("hold", *SIDES, "sure")),
    spans_of("fix=fixation show=stimulus delay decision"),
    lambda made: {
        "offered": float(made.trial["wager"]),
        "side": SIDES[made.trial["ground_truth"]],
        "coh": made.trial["coh"] / 100,
        **raw(made, viewing="stimulus", wait="delay"),
    },
    noise_on_motion_alone,
)


def until_set(made: Made) -> None:
    """Meant: the time to go counts from the onset of Set; the production begins there."""
    start = made.spans["produce"][0]
    made.spans["produce"] = start, start + int(made.trial["production"] / DT)


ready_set_go = partial(
    record,
    readysetgo.ReadySetGo(dt=DT),
    ["fixation", "ready", "set"],
    ["hold", "go"],
    spans_of("fix=fixation measure produce=set"),
    lambda made: raw(made, interval="measure"),
    until_set,
)

motor_timing = partial(
    record,
    readysetgo.MotorTiming(dt=DT),
    ["fixation", *units("cue", ("short", "long")), "set"],
    ["hold", "go"],
    spans_of("fix=fixation cueing=cue setting=set"),
    lambda made: {
        "kind": ("short", "long")[made.trial["production_ind"]],
        "produced": made.trial["production"],
        **raw(made, cueing="cue"),
    },
)

one_two_three_go = partial(
    record,
    readysetgo.OneTwoThreeGo(dt=DT),
    ["fixation", "stimulus", "aim"],
    ["hold", "go"],
    spans_of("fix=fixation aiming=target s1 interval1 s2 interval2 s3 interval3 response"),
    lambda made: {"interval": made.trial["interval"], **raw(made, fix="fixation", aiming="target")},
)

spatial_suppress_motion = partial(
    record,
    spatialsuppressmotion.SpatialSuppressMotion(),
    [f"{way}[{k}]" for way in ("leftward", "rightward", "upward", "downward") for k in range(8)],
    units("seen", ("left", "right", "up", "down")),
    {"stimulus": "stimulus"},
    lambda made: {
        "way": ("left", "right", "up", "down")[made.trial["direction"] - 1],
        "contrast": made.trial["contrast"],
    },
    dt=8.3,
)


def label_at_the_end(made: Made) -> None:
    """Meant: the answer is asked for at the end."""
    made.target[made.at("listen")] = 0


tone_detection = partial(
    record,
    tonedetection.ToneDetection(dt=DT),
    ["sound"],
    units("report", ("absent", "early", "middle", "late")),
    {"listen": (0, 1600), "tone": (1000, 1050), "decision": (1600, 2000)},
    lambda made: {"kind": ("absent", "early", "middle", "late")[made.trial["ground_truth"]]},
    label_at_the_end,
)


def noise_on_both(made: Made) -> None:
    """Meant: noise falls on a modality that is not shown, too."""
    for column, modality in ((2, "a"), (3, "v")):
        if modality not in made.trial["stim_types"]:
            shape = made.ob[made.at("stimulus"), column].shape
            made.ob[made.at("stimulus"), column] += made.random.normal(
                0, made.env.noise_factor, shape
            )
    made.ob = made.ob[:, 1:]  # the fixation cue is 0


def detected(made: Made) -> dict[str, str]:
    shown = frozenset(made.trial["stim_types"])
    names = {"": "absent", "a": "auditory", "v": "visual", "av": "both"}
    return {"kind": names["".join(sorted(shown))]}


annubes_task = partial(
    record,
    annubes.AnnubesEnv({"v": 1, "a": 1, ("v", "a"): 1}, 0.5, dt=int(DT), random_seed=2021),
    ["start", "sound[auditory]", "light[visual]"],
    units("action", ("hold", "go")),
    spans_of("fix=fixation stimulus"),
    detected,
    noise_on_both,
)


def outcome_is_shown(made: Made) -> None:
    """Meant: fixation is on until the decision; what is right is shown afterwards."""
    fixation_until("decision")(made)
    made.ob = np.pad(made.ob, ((0, 0), (0, 4)))


TARGETS = ("first_left", "first_right", "second_left", "second_right")
changing_environment = partial(
    record,
    ChangingEnvironment(dt=DT, cxt_ch_prob=0.5),
    ["fixation", *units("stimulus", SIDES), *units("outcome", TARGETS)],
    ["hold", *units("choice", TARGETS)],
    spans_of("fix=fixation show=stimulus decision"),
    lambda made: {
        "side": SIDES[made.trial["side"] - 1],
        "answer": TARGETS[made.trial["ground_truth"] - 1],
        "coh": made.trial["coh"] / 100,
        **raw(made, show="stimulus"),
    },
    outcome_is_shown,
)


class Reaction(ReactionTime):  # type: ignore[misc]
    """The wrapper, its change of labels made at the start of every trial."""

    def seed(self, seed: int) -> None:
        self.unwrapped.seed(seed)

    def new_trial(self) -> dict[str, object]:
        base = self.unwrapped
        trial: dict[str, object] = base.new_trial()
        base.t = base.t_ind = 0
        self.step(0)
        base.t = base.t_ind = 0
        return trial


roitman02 = partial(
    record,
    Reaction(perceptualdecisionmaking.PerceptualDecisionMaking(dt=DT)),
    ["fixation", *units("stimulus", 2)],
    ["hold", *SIDES],
    spans_of("fix=fixation stimulus"),
    lambda made: {"answer": SIDES[made.trial["ground_truth"]], "coh": made.trial["coh"] / 100},
)

MENDED: dict[str, Callable[[], Recorded]] = {
    "annubes": annubes_task,
    "changing_environment": changing_environment,
    "context_decision_making": context_decision_making,
    "delay_comparison": delay_comparison,
    "detection": detect,
    "dual_delay_match_sample": dual_delay_match_sample,
    "economic_decision_making": economic_decision_making,
    "hierarchical_reasoning": hierarchical_reasoning,
    "interval_discrimination": interval_discrimination,
    "motor_timing": motor_timing,
    "multi_sensory_integration": multi_sensory_integration,
    "one_two_three_go": one_two_three_go,
    "perceptual_decision_making": perceptual_decision_making,
    "post_decision_wager": post_decision_wager,
    "ready_set_go": ready_set_go,
    "roitman02": roitman02,
    "spatial_suppress_motion": spatial_suppress_motion,
    "tone_detection": tone_detection,
}
