"""Rows say what was measured, beside what was asked for, and are kept as JSON."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.fit import exponent
from benchmarks.ratio import at_most, compare, faster
from benchmarks.rows import Row, Target, missing


def test_ours_and_theirs_alternate_and_the_first_round_is_left_out() -> None:
    called: list[tuple[str, int]] = []

    def action(name: str, times: list[float]) -> object:
        def run(repeats: int) -> float:
            called.append((name, repeats))
            return times.pop(0)

        return run

    ours, theirs = action("ours", [100, 1, 2]), action("theirs", [1, 4, 4])
    assert callable(ours)
    assert callable(theirs)
    row = compare(at_most("a", "b", 0.4), ours, theirs, rounds=2, repeats=(7, 3))
    assert called == [("ours", 7), ("theirs", 3)] * 3
    assert row.values == (0.25, 0.5)
    assert row.ours is not None
    assert (row.ours.median, row.ours.least, row.ours.most) == (1.5, 1, 2)


def test_a_row_shows_median_range_target_and_verdict() -> None:
    row = compare(at_most("batch", "noise", 0.5), lambda _: 1.0, lambda _: 4.0, rounds=3)
    assert row.verdict == "reached"
    words = row.line().split("  ")
    assert words[0] == "batch, against noise"
    assert words[-4:] == [
        "0.25 times (0.25 to 0.25)",
        "target at most 0.50",
        "reached",
        "[ours 1.00 ms, theirs 4.00 ms]",
    ]


def test_speed_ups_are_reached_from_above() -> None:
    row = compare(faster("update", "peer", 3.0), lambda _: 1.0, lambda _: 2.0, rounds=1)
    assert row.values == (2.0,)
    assert row.verdict == "missed"
    assert "2.00 times as fast" in row.line()
    assert "target at least 3.00" in row.line()


@pytest.mark.parametrize(("median", "verdict"), [(2.5, "reached"), (2.51, "missed")])
def test_a_target_is_reached_at_its_value(median: float, verdict: str) -> None:
    row = Row(name="a", unit="s", values=(0.1, median, 9.0), target=Target(2.5))
    assert row.verdict == verdict


def test_a_missing_row_gives_its_reason_and_has_no_verdict() -> None:
    row = missing(faster("update", "torch", 2.0), "torch is not installed")
    assert row.verdict == "not measured"
    assert "not measured: torch is not installed" in row.line()
    assert "missed" not in row.line()


def test_a_row_without_a_target_has_no_verdict() -> None:
    row = Row(name="memory", unit="MB", values=(1234.0,))
    assert row.verdict == "no target"
    assert row.line().split("  ")[-1] == "1234 MB"


def test_rows_keep_all_they_hold_as_json() -> None:
    curve = ((1.0, 2.0), (2.0, 4.0))
    row = Row(name="a", unit="exponent", values=(1.0,), axis="units", curves={"Epochal": curve})
    assert msgspec.json.decode(msgspec.json.encode(row), type=Row) == row


def test_the_exponent_of_a_power_is_found() -> None:
    assert exponent([(n, 3.0 * n**1.5) for n in (1, 2, 8, 30)]) == pytest.approx(1.5)
