"""Record what the published code of Yang et al. 2019, and of Driscoll et al. 2024, makes.

Clone github.com/gyyang/multitask and github.com/lauradriscoll/flexible_multitask, and run in an
environment with NumPy and six (TensorFlow, which the tasks import and do not use, is not needed):

    python tests/peers/record_yang.py MULTITASK/task.py
    python tests/peers/record_yang.py FLEXIBLE_MULTITASK/stepnet/task.py
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import MagicMock

import numpy as np
from multitask_summary import summarize, summarize_times

BATCHES, TRIALS = 650, 8  # times are drawn once a batch, so that many small ones tell most
ABSENT = ("tensorflow", "tensorflow.compat", "tensorflow.compat.v1", "dotenv")
NAMES = {"fix1": "fix", "stim1": "stim1", "delay1": "delay1", "stim2": "stim2"}
NAMES |= {"delay2": "delay2", "go1": "go"}


class Published(NamedTuple):
    """A publication: its name here, units of a modality, input noise, where its code is from."""

    name: str
    n_ring: int
    sigma: float
    source: str


YANG = Published("yang2019", 32, 0.01, "github.com/gyyang/multitask 817e23d, task.py")
DRISCOLL = Published(
    "driscoll2024", 2, 0.1, "github.com/lauradriscoll/flexible_multitask 2482af0, stepnet/task.py"
)


def original(path: Path) -> ModuleType:
    """Import the published module of tasks."""
    os.environ.setdefault("HOME_DIR", ".")
    for name in ABSENT:
        sys.modules[name] = MagicMock()
    spec = importlib.util.spec_from_file_location("original", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def settings(module: ModuleType, n_ring: int, sigma: float, dt: float, seed: int) -> dict[str, Any]:
    """Give what the published `get_default_hp` does, of what the tasks read."""
    rules = len(module.rules_dict["all"])
    np.random.seed(seed)  # what multidm and others draw from, beside the generator below
    return {
        "dt": dt,
        "alpha": dt / 100,
        "sigma_x": sigma,
        "n_eachring": n_ring,
        "n_input": 1 + 2 * n_ring + rules,
        "n_output": 1 + n_ring,
        "rule_start": 1 + 2 * n_ring,
        "ruleset": "all",
        "out_type": "all",
        "loss_type": "lsq",
        "rng": np.random.RandomState(seed),
    }


def bounds(trial: Any, n_steps: int) -> dict[str, tuple[int, int]]:
    """Give the first step of each epoch, and the one after its last."""
    ends = {}
    for name, (first, last) in trial.epochs.items():
        first = 0 if first is None else int(np.ravel(first)[0])
        last = n_steps if last is None else int(np.ravel(last)[0])
        ends[NAMES[name]] = (first, last)
    return ends


def arrays_of(module: ModuleType, rule: str, n_ring: int, sigma: float) -> dict[str, list[float]]:
    """Collect the statistics of batches at 20 ms."""
    hp = settings(module, n_ring, sigma, 20, seed=1)
    rows = []
    for _ in range(BATCHES):
        trial = module.generate_trials(rule, hp, "random", batch_size=TRIALS)
        x, y = (np.moveaxis(a, 0, 1).astype(float) for a in (trial.x, trial.y))
        mask = trial.c_mask.reshape(trial.y.shape)
        weights = np.moveaxis(np.square(mask, dtype=float), 0, 1)
        rows.append(summarize(x, y, weights, bounds(trial, len(trial.x)), n_ring, 20))
    return {name: [row[name] for row in rows] for name in rows[0]}


def times_of(module: ModuleType, rule: str, n_ring: int) -> dict[str, list[float]]:
    """Collect the lengths of epochs at 1 ms: the code cuts them down to whole steps."""
    hp = settings(module, n_ring, 0, 1, seed=2)
    rows = []
    for _ in range(BATCHES):
        trial = module.generate_trials(rule, hp, "random", batch_size=1, noise_on=False)
        rows.append(summarize_times(bounds(trial, len(trial.x)), 1))
    return {name: [row[name] for row in rows] for name in rows[0]}


def recorded(values: list[float]) -> tuple[float, float, int]:
    """Give mean, standard deviation and number over batches that have the statistic."""
    known = np.array(values)[~np.isnan(values)]
    return float(f"{known.mean():.6g}"), float(f"{known.std(ddof=1):.4g}"), len(known)


def main(path: Path) -> None:
    """Record every rule of one of the two publications."""
    published = DRISCOLL if path.parent.name == "stepnet" else YANG
    module = original(path)
    rules = {}
    for rule in module.rules_dict["all"]:
        found = arrays_of(module, rule, published.n_ring, published.sigma)
        found |= times_of(module, rule, published.n_ring)
        rules[rule] = {name: recorded(values) for name, values in found.items()}
    record = {
        "source": published.source,
        "batches": BATCHES,
        "trials": TRIALS,
        "numpy": np.__version__,
        "rules": rules,
    }
    text = json.dumps(record, indent=1)
    text = re.sub(r"\[\s+(\S+)\s+(\S+)\s+(\S+)\s+\]", r"[\1 \2 \3]", text)  # a statistic a line
    (Path(__file__).parent / "recorded" / f"{published.name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
