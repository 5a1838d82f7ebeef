"""Record the trials that the tasks of pycog (Song et al. 2016) make, for `test_pycog_trials.py`.

Clone github.com/frsong/pycog; its Theano is not needed, as only `tasktools` and the files of tasks
are read, which are Python 2 in a few places that are mended on the way:

    python tests/peers/record_pycog.py PYCOG

writes ``tests/peers/recorded/pycog.json``.  The baseline of 0.2 that pycog's training adds to all
inputs is added here; its noise is not, and neither is ours where the two are compared.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from peer_statistics import Array, Collected, Recorded, Trials, recorded, write

DT, TRIALS, PART, BASELINE = 20, 6_000, 250, 0.2
JOINT = ("mante",)
"""Tasks whose answers follow one of two inputs."""
ORDER = {"multisensory": [0, 2, 1, 3, 4]}
"""Units in our order, where pycog has another: those that rise with the rate stand first there."""
Spans = dict[str, tuple[float, float]]


def load(path: Path, name: str, **known: object) -> ModuleType:
    """Run a file of pycog, where ranges and keys are lists as they were in Python 2."""
    text = path.read_text("utf-8").replace("sequences.keys()", "list(sequences)")
    module = ModuleType(name)
    module.__dict__.update(known, range=lambda *ends: list(range(*ends)))
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


def record(
    model: ModuleType,
    names: tuple[Sequence[str], Sequence[str]],
    spans: Callable[[Mapping[str, Any]], Spans],
    values: Callable[[Mapping[str, Any]], Mapping[str, object]],
) -> Recorded:
    """Draw trials of one task, padded to one length at the end."""
    rng, collected = np.random.RandomState(2016), Collected(joint=model.__name__ in JOINT)
    for _ in range(TRIALS // PART):
        params = {"name": "gradient", "target_output": True}
        trials = [model.generate_trial(rng, DT, params) for _ in range(PART)]
        edges = [spans(one["epochs"]) for one in trials]
        drawn = [values(one["info"]) for one in trials]
        inputs = padded([one["inputs"] for one in trials])
        inputs = inputs[:, :, ORDER.get(model.__name__, slice(None))]
        collected.add(
            Trials(
                inputs=inputs + BASELINE,
                targets=padded([one["outputs"] for one in trials]),
                weights=padded([one["mask"] for one in trials]),
                epochs={name: steps([one[name] for one in edges]) for name in edges[0]},
                values={name: np.array([one[name] for one in drawn]) for name in drawn[0]},
                input_names=names[0],
                output_names=names[1],
            )
        )
    return recorded(collected, DT, f"{model.__name__}, training trials, {TRIALS} of them")


def padded(arrays: list[Array]) -> Array:
    """Stack arrays (N_steps, N_units) of several lengths."""
    found = np.zeros((len(arrays), max(map(len, arrays)), arrays[0].shape[1]))
    for i, one in enumerate(arrays):
        found[i, : len(one)] = one
    return found


def steps(spans: list[tuple[float, float]]) -> Array:
    """Give the steps of times, which are multiples of dt: pycog's first step is at dt, not at 0."""
    found: Array = np.rint(np.array(spans) / DT).astype(int)
    return found


def in_order(**names: str) -> Callable[[Mapping[str, Any]], Spans]:
    """Take epochs as pycog has them; a catch trial is all fixation, and the others have no time."""

    def spans(epochs: Mapping[str, Any]) -> Spans:
        end = epochs["T"]
        if len(epochs) == 1:
            return {name: (0, end) if name == "fix" else (end, end) for name in names}
        return {name: epochs[theirs] for name, theirs in names.items()}

    return spans


def reacting(epochs: Mapping[str, Any]) -> Spans:
    """Part the stimulus of the reaction-time task where the decision begins in it."""
    end = epochs["T"]
    if len(epochs) == 1:
        return {"fix": (0, end), "begin": (end, end), "decide": (end, end)}
    begin = epochs["fixation"][1], epochs["decision"][0]
    return {"fix": epochs["fixation"], "begin": begin, "decide": epochs["decision"]}


SIDES = ("left", "right")


def dots(info: Mapping[str, Any]) -> dict[str, object]:
    return {
        "coh": 0.032 * info.get("coh", np.nan),
        "side": SIDES[info["choice"]] if info else "none",
    }


def contexts(info: Mapping[str, Any]) -> dict[str, object]:
    if not info:
        return {"attended": "none", "motion_coh": np.nan, "color_coh": np.nan, "side": "none"}
    return {
        "attended": {"m": "motion", "c": "color"}[info["context"]],
        "motion_coh": 0.05 * info["coh_m"],
        "color_coh": 0.05 * info["coh_c"],
        "side": SIDES[info["choice"]],
    }


def rates(info: Mapping[str, Any]) -> dict[str, object]:
    if not info:
        return {"modality": "none", "rate": np.nan, "truth": "none"}
    modality = {"v": "seen", "a": "heard", "va": "both"}[info["modality"]]
    return {"modality": modality, "rate": info["freq"], "truth": ("high", "low")[info["choice"]]}


def frequencies(info: Mapping[str, Any]) -> dict[str, object]:
    order = ("f1_higher", "f2_higher")[info["choice"]] if info else "none"
    return {"f1": info.get("f1", np.nan), "f2": info.get("f2", np.nan), "order": order}


def sequences(info: Mapping[str, Any]) -> dict[str, object]:
    return {"number": info["seq"] - 1}


def units(channel: str, names: Sequence[object]) -> list[str]:
    return [f"{channel}[{name}]" for name in names]


def main(clone: Path) -> None:
    """Record all tasks of a clone."""
    tasktools = load(clone / "pycog" / "tasktools.py", "tasktools")
    package = ModuleType("pycog")
    package.__dict__["tasktools"] = tasktools
    sys.modules["pycog"] = package
    motion, choice = units("motion", SIDES), units("choice", SIDES)
    dotted = in_order(fix="fixation", stimulus="stimulus", decide="decision")
    both = ("rising", "falling")
    modal = [*units("visual", both), *units("auditory", both), "start"]
    sequence = in_order(hold="fixation", first="M1", second="M2", third="M3", iti="iti")
    compared = in_order(fix="fixation", first="f1", delay="delay", second="f2", decide="decision")
    orders = units("choice", ("f1_higher", "f2_higher"))
    mante = [*units("context", ("motion", "color")), *motion, *units("color", SIDES)]
    rows: dict[str, tuple[tuple[Sequence[str], Sequence[str]], Any, Any]] = {
        "rdm_fixed": ((motion, choice), dotted, dots),
        "rdm_varstim": (([*motion, "start"], choice), dotted, dots),
        "rdm_rt": (([*motion, "start"], SIDES), reacting, dots),
        "mante": ((mante, choice), dotted, contexts),
        "multisensory": (
            (modal, units("choice", ("high", "low"))),
            dotted,
            rates,
        ),
        "romo": ((both, orders), compared, frequencies),
        "lee": (
            ([*units("dot", range(9)), *units("sequence", range(8))], units("gaze", "xy")),
            sequence,
            sequences,
        ),
    }
    found = {}
    for name, row in rows.items():
        model = load(clone / "examples" / "models" / f"{name}.py", name)
        found[name] = record(model, *row)
    write(Path(__file__).parent / "recorded" / "pycog.json", "pycog (frsong/pycog)", found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
