"""The experiments of the library come where docs/results.md says that they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from epochal.cli.training import job_of
from epochal.library import library
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import RunRecord, read_run
from epochal.runtime.weights import effective, make_masks

SEED = 101  # not one of those recorded


def trained(name: str, folder: Path) -> RunRecord:
    job = job_of(str(library().files[name]), {}, frozenset(), {}, {}, None, None)
    return train_into(folder, job.task, job.profile, seed=SEED, lessons=job.lessons)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "stages"), [("curriculum", 4), ("direct", 1)])
def test_the_networks_of_psychrnn_reach_their_criterion(
    name: str, stages: int, tmp_path: Path
) -> None:
    record = trained(f"psychrnn/{name}.train", tmp_path)
    assert record.reason == "curriculum finished"
    ends = [one.update for one in record.passed]
    assert len(ends) == stages
    assert sorted(set(ends)) == ends
    assert all(one.accuracy is not None and one.accuracy >= 0.9 for one in record.passed)
    assert record.accuracy == record.passed[-1].accuracy
    assert record.updates < 400  # the slowest of the 40 that were recorded took 182


@pytest.mark.slow
def test_the_network_of_song_reaches_its_rule_and_obeys_dales_law(tmp_path: Path) -> None:
    record = trained("song2016/rdm_ei.train", tmp_path)
    assert record.reason == "curriculum finished"
    assert record.accuracy is not None
    assert record.accuracy > 0.85
    run = read_run(tmp_path)
    masks = make_masks(record.profile.model, 2, 2, run.connectivity)
    W = effective(run.weights, masks)
    sign = np.repeat([1, -1], [80, 20])
    assert (W["W_rec"] * sign >= 0).all()
    assert (W["W_rec"] * sign > 0).mean() > 0.9
    assert (W["W_in"] >= 0).all()
    assert (W["W_out"] >= 0).all()
    assert not W["W_out"][:, 80:].any()
    assert not W["W_rec"].diagonal().any()
