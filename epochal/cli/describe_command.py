"""``epochal describe``."""

from __future__ import annotations

import click

from epochal import driver
from epochal.cli.common import give_up, with_settings


@click.command()
@click.argument("task")
@with_settings
def command(task: str, settings: dict[str, str]) -> None:
    """Tell in plain English what TASK is: timeline, factors, scores, chance level.

    \b
    Examples:
      epochal describe rdm
      epochal describe mine.task --set viewing='500 ms'
    """  # noqa: D301
    session = driver.Session()
    compiled = driver.compile_task(task, settings, session)
    if compiled is None:
        give_up(session)
    click.echo(compiled.describe(), nl=False)
