"""Peers that cannot be installed are "not measured" with the reason, and stop nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import environment
from benchmarks.environment import PEERS, ROOMS, Peers, Room, Step, make
from benchmarks.plan import Plan
from benchmarks.ratio import faster
from benchmarks.rows import NotMeasured, Row
from benchmarks.worker import ROOT, Worker

EMPTY = Room("empty", (Step(("nothing",), (), "import json"),))


def test_every_peer_has_a_script_and_every_script_a_peer() -> None:
    scripts = {path.stem for path in (ROOT / "benchmarks" / "peers").glob("*.py")}
    assert scripts - {"__init__", "protocol"} == set(PEERS)


def test_every_package_has_a_pin() -> None:
    packages = [package for room in ROOMS for step in room.steps for package in step.packages]
    loose = [package for package in packages if not any(sign in package for sign in "=<")]
    assert loose == ["wheel"]


def test_a_peer_that_nobody_installed_is_not_measured_and_the_command_is_told(
    tmp_path: Path,
) -> None:
    def run(row: Row, *, peer: Worker) -> Row:
        raise AssertionError("there is no peer to run")

    rows = [faster("update", "JAX", 1.3), faster("update", "JAX, large")]
    found = list(Plan(Peers(tmp_path)).beside("jax", rows, run))
    assert [row.name for row in found] == ["update", "update"]
    assert all(row.verdict == "not measured" for row in found)
    assert "`python -m benchmarks environment` installs" in found[0].reason


def test_what_fails_to_install_is_told_and_kept_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str]) -> str:
        return "no such package" if "second==2" in command else ""

    monkeypatch.setattr(environment, "_run", run)
    steps = (
        Step(("first",), ("first==1",), "import first"),
        Step(("second",), ("second==2",), "import second", "it is a big one"),
        Step(("third",), ("third==3",), "import third"),
    )
    said: list[str] = []
    make(tmp_path, said.append, (Room("room", steps),))
    kept = json.loads(next(tmp_path.glob("room-*/peers.json")).read_text())
    reason = "it is a big one (no such package)"
    assert kept == {"first": "", "second": reason, "third": reason}
    assert f"room: second is not measured: {reason}" in said
    monkeypatch.setattr(environment, "ROOMS", (Room("room", steps),))
    with (
        pytest.raises(NotMeasured, match="second could not be installed: it is a big one"),
        Peers(tmp_path).worker("second"),
    ):
        pass


def test_an_environment_is_made_once_and_a_failed_one_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ["", "", "not this time", "", "", ""]
    monkeypatch.setattr(environment, "_run", lambda _: answers.pop(0))
    said: list[str] = []
    for _ in range(3):
        make(tmp_path, said.append, (EMPTY,))
    assert not answers
    assert said[-1] == "empty: there already (nothing)"


def test_pips_complaint_is_the_reason() -> None:
    code = "import sys; sys.exit('WARNING: one\\nERROR: no matching distribution\\nhint: none')"
    assert environment._run([sys.executable, "-c", code]) == "ERROR: no matching distribution"
    assert environment._run([sys.executable, "-c", ""]) == ""
    assert "No such file" in environment._run(["/no/such/python"])


def test_the_virtual_environment_of_a_room_has_a_python(tmp_path: Path) -> None:
    folder = EMPTY.folder(tmp_path)
    made = environment._run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    assert made == ""
    done = subprocess.run([environment._python(folder), "-c", "print(1)"], capture_output=True)
    assert done.stdout.strip() == b"1"
