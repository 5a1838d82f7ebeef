"""Where the peers live: environments of their own in the user's cache folder, with pinned versions.

`make` builds them with pip; whatever cannot be installed is told, kept as the reason why its rows
are not measured, and stops nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from benchmarks.rows import NotMeasured
from benchmarks.worker import Worker, started

COMMAND = "python -m benchmarks environment"


@dataclass(frozen=True)
class Step:
    """Packages that are installed together, and the peers that are there then.

    ``import_`` is tried afterwards; ``hint`` says why it may fail.
    """

    peers: tuple[str, ...]
    packages: tuple[str, ...]
    import_: str
    hint: str = ""


@dataclass(frozen=True)
class Room:
    """One environment, filled step by step; a step that fails ends it."""

    name: str
    steps: tuple[Step, ...]

    @property
    def pins(self) -> str:
        """Everything that is asked for, as a text."""
        return " ".join(package for step in self.steps for package in step.packages)

    def folder(self, root: Path) -> Path:
        """Where it is, a folder for each set of pins and each Python."""
        told = f"{platform.python_version()} {self.pins}"
        return root / f"{self.name}-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


# The usual wheel of torch for Linux on x86-64 brings several GB of CUDA that nothing here uses.
_CPU = "+cpu" if (platform.system(), platform.machine()) == ("Linux", "x86_64") else ""
_TORCH_HINT = (
    "the build for the CPU alone is not among the packages that pip finds; name an index that has "
    "it (PIP_EXTRA_INDEX_URL), or a folder with its wheel (PIP_FIND_LINKS)"
)

ROOMS = (
    Room(
        "tensorflow",
        (
            # PsychRNN's metadata are refused by pip from 24.1 on.
            Step((), ("pip==24.0", "setuptools<81", "wheel"), "import pip"),
            Step(("keras",), ("tensorflow==2.21.0", "keras==3.15.1"), "import keras"),
            Step(("psychrnn",), ("psychrnn==1.0.0",), "import psychrnn.backend.models.basic"),
        ),
    ),
    Room("jax", (Step(("jax",), ("jax==0.10.2", "jaxlib==0.10.2"), "import jax"),)),
    Room(
        "torch",
        (
            Step(("torch",), (f"torch==2.13.0{_CPU}", "numpy<2.3"), "import torch", _TORCH_HINT),
            Step(("neurogym",), ("neurogym==2.3.1",), "import neurogym"),
        ),
    ),
)
PEERS = tuple(peer for room in ROOMS for step in room.steps for peer in step.peers)


def default_root() -> Path:
    """Where the environments are."""
    return platformdirs.user_cache_path("epochal") / "benchmarks"


@dataclass(frozen=True)
class Peers:
    """The peers that can be measured here."""

    root: Path

    @contextmanager
    def worker(self, peer: str) -> Iterator[Worker]:
        """Start a peer's process.

        Raises
        ------
        NotMeasured
            Its environment is not made, or it could not be installed.
        """
        room = next(room for room in ROOMS for step in room.steps if peer in step.peers)
        known = _known(room.folder(self.root))
        if peer not in known:
            raise NotMeasured(f"{peer} is not installed; `{COMMAND}` installs the peers")
        if known[peer]:
            raise NotMeasured(f"{peer} could not be installed: {known[peer]}")
        python = str(_python(room.folder(self.root)))
        with started(peer, [python, "-m", f"benchmarks.peers.{peer}"]) as worker:
            yield worker


def make(root: Path, tell: Callable[[str], None], rooms: tuple[Room, ...] = ROOMS) -> None:
    """Make the environments that are not there yet, and try again what failed before."""
    for room in rooms:
        folder = room.folder(root)
        known = _known(folder)
        if known and not any(known.values()):
            tell(f"{room.name}: there already ({', '.join(known)})")
            continue
        shutil.rmtree(folder, ignore_errors=True)
        outcome = _filled(room, folder, tell)
        (folder / "peers.json").write_text(json.dumps(outcome, indent=2) + "\n")


def _filled(room: Room, folder: Path, tell: Callable[[str], None]) -> dict[str, str]:
    """Make one environment; give each of its peers and why it is not there, "" where it is."""
    tell(f"{room.name}: making {folder}")
    folder.mkdir(parents=True)
    failed = _run([sys.executable, "-m", "venv", str(folder)])
    outcome: dict[str, str] = {}
    for step in room.steps:
        if not failed:
            tell(f"{room.name}: installing {' '.join(step.packages)}")
            install = ["-m", "pip", "install", "--quiet", *step.packages]
            failed = _run([str(_python(folder)), *install])
            failed = failed or _run([str(_python(folder)), "-c", step.import_])
            failed = f"{step.hint} ({failed})" if failed and step.hint else failed
        outcome |= dict.fromkeys(step.peers, failed)
        for peer in step.peers:
            tell(f"{room.name}: {peer} {f'is not measured: {failed}' if failed else 'is there'}")
    return outcome


def _run(command: list[str]) -> str:
    """Run a command; give "" or the last line of what it complained of."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or [f"exit status {done.returncode}"])[-1]


def _python(folder: Path) -> Path:
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return folder / scripts / "python"


def _known(folder: Path) -> dict[str, str]:
    """Read what an environment holds; nothing where it is not made."""
    try:
        found: dict[str, str] = json.loads((folder / "peers.json").read_text())
    except (OSError, ValueError):
        return {}
    return found
