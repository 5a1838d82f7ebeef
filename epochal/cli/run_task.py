"""The task that a run keeps, compiled anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epochal import driver
from epochal.cli.common import fail, give_up

if TYPE_CHECKING:
    from epochal.compiler.ir import Extern
    from epochal.runtime.rundir import Run
    from epochal.runtime.task import Task


def task_of_run(run: Run, settings: dict[str, str], allowed: frozenset[str]) -> Task:
    """Compile the task that a run keeps, with the parameters of the run."""
    from epochal.runtime.rundir import TASK

    session = driver.Session(allowed=allowed)
    kept = {name: str(value) for name, value in run.record.task.values.items()}
    name = f"{run.folder / TASK}:{run.record.task.name}"
    task = driver.compile_task(name, {**kept, **settings}, session)
    if task is None and not settings and _lacks_parents(session):
        return _from_ir(run, kept, allowed)
    if task is None:
        give_up(session)
    if task.ir.externs:
        driver.check_externs(_kept_externs(run), allowed)
    return task


def _lacks_parents(session: driver.Session) -> bool:
    """Whether a task extends files that do not stand beside the run."""
    return all(one.code in ("E0424", "E0425") for one in session.diagnostics if one.is_error)


def _from_ir(run: Run, values: dict[str, str], allowed: frozenset[str]) -> Task:
    """Take the task up from its IR, which holds its parents."""
    from epochal.runtime.rundir import IR, TASK

    source, data = _kept(run, TASK).decode(), _kept(run, IR)
    return driver.task_from_ir(data, source, values, run.record.task.hash, allowed)


def _kept_externs(run: Run) -> tuple[Extern, ...]:
    """Read which Python functions a run was trained with."""
    from epochal.compiler.ir_json import decode
    from epochal.runtime.rundir import IR

    return decode(_kept(run, IR)).externs


def _kept(run: Run, name: str) -> bytes:
    try:
        return (run.folder / name).read_bytes()
    except OSError as error:
        fail(f"the run {run.folder} is damaged: {error.strerror}: {error.filename}")
