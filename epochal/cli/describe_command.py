"""``epochal describe``."""

from __future__ import annotations

import click

from epochal import driver
from epochal.cli.common import give_up, with_externs, with_settings


@click.command()
@click.argument("task")
@with_settings
@with_externs
def command(task: str, settings: dict[str, str], allowed: frozenset[str]) -> None:
    """Tell in plain English what TASK is: timeline, factors, scores, chance level.

    \b
    Examples:
      epochal describe rdm
      epochal describe mine.task --set viewing='500 ms'
    """  # noqa: D301
    session = driver.Session(allowed=allowed)
    compiled = driver.compile_task(task, settings, session)
    if compiled is None:
        give_up(session)
    click.echo(compiled.describe(), nl=False)
