"""Trials are taken apart for drawing, and drawn with characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from epochal import load
from epochal.runtime.batch import Stream
from epochal.runtime.preview import MOST_OF_A_SESSION, Shown, Span, Strip, preview
from epochal.runtime.preview_text import drawn, lanes, plain

GOLDEN = Path(__file__).parents[1] / "compiler" / "golden"


def strip(name: str, *units: tuple[float, ...]) -> Strip:
    names = (name,) if len(units) == 1 else tuple(f"{name}[{i}]" for i in range(len(units)))
    return Strip(name, names, np.array(units, np.float32).T)


TINY = Shown(
    said=("side = left", "coh = 0.5"),
    dt=20.0,
    epochs=(Span("fix", 0, 4), Span("respond", 4, 12)),
    inputs=(strip("cue", (0.0,) * 4 + (1.0,) * 4 + (-1.0,) * 4, (0.0,) * 12),),
    targets=(strip("hold", (0.5,) * 4 + (0.0,) * 8),),
    weights=(strip("hold", (1.0,) * 4 + (0.0,) * 2 + (1.0,) * 6),),
)


def test_a_trial_is_drawn_with_characters() -> None:
    assert drawn(TINY).splitlines() == [
        "side = left, coh = 0.5",
        "         |fix|respond",
        "         0     240 ms",
        "inputs",
        "  cue[0] ····████▁▁▁▁  -1 to 1",
        "  cue[1] ············",
        "targets",
        "  hold   ████········  0 to 0.5",
        "ignored",
        "  hold   ····xx······",
    ]


def test_a_drawing_is_as_wide_as_there_is_room_and_has_an_ascii_form() -> None:
    task = load("rdm")
    for width in (60, 100):
        (shown,) = preview(task, 1, seed=2)
        lines = drawn(shown, width).splitlines()
        assert max(len(line.partition("  0 to")[0]) for line in lines[1:]) == width
    assert plain(drawn(TINY)).isascii()
    assert [len(line) for line in plain(drawn(TINY)).splitlines()] == [
        len(line) for line in drawn(TINY).splitlines()
    ]


def test_what_is_shown_is_the_batch_without_its_padding() -> None:
    task = load("rdm")
    batch = task.batch(3, seed=5, stream=Stream.TEST, noise=False)
    for k, shown in enumerate(preview(task, 3, seed=5)):
        n = int(batch.lengths[k])
        assert shown.n_steps == n
        values = np.concatenate([one.values for one in shown.inputs], axis=1)
        assert (values == batch.inputs[k, :n]).all()
        assert [one.name for one in shown.targets] == ["hold", "choice"]
        assert (shown.weights[1].values == batch.weights[k, :n, 1:]).all()
        assert [one.name for one in shown.epochs] == ["fix", "stimulus", "delay", "response"]
        assert shown.epochs[-1].stop == n
        side = task.labels["side"][batch.trials["side"][k]]
        assert shown.said[:2] == (f"side = {side}", f"coh = {batch.trials['coh'][k]:g}")


def test_noise_is_shown_where_it_is_asked_for() -> None:
    (quiet,), (loud,) = (preview(load("rdm"), 1, noise=noise) for noise in (False, True))
    assert len(np.unique(quiet.inputs[1].values)) < 5 < len(np.unique(loud.inputs[1].values))


def test_many_units_are_thinned_and_what_a_member_lacks_is_left_out() -> None:
    task = load(GOLDEN / "yang_mini" / "source.task")
    (shown,) = preview(task, 1)
    assert sum(line.startswith("  mod1[") for line in drawn(shown).splitlines()) == 8
    assert not any(one.startswith("anti") for one in shown.said)


def test_the_first_trials_of_a_session_are_shown() -> None:
    task = load(GOLDEN / "reversal" / "source.task")
    (shown,) = preview(task, 1)
    assert len(shown.epochs) == 3 * MOST_OF_A_SESSION
    assert shown.n_steps == shown.epochs[-1].stop
    assert all(a.stop == b.first for a, b in zip(shown.epochs, shown.epochs[1:], strict=False))


def test_epochs_that_overlap_lie_in_different_rows() -> None:
    spans = (Span("a", 0, 4), Span("b", 2, 6), Span("c", 4, 8), Span("d", 5, 6))
    assert [[one.name for one in row] for row in lanes(spans)] == [["a", "c"], ["b"], ["d"]]
