"""Compile texts that tests write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epochal.compiler import ir
from epochal.compiler.compile import Checked, CheckedSet, analyse, analyse_item, unbuilt
from epochal.compiler.expand import Home, SetHome
from epochal.driver import Session, runnable
from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.parser import parse
from epochal.dsl.span import Source
from epochal.linking import resolver

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
EXTERNS = GOLDEN / "externs" / "source.task"
LIBRARY = HERE.parents[1] / "tasks"
OF_THE_LIBRARY = (
    "classic/dms",
    "classic/mante",
    "classic/rdm",
    "classic/romo",
    "psychrnn/match_to_category",
)
"""The tasks of the library that have golden files; tests/library holds the others."""

Array = NDArray[Any]
Table = dict[str, Array]


@dataclass(frozen=True)
class Module:
    """A printed module after its import."""

    text: str
    facts: Mapping[str, Any]
    sample_trials: Callable[..., Table]
    timeline: Callable[..., Array]
    arrays: Callable[..., tuple[Array, Array, Array]]
    generate: Callable[..., tuple[Array, Array, Array, Table]]
    score: Callable[..., Table]


def golden_tasks() -> dict[str, Path]:
    """Find the golden tasks: some of the library and those written for the tests.

    The one that calls Python code needs that code, and is the business of test_externs.py.
    """
    return {name: path for name, path in _golden().items() if not _is_set(path)}


def golden_sets() -> dict[str, Path]:
    """Find the golden sets of tasks."""
    return {name: path for name, path in _golden().items() if _is_set(path)}


def _golden() -> dict[str, Path]:
    found = {path.stem: path for path in (LIBRARY / f"{name}.task" for name in OF_THE_LIBRARY)}
    found |= {path.parent.name: path for path in sorted(GOLDEN.glob("*/source.task"))}
    return {name: path for name, path in found.items() if path != EXTERNS}


def _is_set(path: Path) -> bool:
    return "\ntaskset " in path.read_text("utf-8")


def judged(
    text: str,
    name: str = "test.task",
    bindings: Mapping[str, str] | None = None,
    allowed: frozenset[str] = frozenset(),
) -> tuple[Checked | None, tuple[Diagnostic, ...]]:
    """Parse and analyse the first task of a text."""
    file, found = parse(Source(name, text))
    if file is None:
        return None, found
    tasks = [item for item in file.items if isinstance(item, syntax.Task)]
    if not tasks:
        nothing = diagnose("E0422", "the file holds no task", None)
        return None, (*found, *(unbuilt(file) or [nothing]))
    values = {name: expression(value) for name, value in (bindings or {}).items()}
    checked, more = analyse(Home(tasks[0], file, _path(name)), values, resolver(Session()), allowed)
    failed = any(one.is_error for one in found)
    return (None if failed else checked), (*found, *more)


def _path(name: str) -> str:
    """Give the path of a text that stands in a folder, "" of one that stands nowhere."""
    return name if Path(name).is_absolute() else ""


def judged_item(
    text: str,
    name: str = "test.task",
    bindings: Mapping[str, str] | None = None,
    allowed: frozenset[str] = frozenset(),
) -> tuple[Checked | CheckedSet | None, tuple[Diagnostic, ...]]:
    """Parse and analyse what a text is about: its set of tasks, or else its first task."""
    file, found = parse(Source(name, text))
    if file is None or not any(isinstance(item, syntax.Taskset) for item in file.items):
        return judged(text, name, bindings, allowed)
    item = runnable(file)[0]
    assert isinstance(item, syntax.Taskset)
    values = {name: expression(value) for name, value in (bindings or {}).items()}
    checked, more = analyse_item(SetHome(item, file, ""), values, resolver(Session()), allowed)
    failed = any(one.is_error for one in found)
    return (None if failed else checked), (*found, *more)


def checked_item(
    text: str, name: str = "test.task", bindings: Mapping[str, str] | None = None
) -> Checked | CheckedSet:
    """Compile a text that has no errors and may hold a set of tasks."""
    found, diagnostics = judged_item(text, name, bindings)
    assert found is not None, [one.message for one in diagnostics if one.is_error]
    return found


def checked_set(
    text: str, name: str = "test.task", bindings: Mapping[str, str] | None = None
) -> CheckedSet:
    """Compile the set of tasks of a text that has no errors."""
    found = checked_item(text, name, bindings)
    assert isinstance(found, CheckedSet)
    return found


def expression(text: str) -> syntax.Expr:
    """Parse an expression as the value of a binding."""
    source = Source("binding", f"epochal 1\ntask a extends b with x = {text}\n")
    file, found = parse(source)
    assert file is not None, found
    (task,) = file.items
    assert isinstance(task, syntax.Task)
    return task.bindings[0].value


def checked(
    text: str,
    name: str = "test.task",
    bindings: Mapping[str, str] | None = None,
    allowed: frozenset[str] = frozenset(),
) -> Checked:
    """Compile a text that has no errors."""
    found, diagnostics = judged(text, name, bindings, allowed)
    assert found is not None, [one.message for one in diagnostics if one.is_error]
    return found


def lowered(text: str) -> ir.Task:
    return checked(text).task


def load(text: str) -> Module:
    """Run the source of a printed module."""
    space: dict[str, Any] = {"__name__": "printed"}
    exec(compile(text, "printed", "exec"), space)
    names = ("sample_trials", "timeline", "arrays", "generate", "score")
    return Module(text, space["TASK"], *(space[name] for name in names))


def module(text: str, name: str = "test.task") -> Module:
    return load(checked_item(text, name).module())


def codes(text: str, bindings: Mapping[str, str] | None = None) -> list[str]:
    """List the codes of the errors of a text."""
    _, found = judged_item(text, bindings=bindings)
    return [one.code for one in dict.fromkeys(found) if one.is_error]


def task(
    params: str = "",
    inputs: str = "light",
    outputs: str = "out",
    trial: str = "",
    epochs: str = "wait: 100 ms",
    during: Mapping[str, str] | None = None,
    score: str = "",
    about: str = "",
    session: str = "",
    blocks: str = "",
) -> str:
    """Write a small task; the statements of a block stand on lines of their own."""
    parts = {"about": about, "params": params, "session": session, "blocks": blocks}
    parts |= {"inputs": inputs, "outputs": outputs, "trial": trial, "epochs": epochs}
    parts |= {f"during {span}": text for span, text in (during or {}).items()}
    parts["score"] = score
    lines = ["epochal 1", "", "task small:"]
    for head, text in parts.items():
        if text.strip():
            lines.append(f"    {head}:")
            lines += [f"        {line.strip()}" for line in text.strip().splitlines()]
    return "\n".join(lines) + "\n"


def random_outputs(shape: tuple[int, ...], seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype(np.float32)
