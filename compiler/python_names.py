"""The one way from names of the language to names of Python."""

import builtins
import keyword
from collections.abc import Collection, Iterable

LOCALS = frozenset(
    "n seed batch stream noise out dt params draw cell u trials trial index stop start time "
    "longest drive target weight inputs outputs targets weights key sd step_sd at step k t "
    "again attempt span end it row found sequences length origin guard SESSION BLOCKS "
    "sample_trials timeline arrays generate score TASK PADDING "
    "MEMBERS PARAMS COLUMNS SCORES Callable Iterator Mapping SimpleNamespace "
    "np hashlib math cache NormalDist Any ArrayLike NDArray".split()
)
"""Names that the printed module uses for itself."""

AMBIGUOUS = frozenset({"l", "I", "O"})
"""Names that Python style forbids because they look like digits."""


def python_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """Turn names of the language into Python names that hide nothing the module needs.

    A name that Python or the module needs gets an underscore, or more where that is a name too.
    """
    listed = list(dict.fromkeys(names))
    found = {name: name for name in listed if not _is_busy(name, taken)}
    used = set(found)
    for name in listed:
        if name in found:
            continue
        other = ("v" if name.startswith("_") else "") + name + "_"
        while other in used or _is_busy(other, taken):
            other += "_"
        found[name] = other
        used.add(other)
    return found


def _is_busy(name: str, taken: Collection[str]) -> bool:
    return (
        keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
        or hasattr(builtins, name)
        or name in LOCALS
        or name in AMBIGUOUS
        or name in taken
        or name.startswith("_")
    )


def constant_names(
    groups: Iterable[tuple[str, str]], taken: set[str]
) -> dict[tuple[str, str], str]:
    """Give each (kind, name) an upper-case name of its own, the kind added where two clash."""
    names: dict[tuple[str, str], str] = {}
    for kind, name in groups:
        upper = name.strip("_").upper()
        if not upper.isidentifier():
            upper = f"X{upper}"
        if upper in taken or upper in LOCALS or upper in AMBIGUOUS:
            upper = f"{upper}_{kind.upper()}"
        while upper in taken:
            upper += "_"
        taken.add(upper)
        names[kind, name] = upper
    return names
