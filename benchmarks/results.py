"""Results as JSON: rows, and all that is needed to judge them, without the name of a machine."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.rows import Row
from epochal.compiler.version import VERSION

PACKAGES = ("numpy", "tensorflow", "keras", "lark", "jinja2", "msgspec")


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What kind of machine it was."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.cores} cores of {self.cpu}, {self.memory_gib:.0f} GiB, {self.system}, "
            f"Python {self.python}"
        )


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement: its rows, and when and beside what it was taken.

    ``load`` is the number of processes that wanted to run, a mean of a minute, before and after;
    before, a quiet machine has about 0.
    """

    date: str
    quick: bool
    load: tuple[float, float] | None
    seconds: float
    versions: dict[str, str]
    rows: tuple[Row, ...]


class Results(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All measurements of one machine, by name."""

    format: Literal["epochal-benchmarks-1"] = "epochal-benchmarks-1"
    machine: Machine
    measurements: dict[str, Taken]


def read(path: Path) -> Results:
    """Read what `write` wrote.

    Raises
    ------
    ValueError
        The file cannot be read, or is something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} holds no results of benchmarks: {error}") from None


def write(path: Path, results: Results) -> None:
    """Write results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def added(path: Path, name: str, taken: Taken) -> None:
    """Put a measurement into a file, beside those of other names that this machine took."""
    here = machine()
    measurements: dict[str, Taken] = {}
    if path.exists():
        before = read(path)
        measurements = dict(before.measurements) if before.machine == here else {}
    write(path, Results(machine=here, measurements={**measurements, name: taken}))


def now() -> str:
    """Give the date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def load() -> float | None:
    """Give the load of the last minute, where the system tells it."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def versions() -> dict[str, str]:
    """Give the versions of ours and of what it is built on."""
    found = {"epochal": VERSION}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> Machine:
    """Tell what this machine is."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else _cores(),
        memory_gib=round(_memory() / 2**30, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def _cores() -> int:
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _memory() -> float:
    if sys.platform == "win32":
        return 0.0
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
