"""``epochal check``."""

from __future__ import annotations

import json
import sys

import click

from epochal import driver
from epochal.cli.common import show, with_dt, with_externs, with_settings
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.places import Places
from epochal.dsl.render import in_order
from epochal.dsl.render_json import render_json
from epochal.dsl.span import Source
from epochal.library import library


@click.command()
@click.argument("tasks", nargs=-1, metavar="TASK...")
@click.option("--library", "whole", is_flag=True, help="Check the whole task library.")
@with_settings
@with_externs
@with_dt("Also warn of durations that this step does not divide.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to print what is found: for people, for programs, for GitHub Actions.",
)
@click.option("--quiet", "-q", is_flag=True, help="Leave warnings and the summary out.")
def command(
    tasks: tuple[str, ...],
    whole: bool,
    settings: dict[str, str],
    allowed: frozenset[str],
    dt: float | None,
    style: str,
    quiet: bool,
) -> None:
    """Look for mistakes in .task and .train files.

    All tasks and sets of a file are checked; errors end in exit status 1, warnings do not.

    \b
    Examples:
      epochal check mine.task
      epochal check *.task --dt 10 --format github
    """  # noqa: D301
    if not tasks and not whole:
        raise click.UsageError("TASK is missing: a .task or .train file, or a library task")
    session = driver.Session(allowed=allowed)
    names: list[str] = []
    for name in (*(library().listed if whole else ()), *tasks):
        check = check_experiment if driver.is_train_file(name) else check_file
        names += check(name, settings, dt, session)
    found = [one for one in session.diagnostics if one.is_error or not quiet]
    if style == "json":
        click.echo(json.dumps(render_json(found, session.sources), indent=2))
    elif style == "github":
        for one in in_order(found):
            click.echo(_github(one, session))
    else:
        show(found, session)
        if not quiet:
            click.echo(_summary(names, session))
    sys.exit(1 if session.failed else 0)


def check_file(
    name: str, settings: dict[str, str], dt: float | None, session: driver.Session
) -> list[str]:
    """Check the tasks and sets of one file; give the names of those without errors."""
    from epochal.compiler.checks import grid
    from epochal.compiler.compile import analyse_item
    from epochal.linking import resolver

    parsed = driver.parse_file(name, session)
    if parsed is None:
        return []
    source, file, wanted = parsed
    tasks = [item for item in file.items if isinstance(item, syntax.Task | syntax.Taskset)]
    if wanted is not None or not tasks:
        chosen = driver.select(source, file, wanted, session)
        tasks = [chosen] if chosen is not None else []
    bound = driver.bindings_of(settings, session)
    holds_sets = any(isinstance(task, syntax.Taskset) for task in tasks)
    good = []
    for task in tasks:
        home = driver.Parsed(source, file, task).home()
        # Where a file holds a set, what is bound from outside is a parameter of the set.
        mine = {} if holds_sets and isinstance(task, syntax.Task) else bound
        checked, found = analyse_item(home, mine, resolver(session), session.allowed)
        session.diagnostics += found
        if checked is not None:
            good.append(task.name.name)
            if dt:
                for one in checked.tasks:
                    session.diagnostics += grid(one.task, one.bounds, dt)
    return good


def check_experiment(
    name: str, settings: dict[str, str], dt: float | None, session: driver.Session
) -> list[str]:
    """Check an experiment, with its task as every stage and measure binds it."""
    from epochal.cli.training import off_grid
    from epochal.prepare import prepare

    found = prepare(name, settings, session)
    if found is None:
        return []
    session.diagnostics += off_grid(found.task, dt or found.plan.profile.training.dt)
    return [found.plan.name]


def _summary(names: list[str], session: driver.Session) -> str:
    once = dict.fromkeys(session.diagnostics)
    errors = sum(one.is_error for one in once)
    warnings = len(once) - errors
    counts = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    if errors:
        return ", ".join(counts)
    ending = f" ({counts[0]})" if counts else ""
    return f"{', '.join(names)}: no errors{ending}"


def _github(one: Diagnostic, session: driver.Session) -> str:
    """Write a workflow command that GitHub shows beside the line."""
    place = ""
    if one.span is not None:
        text = session.sources.get(one.span.file, "")
        end = Places(Source(one.span.file, text)).span(one.span.end, one.span.end)
        place = (
            f" file={_escaped(one.span.file, _PLACE)},line={one.span.line},col={one.span.column},"
            f"endLine={end.line},endColumn={end.column},title={one.code}"
        )
    message = "\n".join((one.message, *(note.message for note in one.notes)))
    return f"::{one.severity.value}{place}::{_escaped(message, _MESSAGE)}"


_MESSAGE, _PLACE = "%\r\n", "%\r\n:,"


def _escaped(text: str, characters: str) -> str:
    """Write characters that would end a part of a workflow command as their numbers."""
    return "".join(f"%{ord(c):02X}" if c in characters else c for c in text)
