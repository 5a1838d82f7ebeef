"""Programs kept from one process to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from epochal.runtime import program_cache
from epochal.runtime.program_cache import FLAGS, VARIABLE, keep_programs

TRAINING = """
import epochal
from msgspec.structs import replace
from epochal.runtime.config import Profile
from epochal.runtime.train import train

profile = Profile()
few = replace(profile.training, updates=2, every=1000, trials=16, batch=8)
train(epochal.load("rdm"), replace(profile, training=few))
"""


def test_programs_go_to_the_folder_that_is_named(tmp_path: Path) -> None:
    environment = {VARIABLE: str(tmp_path / "kept"), FLAGS: "--tf_xla_auto_jit=0"}
    folder = keep_programs(environment)
    assert folder is not None
    assert folder.is_dir()
    assert folder.parent == tmp_path / "kept"
    expected = f"--tf_xla_auto_jit=0 --tf_xla_persistent_cache_directory={folder}"
    assert environment[FLAGS] == expected


def test_without_a_name_they_go_to_the_cache_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: tmp_path)
    folder = keep_programs({})
    assert folder is not None
    assert folder.parent == tmp_path / "xla"


@pytest.mark.parametrize("off", ["off", "OFF"])
def test_nothing_is_kept_where_that_is_switched_off(off: str) -> None:
    environment = {VARIABLE: off}
    assert keep_programs(environment) is None
    assert FLAGS not in environment


def test_a_folder_that_the_user_gave_to_xla_stays(tmp_path: Path) -> None:
    given = f"--tf_xla_persistent_cache_directory={tmp_path}"
    environment = {FLAGS: given}
    assert keep_programs(environment) is None
    assert environment[FLAGS] == given


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environment = {VARIABLE: str(tmp_path / "file")}
    assert keep_programs(environment) is None
    assert FLAGS not in environment


def test_a_path_with_a_space_would_be_two_flags(tmp_path: Path) -> None:
    assert keep_programs({VARIABLE: str(tmp_path / "my programs")}) is None


def test_the_oldest_programs_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_cache, "MOST_PROGRAMS", 2)
    folder = keep_programs({VARIABLE: str(tmp_path)})
    assert folder is not None
    for age, name in enumerate(("new", "middle", "old")):
        (folder / name).write_text("")
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    keep_programs({VARIABLE: str(tmp_path)})
    assert {path.name for path in folder.iterdir()} == {"new", "middle"}


@pytest.mark.slow
def test_the_next_process_compiles_nothing_anew(tmp_path: Path) -> None:
    kept = []
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", TRAINING],
            check=True,
            env={**os.environ, VARIABLE: str(tmp_path), FLAGS: ""},
        )
        kept.append({path.name for path in tmp_path.rglob("*.pb")})
    assert kept[0] == kept[1]
    assert kept[0]
