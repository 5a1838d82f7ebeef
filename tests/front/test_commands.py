"""Every command, when all is well."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from command_line import NAMES, RDM, call, launch

from epochal import load
from epochal.catalog import entries_of, experiments_of
from epochal.cli import COMMANDS
from epochal.cli.train_command import _free_folder
from epochal.cli.training import off_grid

RUN_ALONE = """
import numpy as np, runpy, sys
module = runpy.run_path(sys.argv[1])
inputs, targets, weights, trials = module["generate"](50, 20.0, 7)
assert inputs.dtype == targets.dtype == weights.dtype == np.float32
correct = module["score"](targets, trials, 20.0)["correct"]
assert correct.all()
assert not any(name.startswith("epochal") for name in sys.modules)
print(module["TASK"]["hash"], inputs.shape)
"""


def test_the_help_names_every_command_and_what_exit_statuses_mean() -> None:
    ended = call("--help")
    assert ended.status == 0
    for name, summary in COMMANDS.items():
        assert name in ended.out
        assert summary in ended.out
    assert "Exit status: 0 fine" in ended.out
    assert launch("--help").out.split() == ended.out.split()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(name: str) -> None:
    for flag in ("--help", "-h"):
        ended = call(name, flag)
        assert ended.status == 0
        assert f"  epochal {name} " in ended.out or f"  epochal {name}\n" in ended.out
        assert max(map(len, ended.out.splitlines())) <= 80


def test_the_version_is_that_of_the_package() -> None:
    import epochal

    assert call("--version").out == f"epochal {epochal.__version__}\n"


def test_check_says_that_all_is_well() -> None:
    ended = call("check", *NAMES)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"{', '.join(NAMES)}: no errors\n"


def test_check_warns_of_durations_that_dt_does_not_divide() -> None:
    ended = call("check", "rdm", "--dt", "7")
    assert ended.status == 0
    assert ended.err.count("warning[W0707]") == 3
    assert ended.out == "rdm: no errors (3 warnings)\n"
    assert call("check", "rdm", "--dt", "7", "--quiet").said == ""


def test_check_reports_to_programs(tmp_path: Path) -> None:
    file = tmp_path / "a:b, 100%.task"
    file.write_text(RDM.replace("coh / 2", "cho / 2"))
    ended = call("check", file, "--format", "json")
    assert ended.status == 1
    first, second = json.loads(ended.out)
    assert (first["code"], first["severity"]) == ("E0201", "error")
    assert (first["file"], first["line"], first["column"]) == (str(file), 39, 25)
    assert (first["end_line"], first["end_column"]) == (39, 28)
    assert first["notes"][0]["message"] == "did you mean `coh`?"
    assert second["line"] == 40
    assert json.loads(call("check", "rdm", "--format", "json").out) == []


def test_check_reports_to_github(tmp_path: Path) -> None:
    file = tmp_path / "a:b, 100%.task"
    file.write_text(RDM.replace("coh / 2", "cho / 2"))
    ended = call("check", file, "--format", "github")
    assert ended.status == 1
    first, _ = ended.out.splitlines()
    place, message = first.removeprefix("::error ").split("::")
    assert place == (
        f"file={tmp_path}/a%3Ab%2C 100%25.task,line=39,col=25,endLine=39,endColumn=28,title=E0201"
    )
    assert message == "there is no value `cho`%0Adid you mean `coh`?"


def test_check_takes_every_task_of_a_file_or_one_by_name(tmp_path: Path) -> None:
    file = tmp_path / "two.task"
    second = RDM.removeprefix("epochal 1\n").replace("task rdm:", "task other_dots:")
    file.write_text(RDM + second)
    assert call("check", file).out == "rdm, other_dots: no errors\n"
    assert call("check", f"{file}:other_dots").out == "other_dots: no errors\n"
    file.write_text(RDM + second.replace("coh / 2", "cho / 2"))
    assert call("check", file).err.count("error[E0201]") == 2


# Build.


def test_build_prints_or_writes_the_same_module(tmp_path: Path) -> None:
    printed = call("build", "rdm")
    assert printed.status == 0
    assert printed.err == ""
    out = tmp_path / "trials.py"
    ended = call("build", "rdm", "--out", out)
    assert (ended.status, ended.out) == (0, "")
    assert ended.err.startswith(f"wrote {out}")
    assert out.read_text() == printed.out
    out.write_text("edited")
    assert call("build", "rdm", "--out", out).status == 1
    assert out.read_text() == "edited"
    assert call("build", "rdm", "--out", out, "--force").status == 0
    assert out.read_text() == printed.out


def test_build_prints_every_stage() -> None:
    tree = call("build", "rdm", "--emit", "tree").out
    assert tree.startswith("File(version=1")
    ir = json.loads(call("build", "rdm", "--emit", "ir").out)
    assert (ir["name"], ir["language"]) == ("rdm", 1)
    module = call("build", "rdm", "--emit", "python").out
    compile(module, "trials.py", "exec")
    assert json.loads(call("build", "rdm", "--emit", "ir", "--set", "sigma=0.5").out) != ir


def test_a_printed_module_runs_where_only_numpy_is_installed(tmp_path: Path) -> None:
    room = tmp_path / "room"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(room)
    python = room / "bin" / "python"
    paths = {"base": str(room), "platbase": str(room)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    for part in Path(sysconfig.get_path("purelib")).glob("numpy*"):
        (site / part.name).symlink_to(part)
    for name in NAMES:
        module = tmp_path / f"{name}.py"
        assert call("build", name, "--out", module).status == 0
        done = subprocess.run(
            [python, "-I", "-W", "error", "-c", RUN_ALONE, module], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("task1:")


# New, list, describe.


def test_new_begins_a_task_that_checks_clean_builds_and_describes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = call("new", "flicker")
    assert (ended.status, ended.out) == (
        0,
        "wrote flicker.task; next: epochal check flicker.task\n",
    )
    ended = call("check", "flicker.task")
    assert (ended.status, ended.said) == (0, "flicker: no errors\n")
    assert call("build", "flicker.task").status == 0
    assert "Chance: 50% correct" in call("describe", "flicker.task").out
    before = Path("flicker.task").read_text()
    ended = call("new", "flicker")
    assert ended.status == 1
    assert "flicker.task exists: choose another name" in ended.err
    assert Path("flicker.task").read_text() == before


def test_a_run_without_a_name_gets_a_free_folder(tmp_path: Path) -> None:
    assert _free_folder(tmp_path / "rdm") == tmp_path / "rdm"
    (tmp_path / "rdm").mkdir()
    (tmp_path / "rdm-2").mkdir()
    assert _free_folder(tmp_path / "rdm") == tmp_path / "rdm-3"


@pytest.mark.parametrize("name", ["my-task", "1st", "if", "a/b", "", "größe", "two words"])
def test_new_refuses_what_cannot_name_a_task(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = call("new", name)
    assert ended.status == 1
    assert "cannot name a task: use letters" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_list_shows_the_library_by_source() -> None:
    lines = call("list").out.splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ")]
    experiments = [entry.short for entry in experiments_of()]
    assert [one for one in shown if one not in experiments] == [e.short for e in entries_of()]
    assert sorted(set(shown) & set(experiments)) == sorted(experiments)
    heads = [line.partition(":")[0] for line in lines if line and not line.startswith(" ")]
    assert heads == list(dict.fromkeys(entry.source for entry in entries_of()))
    assert "psychrnn: PsychRNN, Ehrlich et al. 2021" in lines
    assert max(map(len, lines)) <= 125


def test_list_filters_by_all_words_given() -> None:
    found = json.loads(call("list", "newsome", "classic", "--json").out)
    assert found == []
    found = json.loads(call("list", "COLOUR", "motion", "classic/", "--json").out)
    assert [entry["name"] for entry in found] == ["mante"]
    assert found[0]["source"] == "classic"
    assert all(Path(entry["path"]).is_file() for entry in found)
    assert "nature12742" in found[0]["cite"][0]
    assert "match_to_category" in call("list", "ehrlich").out
    assert "rdm" not in call("list", "ehrlich").out
    ended = call("list", "xyzzy")
    assert (ended.status, ended.out) == (1, "")
    assert "nothing in the library mentions xyzzy" in ended.err


def test_list_shows_experiments_after_the_tasks_of_their_source() -> None:
    head, *lines = call("list", "psychrnn/").out.splitlines()
    assert head.startswith("psychrnn: ")
    names = [line.split()[0] for line in lines]
    assert names[-2:] == ["curriculum.train", "direct.train"]
    assert all(entry.title for entry in experiments_of())
    (found,) = json.loads(call("list", "curriculum", "10%", "from", "70%", "--json").out)
    assert (found["kind"], found["name"]) == ("experiment", "curriculum.train")
    assert call("check", found["name"]).out == "curriculum: no errors\n"


def test_a_check_imports_little() -> None:
    code = (
        "import sys\n"
        "from epochal.cli import cli\n"
        "cli.main(['check', 'rdm'], standalone_mode=False)\n"
    )
    after = "import sys, atexit\natexit.register(lambda: print(*sys.modules))\n" + code
    done = subprocess.run([sys.executable, "-c", after], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "lark" in loaded
    heavy = {"tensorflow", "keras", "matplotlib", "rich", "numpy", "jinja2", "safetensors", "email"}
    assert not loaded & heavy


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, epochal\nprint(*(n for n in sys.modules if n.startswith('epochal.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_training_warns_of_durations_that_its_step_does_not_divide() -> None:
    task = load("rdm")
    assert not off_grid(task, 20.0)
    assert {one.code for one in off_grid(task, 30.0)} == {"W0707"}
    assert "990 ms and 1020 ms" in off_grid(task, 30.0)[0].message
