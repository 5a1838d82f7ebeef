"""A run directory: everything needed to repeat a training and to use what it left.

    task.task  task.ir.json  trials.py    the task: its text, its IR, the module compiled from it
    run.json                              what was run, with which versions, and how it ended
    metrics.jsonl                         progress, a line a report
    weights.safetensors                   the network, with its model in the metadata
    checkpoint.safetensors                all that the rest of the training follows from
    experiment.train  stages.json         the .train file, the task of every stage and measure
    measures.json                         what was measured at the end
    figures/                              drawings of these, where somebody asked for them

Files are replaced whole: whoever reads, and whenever a run is killed, finds the old one or the
new one.
"""

from __future__ import annotations

import math
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import numpy as np

from epochal.compiler.version import VERSION
from epochal.runtime.batch import TrialSource
from epochal.runtime.checkpoint import Checkpoint, write_checkpoint
from epochal.runtime.config import Model, Profile, with_types
from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file
from epochal.runtime.plan import Measure, Stage
from epochal.runtime.progress import Progress
from epochal.runtime.weights import Array, Connectivity, Weights
from epochal.runtime.weights_file import check_weights, read_weights, write_weights

Kept = TypeVar("Kept")

RECORD, METRICS, WEIGHTS = "run.json", "metrics.jsonl", "weights.safetensors"
TASK, IR, TRIALS = "task.task", "task.ir.json", "trials.py"
CHECKPOINT, EXPERIMENT, STAGES = "checkpoint.safetensors", "experiment.train", "stages.json"
MEASURES, FIGURES = "measures.json", "figures"
FILES = (TASK, IR, TRIALS, METRICS, WEIGHTS, CHECKPOINT, RECORD)
ALL_FILES = (EXPERIMENT, STAGES, MEASURES, FIGURES, *FILES)
PREVIOUS = ".previous"

Status = Literal["running", "finished", "interrupted", "failed"]


class TaskRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which task was trained, with the values its parameters were bound to."""

    name: str
    hash: str
    n_in: int
    n_out: int
    values: dict[str, object]


class Passage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a stage of the curriculum was left.

    ``update`` and ``accuracy`` are those of the evaluation that led to it; ``move`` is "advance",
    "back", "finished" or "stop".
    """

    stage: str
    move: str
    update: int
    accuracy: float | None


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What run.json holds.

    ``accuracy`` is the mean of the last evaluations, ``chance`` that of the untrained network,
    both None before there was one.  ``passed`` tells of every stage that was left, in order.
    ``seconds`` leave the start of TensorFlow out.
    """

    format: Literal["epochal-run-1"] = "epochal-run-1"
    status: Status = "running"
    reason: str = ""
    task: TaskRecord
    seed: int
    profile: Profile
    command: tuple[str, ...]
    versions: dict[str, str]
    started: str
    stages: tuple[Stage, ...] = ()
    measures: tuple[Measure, ...] = ()
    passed: tuple[Passage, ...] = ()
    updates: int = 0
    accuracy: float | None = None
    chance: float | None = None
    seconds: float = 0.0


class StageTask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The task of one stage or measure in stages.json: what its parameters are, and its IR."""

    values: dict[str, str]
    ir: msgspec.Raw


@dataclass(frozen=True)
class Run:
    """A run as it was read from its directory."""

    folder: Path
    record: RunRecord
    weights: dict[str, Array]
    connectivity: Connectivity


def describe_task(task: TrialSource) -> TaskRecord:
    """Name a task and the values of its parameters."""
    values = msgspec.to_builtins(dict(task.values))
    return TaskRecord(
        name=task.name, hash=task.hash, n_in=task.n_in, n_out=task.n_out, values=values
    )


def versions() -> dict[str, str]:
    """Versions of what a run depends on."""
    return {
        "epochal": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "tensorflow": _tensorflow(),
    }


def _tensorflow() -> str:
    try:
        return version("tensorflow")
    except PackageNotFoundError:  # a build under another name
        return "unknown"


class RunWriter:
    """A run directory while its run goes on.

    A folder that holds a run is refused unless ``force``; its files are then set aside, and
    deleted when the new run is complete.  Files that belong to no run are never touched.

    Raises
    ------
    RunError
        The folder holds a run, or something else, or cannot be written.
    """

    def __init__(
        self, folder: Path, task: TrialSource, record: RunRecord, *, force: bool = False
    ) -> None:
        self.folder = folder
        _refuse_or_set_aside(folder, force=force)
        replace_file(folder / TASK, task.source.encode())
        replace_file(folder / IR, task.ir_json)
        replace_file(folder / TRIALS, task.module_source.encode())
        replace_file(folder / METRICS, b"")
        self.record(record)

    @classmethod
    def again(cls, folder: Path) -> RunWriter:
        """Go on with a run that is there."""
        writer = cls.__new__(cls)
        writer.folder = folder
        return writer

    def experiment(self, text: str, stages: Mapping[str, TrialSource]) -> None:
        """Keep the .train file and the task of every stage and measure, by `kind name`."""
        kept = {
            name: StageTask(
                values={key: str(value) for key, value in task.values.items()},
                ir=msgspec.Raw(task.ir_json),
            )
            for name, task in stages.items()
        }
        replace_file(self.folder / EXPERIMENT, text.encode())
        replace_file(self.folder / STAGES, msgspec.json.encode(kept))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        write_checkpoint(self.folder / CHECKPOINT, checkpoint)

    def forget_after(self, update: int) -> None:
        """Drop the metrics after an update: the training goes on from there."""
        path = self.folder / METRICS
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        kept = [one for one in lines if _update_of(one) <= update]
        replace_file(path, b"".join(kept))

    def passages(self) -> tuple[Passage, ...]:
        """Read from the metrics how stages of the curriculum were left."""
        lines = (self.folder / METRICS).read_bytes().splitlines()
        moves = (one for one in map(msgspec.json.decode, lines) if one["move"])
        names = Passage.__struct_fields__
        return tuple(Passage(**{name: one[name] for name in names}) for one in moves)

    def report(self, progress: Progress) -> None:
        """Add a line to the metrics."""
        with (self.folder / METRICS).open("ab") as file:
            file.write(msgspec.json.encode(progress) + b"\n")

    def keep(self, weights: Weights, model: Model, connectivity: Connectivity) -> None:
        """Replace the weights."""
        write_weights(self.folder / WEIGHTS, weights, model, connectivity)

    def record(self, record: RunRecord) -> None:
        """Replace run.json."""
        text = msgspec.json.format(msgspec.json.encode(record), indent=2)
        replace_file(self.folder / RECORD, text + b"\n")

    def complete(self) -> None:
        """Delete the run that this one replaces."""
        _delete(self.folder / PREVIOUS)

    def withdraw(self) -> None:
        """Give the folder back as it was before: the run came to nothing."""
        for name in ALL_FILES:
            _remove(self.folder / name)
        if (self.folder / PREVIOUS).is_dir():
            for name in ALL_FILES:
                _move(self.folder / PREVIOUS / name, self.folder / name)
            (self.folder / PREVIOUS).rmdir()
        elif not any(self.folder.iterdir()):
            self.folder.rmdir()


