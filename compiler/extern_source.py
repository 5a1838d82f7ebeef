"""The Python code behind externs: imported only where it is allowed, known by its source."""

import hashlib
import inspect
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.externs import function_of, is_location, module_of
from epochal.compiler.report import span
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Note
from epochal.dsl.nearest import nearest

Allowed = frozenset[str]
"""The modules whose externs may run, by name."""

NONE: Allowed = frozenset()

# What was imported in this process, and the source that it had then: Python imports a module
# once, so that an edited file is no longer what runs.
_imported: dict[str, tuple[object, str]] = {}


class ExternError(ValueError):
    """An extern may not run, or cannot; ``code`` and ``note`` are those of its diagnostic."""

    def __init__(self, code: str, message: str, note: str = "") -> None:
        super().__init__(f"{message} ({note})" if note else message)
        self.code, self.message, self.note = code, message, note


def with_source(extern: ir.Extern, allowed: Allowed) -> ir.Extern:
    """Import an extern and note the sha256 of its source.

    Raises
    ------
    ExternError
        It is not allowed, and then nothing of it is imported; or it cannot be found.
    """
    module = module_of(extern)
    if module not in allowed:
        raise ExternError(
            "E0363",
            f"`{extern.name}` is Python code of `{module}`, and runs only where that is allowed",
            f"to trust this module, give --allow-extern {module}, or in Python "
            f'epochal.load(.., allow_extern=("{module}",))',
        )
    function = _function(extern, _module(module))
    return replace(extern, source=_digest(extern, function))


def with_sources(
    externs: tuple[ir.Extern, ...], allowed: Allowed
) -> tuple[tuple[ir.Extern, ...], tuple[Diagnostic, ...]]:
    """Import the externs that are allowed, and say which cannot be."""
    known, refused = [], []
    for extern in externs:
        if not is_location(extern.location):  # which was reported where it stands
            continue
        try:
            known.append(with_source(extern, allowed))
        except ExternError as error:
            notes = (Note(error.note),) if error.note else ()
            refused.append(diagnose(error.code, error.message, span(extern.at), notes=notes))
    return tuple(known), tuple(refused)


def check_source(extern: ir.Extern, allowed: Allowed) -> None:
    """Make sure that an extern taken up from an IR still is what it was.

    Raises
    ------
    ExternError
        It is not allowed, cannot be found, or its source has changed.
    """
    if with_source(extern, allowed).source != extern.source:
        raise ExternError(
            "E0366",
            f"the source of `{module_of(extern)}` has changed since this task was compiled, "
            f"so that `{extern.name}` may make other trials",
            "install the version that was used then",
        )


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"`{name}` cannot be imported: {reason}"
        note = "Python finds what is installed, and what stands in a folder of PYTHONPATH"
        raise ExternError(
            "E0364", message, note if isinstance(error, ModuleNotFoundError) else ""
        ) from error


def _function(extern: ir.Extern, module: ModuleType) -> object:
    name = function_of(extern)
    try:
        function = getattr(module, name, None)
    except Exception as error:  # some modules look their names up by code of their own
        message = f"`{module.__name__}` cannot give `{name}`: {type(error).__name__}: {error}"
        raise ExternError("E0365", message) from error
    if callable(function):
        return function
    found = [one for one, value in vars(module).items() if callable(value) and one[0] != "_"]
    close = nearest(name, found)
    what = f"`{name}` of `{module.__name__}` is no function"
    if function is None:
        what = f"`{module.__name__}` has no function `{name}`"
    raise ExternError("E0365", what, f"did you mean `{close}`?" if close else "")


def _digest(extern: ir.Extern, function: object) -> str:
    """Hash the source of the module that defines a function, line ends as on every machine."""
    home = function.__module__ if inspect.isfunction(function) else module_of(extern)
    file = getattr(sys.modules.get(home), "__file__", None) or ""
    try:
        if not file.endswith(".py"):
            raise FileNotFoundError
        source = Path(file).read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        message = f"`{home}` has no Python source, by which `{extern.name}` could be known"
        note = "an extern is written in Python; it may call other code"
        raise ExternError("E0366", message, note) from None
    digest = hashlib.sha256(source).hexdigest()
    before = _imported.setdefault(extern.location, (function, digest))
    if before[0] is not function:
        _imported[extern.location] = function, digest
    elif before[1] != digest:
        message = f"`{home}` was edited after Python imported it"
        note = "start Python anew, or reload the module by importlib.reload"
        raise ExternError("E0366", message, note)
    return digest
