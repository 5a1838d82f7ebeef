"""NeuroGym's tasks whose trials are ours as they are, for `record_neurogym.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from neurogym.envs.native import (
    antireach,
    delaymatchcategory,
    delaymatchsample,
    delaypairedassociation,
    gonogo,
    perceptualdecisionmaking,
    probabilisticreasoning,
    reachingdelayresponse,
)
from neurogym_trials import DT, raw, record, spans_of, units
from peer_statistics import Recorded

SIDES = ("left", "right")
MATCH = ("match", "nonmatch")


anti_reach = partial(
    record,
    antireach.AntiReach(dt=DT),
    ["fixation", *units("stimulus", 32)],
    ["hold", *units("choice", 32)],
    spans_of("fix=fixation show=stimulus decision"),
    lambda made: {"answer": made.trial["ground_truth"]},
)

delay_match_category = partial(
    record,
    delaymatchcategory.DelayMatchCategory(dt=DT, dim_ring=16),
    ["fixation", *units("stimulus", 16)],
    ["hold", *units("report", MATCH)],
    spans_of("fix=fixation sample delay=first_delay test"),
    lambda made: {
        "answer": MATCH[made.trial["ground_truth"] == "non-match"],
        "sample_category": made.trial["sample_category"],
    },
)

delay_match_sample = partial(
    record,
    delaymatchsample.DelayMatchSample(dt=DT),
    ["fixation", *units("stimulus", 2)],
    ["hold", *units("report", MATCH)],
    spans_of("fix=fixation sample delay test decision"),
    lambda made: {
        "answer": MATCH[made.trial["ground_truth"] - 1],
        "sample_theta": np.degrees(made.trial["sample_theta"]),
    },
)

delay_match_sample_distractor_1d = partial(
    record,
    delaymatchsample.DelayMatchSampleDistractor1D(dt=DT),
    ["fixation", *units("stimulus", 32)],
    units("action", ("hold", "match")),
    spans_of("fix=fixation sample delay1 test1 delay2 test2 delay3 test3"),
    lambda made: {
        "match_at": made.trial["ground_truth"] - 1,
        "theta": np.degrees(made.trial["sample"]),
    },
)

delay_paired_association = partial(
    record,
    delaypairedassociation.DelayPairedAssociation(dt=DT),
    ["fixation", *units("odor", "abcd")],
    units("action", ("hold", "go")),
    spans_of("stim1 between=delay_btw_stim stim2 after=delay_aft_stim decision"),
    lambda made: {
        "first": "ab"[made.trial["pair"][0] - 1],
        "second": "cd"[made.trial["pair"][1] - 3],
    },
)

go_nogo = partial(
    record,
    gonogo.GoNogo(dt=DT),
    ["fixation", *units("stimulus", ("nogo", "go"))],
    units("action", ("hold", "go")),
    spans_of("show=stimulus delay decision"),
    lambda made: {"kind": ("nogo", "go")[made.trial["ground_truth"]]},
)

perceptual_decision_making_delay_response = partial(
    record,
    perceptualdecisionmaking.PerceptualDecisionMakingDelayResponse(dt=DT),
    ["fixation", *units("stimulus", SIDES)],
    ["hold", *units("choice", SIDES)],
    spans_of("show=stimulus delay decision"),
    lambda made: {
        "answer": SIDES[made.trial["ground_truth"] - 1],
        "coh": made.trial["coh"] / 100,
        **raw(made, wait="delay"),
    },
)

pulse_decision_making = partial(
    record,
    perceptualdecisionmaking.PulseDecisionMaking(dt=DT),
    ["fixation", *units("pulse", SIDES)],
    ["hold", *units("choice", SIDES)],
    spans_of("fix=fixation first=cue0 gap=bin0 third=cue2 last=cue5 decision"),
    lambda made: {
        "answer": SIDES[made.trial["ground_truth"]],
        "excess": made.trial["pulse1"].sum() - made.trial["pulse2"].sum(),
    },
)

probabilistic_reasoning = partial(
    record,
    probabilisticreasoning.ProbabilisticReasoning(dt=DT),
    ["fixation", *units("shown", 40)],
    ["hold", *units("choice", SIDES)],
    spans_of(
        "fix=fixation shape1=stimulus0 shape2=stimulus1 shape3=stimulus2 shape4=stimulus3 "
        "delay decision"
    ),
    lambda made: {
        "answer": SIDES[made.trial["ground_truth"]],
        "log_odds": made.trial["log_odd"],
        **raw(made, delay="delay"),
    },
)

reaching_delay_response = partial(
    record,
    reachingdelayresponse.ReachingDelayResponse(dt=DT),
    ["go", "stimulus"],
    ["move", "position"],
    spans_of("show=stimulus delay decision"),
    lambda made: {"place": made.trial["ground_truth"], **raw(made, wait="delay")},
)

NATIVE: dict[str, Callable[[], Recorded]] = {
    "anti_reach": anti_reach,
    "delay_match_category": delay_match_category,
    "delay_match_sample": delay_match_sample,
    "delay_match_sample_distractor_1d": delay_match_sample_distractor_1d,
    "delay_paired_association": delay_paired_association,
    "go_nogo": go_nogo,
    "perceptual_decision_making_delay_response": perceptual_decision_making_delay_response,
    "probabilistic_reasoning": probabilistic_reasoning,
    "pulse_decision_making": pulse_decision_making,
    "reaching_delay_response": reaching_delay_response,
}
