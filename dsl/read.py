"""Read a source from a file or from standard input."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.limits import MAX_BYTES
from epochal.dsl.nearest import nearest
from epochal.dsl.places import BYTE_ORDER_MARK, Places
from epochal.dsl.span import Source

STDIN = "-"
STDIN_NAME = "<stdin>"
_Outcome = tuple[Source | None, tuple[Diagnostic, ...]]


def read_source(path: str, stdin: BinaryIO) -> _Outcome:
    """Read a file, or standard input where the path is ``-``.

    Parameters
    ----------
    path : str
        As the user gave it; diagnostics name the file so.
    stdin : BinaryIO
        Read only where the path is ``-``.

    Returns
    -------
    Source or None
        The text with its line breaks as they are; None where there is none to work on.
    tuple of Diagnostic
        Why not.
    """
    if path == STDIN:
        return decode(STDIN_NAME, stdin.read(MAX_BYTES + 1))
    try:
        status = os.stat(path)
        wrong = _check_status(path, status)
        if wrong is not None:
            return None, (wrong,)
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None, (_missing(path),)
    except ValueError:
        return None, (diagnose("E0101", "a path cannot hold a NUL character", None),)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"cannot read `{path}`: {reason}; check that you may read it"
        return None, (diagnose("E0103", message, None),)
    return decode(path, content)


def decode(file: str, content: bytes) -> _Outcome:
    """Turn the bytes of a file into a source, or say why they are no text."""
    if len(content) > MAX_BYTES:
        return None, (_too_large(file, None),)
    wrong = _not_text(file, content)
    if wrong is not None:
        return None, (wrong,)
    source = Source(file, content.decode("utf-8"))
    if source.text.strip(BYTE_ORDER_MARK + " \t\r\n"):
        return source, ()
    places = Places(source)
    span = places.span(places.row_start(1), places.row_start(1))
    message = "the file is empty: begin it with `epochal 1`, then write a `task`"
    return None, (diagnose("E0105", message, span),)


def _check_status(path: str, status: os.stat_result) -> Diagnostic | None:
    """Refuse what is not a file of fitting size, before anything of it is read."""
    if stat.S_ISDIR(status.st_mode):
        message = f"`{path}` is a folder: name a file in it{_files_in(path)}"
        return diagnose("E0102", message, None)
    if not stat.S_ISREG(status.st_mode):
        message = f"`{path}` is not a plain file; use `-` to read standard input"
        return diagnose("E0103", message, None)
    return _too_large(path, status.st_size) if status.st_size > MAX_BYTES else None


def _files_in(folder: str) -> str:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith((".task", ".train")))
    except OSError:
        return ""
    return f", like `{os.path.join(folder, names[0])}`" if names else ""


def _missing(path: str) -> Diagnostic:
    place = Path(path)
    try:
        names = os.listdir(place.parent)
    except OSError:
        return diagnose("E0101", f"there is no folder `{place.parent}`", None)
    near = nearest(place.name, sorted(names))
    hint = f": did you mean `{place.parent / near}`?" if near is not None else ""
    return diagnose("E0101", f"there is no file `{path}`{hint}", None)


def _too_large(file: str, size: int | None) -> Diagnostic:
    found = f"{size / 2**20:.1f} MiB" if size is not None else "more than 1 MiB"
    message = f"`{file}` holds {found}: a source may hold 1 MiB; split it into several files"
    return diagnose("E0106", message, None)


def _not_text(file: str, content: bytes) -> Diagnostic | None:
    """Find the first byte that no text holds: a NUL, or one that is not UTF-8."""
    offset, reason = content.find(b"\0"), "a NUL byte"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if offset < 0 or error.start < offset:
            offset, reason = error.start, f"the byte 0x{content[error.start]:02X}, not UTF-8"
    if offset < 0:
        return None
    line = content.count(b"\n", 0, offset) + 1
    message = (
        f"`{file}` is not text: found {reason}, at offset {offset} on line {line}; save it as UTF-8"
    )
    return diagnose("E0104", message, None)
