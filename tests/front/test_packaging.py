"""What is built from the repository is what users need, and works where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from command_line import Ended, launch

from epochal.catalog import entries_of, experiments_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, and of nothing else."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout knows which files are tracked")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    folder = tmp_path_factory.mktemp("clone")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    return folder


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """The folder of the sdist, and of the wheel that was built from it."""
    build(clone)
    return clone / "dist"


def build(clone: Path, *options: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", *options]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def wheel_of(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_stage_and_no_tests(clone: Path, built: Path) -> None:
    names = names_in(wheel_of(built))
    stages = {
        "dsl",
        "compiler",
        "compiler/prelude",
        "runtime",
        "runtime/cells",
        "grammars",
        "tasks",
    }
    expected = {
        f"epochal/{stage}/{path.name}" for stage in stages for path in (clone / stage).glob("*.py")
    }
    expected |= {f"epochal/{path.name}" for path in (clone / "epochal").glob("*.py")}
    for room in ("cli", "experiments"):
        found = (clone / "epochal" / room).glob("*.py")
        expected |= {f"epochal/{room}/{path.name}" for path in found}
    for kind in ("*/*.task", "*/*.train", "sources.toml"):
        found = (clone / "tasks").glob(kind)
        expected |= {f"epochal/tasks/{path.relative_to(clone / 'tasks')}" for path in found}
    expected |= {
        f"epochal/compiler/templates/{path.name}"
        for path in (clone / "compiler/templates").iterdir()
    }
    expected |= {"epochal/grammars/epochal.lark", "epochal/py.typed"}
    code = {name for name in names if ".dist-info/" not in name}
    assert code == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)


def test_a_wheel_built_in_the_checkout_holds_the_same_as_one_from_the_sdist(
    clone: Path, built: Path
) -> None:
    build(clone, "--wheel", "--outdir", "direct")
    assert names_in(wheel_of(clone / "direct")) == names_in(wheel_of(built))


def test_the_sdist_holds_licence_readme_and_sources(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "grammars/epochal.lark"} <= names
    assert {"dsl/parser.py", "compiler/templates/module.py.j2", "tasks/classic/rdm.task"} <= names


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, beside the dependencies of this one."""
    room = tmp_path_factory.mktemp("room")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(room)
    python = room / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    done = subprocess.run(
        [*install, "--no-index", "--quiet", str(wheel_of(built))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    paths = {"base": str(room), "platbase": str(room)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    # A path in a .pth is searched, but its own .pth files, editable installs, are not read.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return room


@pytest.fixture(autouse=True)
def no_other_place_to_import_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout on the path would be taken for the installed package."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_the_installed_command_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    def epochal(*arguments: object) -> Ended:
        command = [str(installed / "bin" / "epochal")]
        return launch(*arguments, cwd=tmp_path, command=command)

    listed = epochal("list")
    assert listed.status == 0, listed.err
    shown = [line.split()[0] for line in listed.out.splitlines() if line.startswith("  ")]
    assert set(shown) == {entry.short for entry in (*entries_of(), *experiments_of())}
    checked = epochal("check", "rdm", "--format", "json")
    assert (checked.status, checked.out.strip()) == (0, "[]")
    assert epochal("build", "rdm", "--out", "trials.py").status == 0
    assert epochal("describe", "rdm").status == 0
    assert epochal("--version").out.startswith("epochal ")
    mistaken = epochal("check", "rdm", "--set", "viewing=10 s")
    assert mistaken.status == 1
    assert str(installed) in mistaken.err


def test_the_installed_package_is_typed_and_makes_trials(installed: Path, tmp_path: Path) -> None:
    code = (
        "import epochal\n"
        "print(epochal.__file__, epochal.load('rdm').batch(8).inputs.shape)\n"
        "from importlib import resources\n"
        "assert resources.files('epochal').joinpath('py.typed').is_file()"
    )
    done = launch("-c", code, cwd=tmp_path, command=[str(installed / "bin" / "python")])
    assert done.status == 0, done.err
    assert done.out.startswith(str(installed))
    assert done.out.rstrip().endswith("(8, 130, 3)")
