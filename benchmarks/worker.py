"""A process that runs actions of a peer when it is told to, seen from our side."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from benchmarks.processes import BEFORE
from benchmarks.ratio import Timed
from benchmarks.rows import NotMeasured

ROOT = Path(__file__).resolve().parent.parent


class Hello(msgspec.Struct):
    """What a worker begins with."""

    actions: tuple[str, ...]
    versions: dict[str, str]


class Answer(msgspec.Struct):
    """What it answers: the mean time of an action in ms, or what went wrong."""

    ms: float = 0.0
    error: str = ""


Message = TypeVar("Message", Hello, Answer)


class Worker:
    """A peer's process; `benchmarks.peers.protocol` says what goes over the lines.

    Attributes
    ----------
    actions, versions
        What it announced.
    """

    def __init__(self, name: str, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        self.name = name
        self._process = process
        self._complaints = complaints
        hello = self._read(Hello)
        self.actions = hello.actions
        self.versions = hello.versions

    def timed(self, action: str, **sizes: float) -> Timed:
        """Prepare an action for these sizes, and give what times it.

        Raises
        ------
        NotMeasured
            The peer has no such action, cannot prepare it, or its process has ended.
        """
        if action not in self.actions:
            known = ", ".join(self.actions)
            raise NotMeasured(f"{self.name} has no action `{action}`: there are {known}")
        self._ask(action, sizes, 0)
        return lambda repeats: self._ask(action, sizes, repeats)

    def _ask(self, action: str, sizes: dict[str, float], times: int) -> float:
        request = msgspec.json.encode({"action": action, "sizes": sizes, "times": times})
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.decode() + "\n")
            self._process.stdin.flush()
        except OSError:
            raise NotMeasured(self._ended()) from None
        answer = self._read(Answer)
        if answer.error:
            raise NotMeasured(f"{self.name} could not do `{action}`: {answer.error}")
        return answer.ms

    def _read(self, kind: type[Message]) -> Message:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise NotMeasured(self._ended())
        return msgspec.json.decode(line, type=kind)

    def _ended(self) -> str:
        status = self._process.wait(timeout=60)
        self._complaints.seek(0)
        said = self._complaints.read().strip().splitlines()
        last = said[-1] if said else "it said nothing"
        return f"the process of {self.name} ended with status {status}: {last}"


@contextmanager
def started(name: str, command: Sequence[str]) -> Iterator[Worker]:
    """Start the process of a peer, and end it.

    Raises
    ------
    NotMeasured
        It ended before it announced its actions.
    """
    environment = {k: v for k, v in BEFORE.items() if not k.startswith("PYTHON")}
    environment |= {"PYTHONNOUSERSITE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    pipe = subprocess.PIPE
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=complaints,
            text=True,
        )
        try:
            yield Worker(name, process, complaints)
        finally:
            process.kill()
            process.communicate()
