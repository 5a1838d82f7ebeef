"""PsychRNN's curriculum notebook over many seeds: updates until the criterion is reached.

The networks, tasks and criteria are those of PsychRNN's documentation, `curriculum_learning.ipynb`:
perceptual discrimination at coherences 0.7, 0.5, 0.3 and 0.1 in turn, each until one fresh batch
of 50 trials is at least 90% correct, tested after every update; against 0.1 from the beginning,
until the same.  Nothing of PsychRNN is changed; both networks of a seed start from the same
weights, since PsychRNN draws from NumPy's global generator alone.

Epochal's side is `tasks/psychrnn/curriculum.train` and `direct.train`; `docs/results.md` has both.
To repeat PsychRNN's, in an environment of its own:

    python -m venv peer && peer/bin/pip install psychrnn==1.0.0 tensorflow
    peer/bin/python tests/peers/psychrnn_curriculum.py 0..19 psychrnn_curriculum.json

Results are written after each network, and a file that is there already is gone on with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from psychrnn.backend.curriculum import Curriculum
from psychrnn.backend.models.basic import Basic
from psychrnn.tasks.perceptual_discrimination import PerceptualDiscrimination

COHERENCES = (0.7, 0.5, 0.3, 0.1)
CRITERION = 0.9
BATCH = 50
TEST_BATCHES = 20  # 1,000 fresh trials once training has ended

Result = dict[str, Any]


def task_at(coherence: float) -> PerceptualDiscrimination:
    """Make the notebook's task: dt 10 ms, tau 100 ms, trials of 2,000 ms."""
    return PerceptualDiscrimination(dt=10, tau=100, T=2000, N_batch=BATCH, coherence=coherence)


def network(task: PerceptualDiscrimination, seed: int, name: str) -> Basic:
    """Build the notebook's network of 50 units, its weights drawn from the seed."""
    np.random.seed(seed)
    return Basic({**task.get_task_params(), "name": name, "N_rec": 50})


def through_curriculum(seed: int) -> Result:
    """Train through all four coherences."""
    tasks = [task_at(coherence) for coherence in COHERENCES]
    curriculum = Curriculum(tasks, metric_epoch=1, thresholds=[CRITERION] * len(tasks))
    model = network(tasks[0], seed, f"curriculum{seed}")
    started = perf_counter()
    model.train_curric({"curriculum": curriculum, "verbosity": False})
    stages = [stage for _, stage in curriculum.metric_values]
    ends = [1 + len(stages) - 1 - stages[::-1].index(i) for i in sorted(set(stages))]
    return {
        "updates": len(stages),
        "stage_ends": ends,
        "reached": bool(curriculum.stop_training),
        **finished(model, tasks[-1], curriculum.metric_values[-1][0], started),
    }


def directly(seed: int) -> Result:
    """Train on the lowest coherence from the beginning."""
    task = task_at(COHERENCES[-1])
    model = network(task, seed, f"direct{seed}")
    tested: list[float] = []

    def measure(x: Any, y: Any, mask: Any, output: Any, *_: Any) -> float:
        tested.append(float(task.accuracy_function(y, output, mask)))
        return tested[-1]

    started = perf_counter()
    wanted = {"performance_measure": measure, "performance_cutoff": CRITERION}
    model.train(task, {**wanted, "verbosity": False})
    return {
        "updates": len(tested),
        "reached": tested[-1] >= CRITERION,
        **finished(model, task, tested[-1], started),
    }


def finished(model: Basic, task: PerceptualDiscrimination, last: float, started: float) -> Result:
    """Say how long training took, and how good the network is at the lowest coherence."""
    seconds = perf_counter() - started
    batches = task.batch_generator()
    found = []
    for _ in range(TEST_BATCHES):
        x, y, mask, _ = next(batches)
        found.append(task.accuracy_function(y, model.test(x)[0], mask))
    model.destruct()
    test = round(float(np.mean(found)), 4)
    return {"last_batch": float(last), "test": test, "seconds": round(seconds, 1)}


def main(seeds: range, path: Path) -> None:
    """Train both networks of every seed, and keep what is known after each."""
    results = json.loads(path.read_text()) if path.exists() else []
    known = {(one["seed"], one["training"]) for one in results}
    ways: dict[str, Callable[[int], Result]] = {
        "curriculum": through_curriculum,
        "direct": directly,
    }
    for seed in seeds:
        for name, train in ways.items():
            if (seed, name) not in known:
                results.append({"seed": seed, "training": name, **train(seed)})
                lines = ",\n".join(f"  {json.dumps(one)}" for one in results)
                path.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    first, last = map(int, sys.argv[1].split(".."))
    main(range(first, last + 1), Path(sys.argv[2]))
