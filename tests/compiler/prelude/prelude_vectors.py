"""Test vectors of the prelude: what must have the same bits on every machine and NumPy.

`python tests/compiler/prelude/prelude_vectors.py` rewrites prelude_vectors.json, which changes
every published trial table: never do it to make a test pass.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3]))

from epochal.compiler.prelude import (
    encode,
    noise,
    portable,
    reduce,
    samplers,
    session,
    signals,
    timeline,
    words,
)
from epochal.compiler.prelude.words import Array, Draw

VECTORS_FILE = Path(__file__).with_name("prelude_vectors.json")


def word_vectors() -> dict[str, Array]:
    draw, last = Draw(8, 1, 2, 3), Draw(8, 2**64 - 1, 2**64 - 1, 2**64 - 1)
    return {
        "code": np.array([words.code(name) for name in ("", "var:coh", "ünïts")], np.uint64),
        "words": draw.words("var:coh", 64),
        "words again": draw.words("var:coh", 64, attempt=1),
        "words of the last seed": last.words("var:coh", 64, attempt=2**64 - 1),
        "unit": draw.unit("var:coh"),
        "units": draw.units("var:coh", 3),
        "design": Draw(1000, 1, 0, 0).design(12),
    }


def portable_vectors() -> dict[str, Array]:
    u = Draw(4000, 5, 0, 0).units("x", 4)
    return {
        "log": portable.portable_log(u[:, 0] * 10.0 ** np.floor(u[:, 1] * 20)),
        "exp": portable.portable_exp(u[:, 1] * 1500 - 760),
        "sin": portable.portable_sin(u[:, 2] * 200 - 100),
        "cos": portable.portable_cos(u[:, 3] * 200 - 100),
    }


def sampler_vectors() -> dict[str, Array]:
    n = 4000
    draw = Draw(n, 20260101, 0, 3)
    a = draw.unit("a parameter of each trial")
    taken = samplers.pick(draw.unit("taken"), 4)
    table = ((0, 0.032), (1, 0.064), (2, 0.128))
    return {
        "uniform": samplers.uniform(draw.unit("uniform"), 200.0, 800.0 + 100 * a),
        "integers": samplers.integers(draw.unit("integers"), -12, 20),
        "choice": samplers.choice(draw.unit("choice"), (0, 0.032, 0.064, 0.128)),
        "choice of rows": samplers.choice(draw.unit("choice of rows"), table),
        "pick": samplers.pick(draw.unit("pick"), 7),
        "weighted": samplers.weighted(draw.unit("weighted"), (0.8, 0.15, 0, 0.05)),
        "weighted by trial": samplers.weighted(draw.unit("by trial"), draw.units("weights", 5)),
        "bernoulli": samplers.bernoulli(draw.unit("bernoulli"), 0.1),
        "exponential": samplers.exponential(draw.unit("exponential"), 300.0, 100.0, 1500.0),
        "exponential for ever": samplers.exponential(draw.unit("for ever"), 1 + a, 0.0, np.inf),
        "geometric": samplers.geometric(draw.unit("geometric"), 0.3, 1, np.inf),
        "geometric inside": samplers.geometric(draw.unit("inside"), 0.1 + 0.5 * a, 3, 12),
        "poisson": samplers.poisson(draw.unit("poisson"), 4 * a, 40),
        "normal": samplers.normal(draw.unit("normal"), a, 2.0),
        "truncnormal": samplers.truncnormal(draw, "truncnormal", 0.0, 1.0, -0.5, 1 + a),
        "except": samplers.except_index(draw.unit("except"), 4, taken),
        "weighted except": samplers.weighted_except(draw.unit("left out"), (3, 1, 0, 2), taken),
        "quantize": samplers.quantize(samplers.uniform(draw.unit("fine"), 0.0, 2.0), 0.1),
        "permutation": samplers.permutation(draw.each("permutation", 5)),
    }


def session_vectors() -> dict[str, Array]:
    draw = Draw(40 * 12, 7, 2, 3)  # 40 sequences of 12
    p = 0.2 + 0.6 * draw.unit("p")
    length = samplers.integers(draw.unit("length"), 2, 5)
    row, place = session.trials_of_blocks(length, 12, 24)
    return {
        "dealt within": session.dealt_within(draw, 5, 12),
        "alternate": session.alternate(draw, "alternate", 12, 3),
        "markov": session.markov(draw, "markov", 12, 4, p),
        "markov at most": session.markov(draw, "at most", 12, 2, 0.3, 2),
        "rows of blocks": row,
        "places in blocks": place,
    }


def array_vectors() -> dict[str, Array]:
    draw = Draw(300, 9, 0, 3)
    center = 360 * draw.unit("center")
    cuts = np.sort(samplers.pick(draw.units("length", 3), 31), axis=1)
    length = np.diff(cuts, axis=1, prepend=0, append=30).astype(np.int64)
    rows = draw.units("rows", 12).reshape(300, 4, 3)
    x = timeline.spread(rows, timeline.segment_index(length))
    noise.add_noise(x[:, :, 1:], 0.1, (9, 3, 0), "motion")
    wide = np.zeros((300, 30, 9), np.float32)
    sd = samplers.uniform(draw.units("sd", 30), 0.0, 2.0)
    noise.add_scaled_noise(wide, sd, (2**64 - 1, 3, 0), "wide")
    return {
        "noise table": noise.normal_quantiles(),
        "spread with noise": x,
        "wide noise": wide,
        "bump": encode.bump(center, 30.0 + draw.unit("width"), 32),
        "vonmises": encode.vonmises(center, 2 * draw.unit("kappa"), 8),
        "cosine tuning": encode.cosine_tuning(center, 12),
        "rescale": encode.rescale(center, 0.0, 360.0, 0.1, 0.9),
        "wrap": reduce.wrap(3 * center - 720),
        "angle between": reduce.angle_between(center, center[::-1]),
        "steps": timeline.steps(timeline.us(1000 * draw.unit("time")), 7.0),
    }


def signal_vectors() -> dict[str, Array]:
    draw = Draw(60, 11, 2, 3)
    u = signals.event_words(draw, "train", 24, 2)
    time = signals.event_times(u, 20 * draw.unit("rate"), 20_000, 700_000, "train")
    height = signals.at_events(
        time, samplers.choice(signals.event_words(draw, "heights", 24, 2), (-1, 1))
    )
    flips = signals.pulses(time, height, 25_000, 700_000, 80, 10.0)
    trials = {
        "design seed": np.full(60, 2**64 - 1, np.uint64),
        "design stream": np.full(60, 3, np.uint64),
        "design batch": np.full(60, 7, np.uint64),
        "design row": np.arange(60),
    }
    z = signals.step_normals(trials, "var:drift", 80, 2)
    drift = signals.ou(z, 1 + draw.unit("sd"), 50_000, 10.0)
    at, _, k = timeline.flat_steps(np.arange(60) % 7, np.full(60, 80))
    return {
        "event times": np.nan_to_num(time),
        "event heights": np.nan_to_num(height),
        "pulses": flips,
        "step normals": z,
        "ou": drift,
        "random walk": signals.random_walk(z, 2.0, 10.0),
        "latch": signals.latch(flips[at, k], k, 3),
        "lag": signals.lag(drift[at, k], k, 45_000, 10.0),
        "integral": signals.integral(drift[at, k], k, 10.0),
        "ema": signals.ema(flips[at, k], k, 30_000, 10.0),
    }


def prelude_vectors() -> dict[str, Array]:
    """Every vector, by name."""
    return {
        **word_vectors(),
        **portable_vectors(),
        **sampler_vectors(),
        **session_vectors(),
        **array_vectors(),
        **signal_vectors(),
    }


def described(vector: Array) -> dict[str, object]:
    """Say what is committed of a vector: its type, shape, hash and first values."""
    little = np.ascontiguousarray(vector, vector.dtype.newbyteorder("<"))
    return {
        "dtype": vector.dtype.name,
        "shape": list(vector.shape),
        "sha256": hashlib.sha256(little.tobytes()).hexdigest(),
        "first": vector.ravel()[:4].tolist(),
    }


if __name__ == "__main__":
    found = {name: described(vector) for name, vector in prelude_vectors().items()}
    lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(d)}" for n, d in found.items())
    VECTORS_FILE.write_text(f"{{\n{lines}\n}}\n")
