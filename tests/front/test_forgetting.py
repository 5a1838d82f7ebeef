"""Networks that learn tasks one by one forget less where earlier stages are protected."""

from __future__ import annotations

import pytest

from benchmarks.forgetting import remember


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_earlier_task_is_remembered_with_intelligent_synapses_alone(seed: int) -> None:
    plain = remember("none", seed)
    protected = remember("intelligent_synapses(strength = 10)", seed)
    for one in (plain, protected):
        assert min(one.learnt.values()) > 0.95  # each task was learnt in its stage
        assert one.kept["late_anti"] > 0.95  # and the last one is there at the end
    assert plain.kept["pro"] < 0.75
    assert protected.kept["pro"] > 0.95
