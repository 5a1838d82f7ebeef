"""NeuroGym: batches of its PerceptualDecisionMaking from its own ``Dataset``.

``Dataset`` makes trials when those it keeps are used up; the mean over many batches counts them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import neurogym

from benchmarks.peers.protocol import serve


def batch(batch: int, steps: int) -> Callable[[], object]:
    """Prepare a batch, (N_steps, N_batch, ..), at 10 ms a step; trials are as long as the batch."""
    warnings.simplefilter("ignore")
    timing = {"fixation": 100, "stimulus": steps * 10 - 200, "delay": 0, "decision": 100}
    arguments = {"dt": 10, "timing": timing}
    data = neurogym.Dataset(
        "PerceptualDecisionMaking-v0", env_kwargs=arguments, batch_size=batch, seq_len=steps
    )
    return lambda: data()


if __name__ == "__main__":
    serve({"batch": batch}, ("neurogym", "numpy"))
