"""What `epochal train` is asked for, from all the ways of asking, and carrying it out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from epochal import driver
from epochal.cli.common import fail, give_up, show

if TYPE_CHECKING:
    from epochal.cli.profile import Options
    from epochal.dsl.diagnostic import Diagnostic
    from epochal.runtime.config import Profile
    from epochal.runtime.curriculum import Lesson
    from epochal.runtime.progress import Progress, Report
    from epochal.runtime.rundir import RunRecord
    from epochal.runtime.task import Task


@dataclass(frozen=True)
class Job:
    """One training: the task, how it is trained, and with which seeds."""

    name: str
    task: Task
    profile: Profile
    seeds: tuple[int, ...] = (0,)
    stages: tuple[Task, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    experiment: str = ""


def job_of(
    name: str,
    settings: Mapping[str, str],
    allowed: frozenset[str],
    model: Options,
    training: Options,
    rate: float | None,
    accuracy: float | None,
) -> Job:
    """Compile what is to be trained; ends the command where that has errors."""
    from epochal.prepare import is_train_file

    session = driver.Session(allowed=allowed)
    if is_train_file(name):
        job = _from_experiment(name, settings, session)
    else:
        job = _from_task(name, settings, session)
    if job is None:
        give_up(session)
    from epochal.cli.profile import profile_of

    try:
        profile = profile_of(model, training, rate, accuracy, job.profile)
        for task in (job.task, *job.stages):
            task.check_size(profile.training.batch, profile.training.dt)
    except ValueError as error:
        fail(str(error))
    show([one for one in session.diagnostics if one.code != "W0704"], session)
    show(off_grid(job.task, profile.training.dt), session)
    return replace(job, profile=profile)


def _from_task(name: str, settings: Mapping[str, str], session: driver.Session) -> Job | None:
    from epochal.runtime.config import Profile

    task = driver.compile_task(name, settings, session)
    return Job(task.name, task, Profile()) if task is not None else None


def _from_experiment(name: str, settings: Mapping[str, str], session: driver.Session) -> Job | None:
    from epochal.prepare import prepare
    from epochal.runtime.curriculum import Lesson

    found = prepare(name, settings, session)
    if found is None:
        return None
    plan = found.plan
    tasks = tuple(found.stages[stage.name] for stage in plan.stages)
    lessons = tuple(map(Lesson, plan.stages, tasks))
    return Job(plan.name, found.task, plan.profile, plan.seeds, tasks, lessons, found.source)


def off_grid(task: Task, dt: float) -> tuple[Diagnostic, ...]:
    """Warn of durations that the step of this training does not divide."""
    from epochal.compiler.checks import grid
    from epochal.compiler.compile import from_ir

    return grid(task.ir, from_ir(task.ir).bounds, dt)


def train_one(job: Job, folder: Path, seed: int, force: bool, quiet: bool) -> RunRecord:
    """Train with one seed, and show how it goes."""
    from epochal.cli.profile import describe_profile
    from epochal.runtime.errors import RunError
    from epochal.runtime.experiment import train_into
    from epochal.runtime.progress import display

    if not quiet:
        click.echo(describe_profile(job.name, job.profile, seed, folder), err=True)
    try:
        with display(job.name, job.profile.training.updates, sys.stderr) as report:
            return train_into(
                folder,
                job.task,
                job.profile,
                seed=seed,
                lessons=job.lessons,
                experiment=job.experiment,
                command=tuple(sys.argv),
                force=force,
                report=None if quiet else while_read(report),
            )
    except RunError as error:
        fail(str(error))


def resume_run(folder: Path, allowed: frozenset[str], quiet: bool) -> RunRecord:
    """Go on with a run that was interrupted or killed."""
    from epochal.runtime.experiment import resume
    from epochal.runtime.progress import display
    from epochal.runtime.rundir import read_record

    try:
        record = read_record(folder)
        task, lessons = _kept(folder, allowed)
        if not quiet:
            click.echo(f"going on with {record.task.name} in {folder}", err=True)
        with display(record.task.name, record.profile.training.updates, sys.stderr) as report:
            return resume(
                folder, task, lessons=lessons, report=None if quiet else while_read(report)
            )
    except ValueError as error:
        fail(str(error))


def _kept(folder: Path, allowed: frozenset[str]) -> tuple[Task, tuple[Lesson, ...]]:
    """Take the tasks of a run up from their IR, as they were when it began."""
    from epochal.runtime.curriculum import Lesson
    from epochal.runtime.errors import RunError
    from epochal.runtime.rundir import IR, TASK, read_record, read_stages

    record = read_record(folder)
    try:
        source = (folder / TASK).read_text("utf-8")
        data = (folder / IR).read_bytes()
    except OSError as error:
        message = f"the run {folder} is damaged: {error.strerror}: {error.filename}"
        raise RunError(message) from None
    values = {name: str(value) for name, value in record.task.values.items()}
    task = driver.task_from_ir(data, source, values, record.task.hash, allowed)
    stages = read_stages(folder)
    lessons = []
    for stage in record.stages:
        if stage.name not in stages:
            message = f"the run {folder} is damaged: it lacks the task of stage {stage.name}"
            raise RunError(message)
        kept = stages[stage.name]
        ir_json = bytes(kept.ir)
        its_task = driver.task_from_ir(ir_json, source, kept.values, record.task.hash, allowed)
        lessons.append(Lesson(stage, its_task))
    return task, tuple(lessons)


def while_read(report: Report) -> Report:
    """Stop showing progress once nobody reads it, and go on training."""
    read = True

    def shown(progress: Progress) -> None:
        nonlocal read
        if read:
            try:
                report(progress)
            except OSError:
                read = False

    return shown
