"""``epochal build``."""

from __future__ import annotations

from pathlib import Path

import click

from epochal import driver
from epochal.cli.common import fail, give_up, show, with_externs, with_settings


@click.command()
@click.argument("task")
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; else stdout.",
)
@click.option("--force", is_flag=True, help="Replace the file where it exists.")
@click.option(
    "--emit",
    type=click.Choice(["python", "ir", "tree"]),
    default="python",
    show_default=True,
    help="Which stage to print: the NumPy module, the IR as JSON, or the syntax tree.",
)
@with_settings
@with_externs
def command(
    task: str,
    out: Path | None,
    force: bool,
    emit: str,
    settings: dict[str, str],
    allowed: frozenset[str],
) -> None:
    """Compile TASK to a NumPy module that runs alone: it imports nothing but NumPy and externs.

    \b
    Examples:
      epochal build rdm --out rdm_trials.py
      epochal build mine.task --emit ir
    """  # noqa: D301
    session = driver.Session(allowed=allowed)
    text = _emit(task, emit, settings, session)
    if text is None:
        give_up(session)
    show([one for one in session.diagnostics if one.code != "W0704"], session)
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text, force)
    click.echo(f"wrote {out} ({len(text.splitlines())} lines)", err=True)


def _emit(task: str, emit: str, settings: dict[str, str], session: driver.Session) -> str | None:
    if emit == "tree":
        parsed = driver.parse_file(task, session)
        if parsed is None or session.failed:
            return None
        import pprint

        return pprint.pformat(parsed[1], width=100) + "\n"
    analysed = driver.analyse_task(task, settings, session)
    if analysed is None:
        return None
    checked, _ = analysed
    if emit == "ir":
        from epochal.compiler.ir_json import encode

        return encode(checked.program).decode()
    return checked.module()


def _write(out: Path, text: str, force: bool) -> None:
    from epochal.runtime.files import replace_file

    if out.exists() and not force:
        fail(f"{out} exists, and may have been edited: use --force to replace it")
    try:
        replace_file(out, text.encode())
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")