def _update_of(line: bytes) -> float:
    """Say which update a line of the metrics tells of; a broken last line tells of none."""
    try:
        return float(msgspec.json.decode(line)["update"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return float("inf")


def read_metrics(folder: Path) -> tuple[Progress, ...]:
    """Read how a run went; a line that a killed run left half written is left out."""
    path = folder / METRICS
    lines = path.read_bytes().splitlines() if path.is_file() else []
    told = [msgspec.json.decode(one) for one in lines if _update_of(one) < float("inf")]
    try:
        return tuple(
            msgspec.convert(
                {**one, "loss": math.nan if one["loss"] is None else one["loss"]}, Progress
            )
            for one in told
        )
    except (msgspec.MsgspecError, KeyError) as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None


def read_stages(folder: Path) -> dict[str, StageTask]:
    """Read the tasks of the stages of a run; {} where it has no curriculum.

    Raises
    ------
    RunError
        The file is damaged.
    """
    return read_by_name(folder / STAGES, dict[str, StageTask])


def read_by_name(path: Path, kind: type[dict[str, Kept]]) -> dict[str, Kept]:
    """Read what a file of a run keeps by name; {} where there is no such file.

    Raises
    ------
    RunError
        The file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.MsgspecError, OSError) as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None


def read_run(folder: Path) -> Run:
    """Read what a run left.

    Raises
    ------
    RunError
        No run is there, or one of its files is missing or damaged; the message says which.
    """
    record = read_record(folder)
    weights, connectivity, model = read_weights(folder / WEIGHTS)
    if model != record.profile.model:
        message = f"{folder}: {WEIGHTS} and {RECORD} describe different models"
        raise RunError(message)
    task = record.task
    check_weights(folder / WEIGHTS, weights, connectivity, model, task.n_in, task.n_out)
    return Run(folder, record, weights, connectivity)


def read_record(folder: Path) -> RunRecord:
    """Read run.json.

    Raises
    ------
    RunError
        It is missing or damaged.
    """
    path = folder / RECORD
    if not path.is_file():
        runs = sorted(inner.parent.name for inner in folder.glob(f"*/{RECORD}"))
        hint = f"; it holds runs: {folder / runs[0]}, .." if runs else ""
        message = f"{folder} is not a run directory: it has no {RECORD}{hint}"
        raise RunError(message)
    try:
        found = msgspec.json.decode(path.read_bytes())
        if isinstance(found, dict) and "profile" in found:
            found["profile"] = with_types(found["profile"])
        return msgspec.convert(found, RunRecord)
    except (msgspec.MsgspecError, OSError) as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None


def _refuse_or_set_aside(folder: Path, *, force: bool) -> None:
    """Make room for a run in a folder, or say why there is none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        here = {path.name for path in folder.iterdir()}
    except OSError as error:
        message = f"cannot write a run to {folder}: {error.strerror}"
        raise RunError(message) from None
    if not here:
        return
    if not {RECORD, PREVIOUS} & here:
        message = f"{folder} holds files that are not a run: choose another folder"
        raise RunError(message)
    if RECORD in here:
        read_record(folder)  # whatever else is called run.json is not ours to replace
    if not force:
        message = f"{folder} already holds a run: choose another folder, or force to replace it"
        raise RunError(message)
    _set_aside(folder)


def _set_aside(folder: Path) -> None:
    """Move the files of a run into a folder of their own, until its replacement is complete."""
    previous = folder / PREVIOUS
    complete = (folder / RECORD).is_file() and read_record(folder).status != "running"
    if previous.is_dir() and not complete:  # its replacement was killed: keep it, not that
        for name in ALL_FILES:
            _remove(folder / name)
        return
    _delete(previous)
    previous.mkdir()
    for name in ALL_FILES:
        _move(folder / name, previous / name)


def _delete(previous: Path) -> None:
    if previous.is_dir():
        for name in ALL_FILES:
            _remove(previous / name)
        previous.rmdir()


def _remove(path: Path) -> None:
    """Delete a file of a run, or the folder of its figures."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _move(path: Path, to: Path) -> None:
    if path.exists():
        path.replace(to)
