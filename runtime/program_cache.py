"""Compiled XLA programs kept in the user's cache folder, so that the next process starts sooner.

``EPOCHAL_XLA_CACHE`` names another folder; ``off`` keeps nothing.  Programs hold instructions of
one kind of processor, so that each kind, and each version of TensorFlow, has a folder of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections.abc import MutableMapping
from importlib.metadata import version
from pathlib import Path

import platformdirs

VARIABLE = "EPOCHAL_XLA_CACHE"
FLAGS = "TF_XLA_FLAGS"
OFF = "off"
MOST_PROGRAMS = 200
"""How many programs are kept, of 0.1 to 1 MB each; the oldest go first."""

_OPTION = "--tf_xla_persistent_cache_directory"


def keep_programs(environment: MutableMapping[str, str] = os.environ) -> Path | None:
    """Tell XLA where to keep its programs, before TensorFlow is imported.

    Returns
    -------
    Path or None
        The folder; None where nothing is kept: it is switched off, cannot be written, or
        ``TF_XLA_FLAGS`` names a folder already.
    """
    given = environment.get(VARIABLE, "")
    flags = environment.get(FLAGS, "")
    if given.lower() == OFF or _OPTION in flags:
        return None
    root = Path(given) if given else platformdirs.user_cache_path("epochal") / "xla"
    folder = root.absolute() / f"{version('tensorflow')}-{_processor()}"
    if any(letter.isspace() for letter in str(folder)):  # flags are parted by spaces
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    _prune(folder)
    environment[FLAGS] = f"{flags} {_OPTION}={folder}".strip()
    return folder


def _processor() -> str:
    """Give a short name of what the processor can do."""
    told = f"{platform.machine()} {platform.processor()}"
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        told += "".join(sorted({one for one in lines if one.startswith(("model name", "flags"))}))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _prune(folder: Path) -> None:
    """Delete the programs that were used longest ago; another process may do the same."""
    with contextlib.suppress(OSError):
        programs = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in programs[:-MOST_PROGRAMS]:
            path.unlink(missing_ok=True)
