"""A process of a peer announces its actions, runs them when told to, and may fail in any way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.rows import NotMeasured
from benchmarks.worker import ROOT, Worker, started

PEER = Path(__file__).with_name("dummy_peer.py")


def command(*arguments: str) -> list[str]:
    code = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); "
    code += f"sys.argv = ['peer', *{list(arguments)!r}]; "
    return [sys.executable, "-c", code + f"runpy.run_path({str(PEER)!r}, run_name='__main__')"]


@pytest.fixture
def worker() -> Iterator[Worker]:
    with started("dummy", command()) as one:
        yield one


def test_a_worker_announces_its_actions_and_versions(worker: Worker) -> None:
    assert worker.actions == ("nap", "once", "fail", "die")
    assert list(worker.versions) == ["numpy"]


def test_an_action_is_timed_in_ms_whatever_the_peer_prints(worker: Worker) -> None:
    nap = worker.timed("nap", ms=20)
    assert nap(2) >= 20


def test_an_action_is_prepared_once_for_each_size(worker: Worker) -> None:
    for size in (1, 2):
        run = worker.timed("once", size=size)
        run(3)
        run(3)


def test_an_action_that_cannot_be_prepared_is_not_measured_and_the_next_one_is(
    worker: Worker,
) -> None:
    with pytest.raises(NotMeasured, match="dummy could not do `fail`: RuntimeError: this one can"):
        worker.timed("fail")
    assert worker.timed("nap", ms=1)(1) > 0


def test_wrong_sizes_are_told(worker: Worker) -> None:
    with pytest.raises(NotMeasured, match="could not do `nap`: TypeError"):
        worker.timed("nap", seconds=1)


def test_unknown_actions_are_refused(worker: Worker) -> None:
    with pytest.raises(NotMeasured, match="dummy has no action `sleep`: there are nap, once"):
        worker.timed("sleep")


def test_a_peer_that_ends_is_not_measured_and_its_last_words_are_told(worker: Worker) -> None:
    with pytest.raises(NotMeasured, match="ended with status 3: it is over"):
        worker.timed("die")
    with pytest.raises(NotMeasured, match="ended with status 3"):
        worker.timed("nap", ms=1)


def test_a_peer_that_does_not_start_is_not_measured() -> None:
    with (
        pytest.raises(NotMeasured, match="ended with status 1: it cannot even start"),
        started("dummy", command("--dead")),
    ):
        pass


def test_the_process_of_a_peer_ends_with_its_measurement() -> None:
    with started("dummy", command()) as one:
        process = one._process
    assert process.returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
