"""``epochal new``."""

from __future__ import annotations

from pathlib import Path

import click

from epochal.cli.common import fail
from epochal.dsl.words import why_not_a_name
from epochal.runtime.files import replace_file

TEMPLATE = """epochal 1

task {name}:
    about:
        title: "One line that says what the subject does"
        version: "0.1.0"
        cite: ["doi:"]
        license: "CC0-1.0"

    params:
        coherences = {{5%, 10%, 20%, 40%}}         ## stimulus strengths
        viewing = 500 ms within (100 ms, 2 s)    ## stimulus duration

    inputs:
        fixation
        stimulus[left, right] noise white(0.1, at = 20 ms)

    outputs:
        choice[left, right]

    trial:
        side ~ balanced({{left, right}})           # exactly balanced in every batch
        coh ~ coherences                         # drawn independently on every trial

    epochs:
        fix: uniform(200 ms, 400 ms)
        show: viewing
        respond: 300 ms

    during fix..show:
        fixation = 1                             # its offset is the go cue

    during show:
        stimulus = 0.5
        stimulus[side] += coh / 2
        stimulus[other(side)] -= coh / 2

    during respond:
        target choice[side] = 1

    score:
        correct = argmax(choice @ respond) == side
"""


@click.command()
@click.argument("name")
@click.option(
    "--out", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File; else NAME.task."
)
def command(name: str, out: Path | None) -> None:
    """Begin a task file: NAME.task holds a small task that works, to be changed.

    \b
    Example:
      epochal new flicker && epochal check flicker.task
    """  # noqa: D301
    name = name.removesuffix(".task")
    if not name.isidentifier() or not name.isascii() or why_not_a_name(name, value=False):
        fail(f"`{name}` cannot name a task: use letters, digits and _, and no word of the language")
    path = out or Path(f"{name}.task")
    if path.exists():
        fail(f"{path} exists: choose another name")
    try:
        replace_file(path, TEMPLATE.format(name=name).encode())
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    click.echo(f"wrote {path}; next: epochal check {path}")
