"""Call the command line as a user does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from epochal.cli import cli
from epochal.library import library

RDM_FILE = library().files["classic/rdm"]
RDM = RDM_FILE.read_text()
"""Text of a library task, to be spoilt."""

NAMES = ("dms", "mante", "match_to_category", "rdm", "romo")
"""Some tasks of the library; tests/library holds them all."""


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit status and the two streams."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def call(*arguments: object, stdin: bytes | str = b"") -> Ended:
    """Run a command in this process; an exception is passed on, as it would be a traceback."""
    result = CliRunner().invoke(
        cli, [str(one) for one in arguments], input=stdin, prog_name="epochal"
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def launch(
    *arguments: object,
    stdin: bytes = b"",
    cwd: Path | None = None,
    command: Sequence[str] = (sys.executable, "-m", "epochal"),
) -> Ended:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [*command, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd, timeout=120
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
