"""What `epochal train` is asked for, from all the ways of asking, and carrying it out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
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
    from epochal.runtime.measure import Measured
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
    measured: tuple[Measured, ...] = ()
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
    session = driver.Session(allowed=allowed)
    if driver.is_train_file(name):
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
    from epochal.runtime.measure import Measured

    found = prepare(name, settings, session)
    if found is None:
        return None
    plan = found.plan
    tasks = tuple(found.stages[stage.name] for stage in plan.stages)
    lessons = tuple(map(Lesson, plan.stages, tasks))
    measured = tuple(Measured(one, found.measures[one.name]) for one in plan.measures)
    return Job(
        plan.name, found.task, plan.profile, plan.seeds, tasks, lessons, measured, found.source
    )


def off_grid(task: Task, dt: float) -> tuple[Diagnostic, ...]:
    """Warn of durations that the step of this training does not divide."""
    from epochal.compiler.checks import grid
    from epochal.compiler.compile import from_ir

    tasks = from_ir(task.ir).tasks
    return tuple(found for one in tasks for found in grid(one.task, one.bounds, dt))


def train_one(job: Job, folder: Path, seed: int, force: bool, quiet: bool) -> RunRecord:
    """Train with one seed, and show how it goes."""
    from epochal.runtime.errors import RunError
    from epochal.runtime.experiment import train_into
    from epochal.runtime.progress import display

    if not quiet:
        announce(job, (seed,), folder)
    try:
        with display(job.name, job.profile.training.updates, sys.stderr) as report:
            return train_into(
                folder,
                job.task,
                job.profile,
                seed=seed,
                lessons=job.lessons,
                measured=job.measured,
                experiment=job.experiment,
                command=tuple(sys.argv),
                force=force,
                report=None if quiet else while_read(report),
            )
    except RunError as error:
        fail(str(error))


def announce(job: Job, seeds: Sequence[int], folder: Path) -> None:
    """Say on the error stream what will be trained, how and into which folder."""
    from epochal.cli.profile import describe_profile

    stages = [lesson.stage.name for lesson in job.lessons]
    session = job.task.session
    click.echo(describe_profile(job.name, session, job.profile, seeds, folder, stages), err=True)


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
    from epochal.runtime.rundir import IR, read_record

    record = read_record(folder)
    try:
        data = (folder / IR).read_bytes()
    except OSError as error:
        message = f"the run {folder} is damaged: {error.strerror}: {error.filename}"
        raise RunError(message) from None
    values = {name: str(value) for name, value in record.task.values.items()}
    task = driver.task_from_ir(data, _source(folder), values, record.task.hash, allowed)
    lessons = [
        Lesson(stage, _kept_task(folder, f"stage {stage.name}", allowed)) for stage in record.stages
    ]
    return task, tuple(lessons)


def _source(folder: Path) -> str:
    from epochal.runtime.rundir import TASK

    try:
        return (folder / TASK).read_text("utf-8")
    except OSError:
        return ""  # it is there to be read by people


def _kept_task(folder: Path, home: str, allowed: frozenset[str]) -> Task:
    """Take up the task of a stage or a measure of a run."""
    from epochal.runtime.errors import RunError
    from epochal.runtime.rundir import read_record, read_stages

    kept = read_stages(folder).get(home)
    if kept is None:
        message = f"the run {folder} is damaged: it lacks the task of {home}"
        raise RunError(message)
    hash_ = read_record(folder).task.hash
    return driver.task_from_ir(bytes(kept.ir), _source(folder), kept.values, hash_, allowed)


def measure(folder: Path, allowed: frozenset[str], *, quiet: bool) -> None:
    """Carry out what an experiment measures at its end, keep it, and print it unless quiet."""
    from epochal.cli.evaluate_command import table
    from epochal.runtime.measure import Measured, measure_run
    from epochal.runtime.rundir import read_run

    try:
        run = read_run(folder)
        measured = [
            Measured(one, _kept_task(folder, f"measure {one.name}", allowed))
            for one in run.record.measures
        ]
        found = measure_run(run, measured)
    except ValueError as error:
        fail(str(error))
    for one in () if quiet else run.record.measures:
        click.echo(f"\n{one.name}: {one.title or 'accuracy'}")
        click.echo(table(found[one.name], one.title))


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
