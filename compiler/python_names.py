"""The one way from names of the language to names of Python."""

import builtins
import keyword
from collections.abc import Iterable

LOCALS = frozenset(
    "n seed batch stream noise out dt np draw cell u trial trials step index stop start time end "
    "rows drive target weight inputs outputs targets weights params sd self t".split()
)
"""Names that the printed functions use for themselves."""


def python_name(name: str, taken: frozenset[str]) -> str:
    """Turn a name of the language into a Python name that hides nothing the module needs."""
    busy = (
        keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
        or hasattr(builtins, name)
        or name in LOCALS
        or name in taken
        or name.startswith("_")
    )
    if name.startswith("_"):
        name = "v" + name
    return f"{name}_" if busy else name


def constant_names(
    groups: Iterable[tuple[str, str]], taken: set[str]
) -> dict[tuple[str, str], str]:
    """Give each (kind, name) an upper-case name of its own, the kind added where two clash."""
    names: dict[tuple[str, str], str] = {}
    for kind, name in groups:
        upper = name.strip("_").upper() or "X"
        if upper in taken or upper in ("TASK", "PADDING"):
            upper = f"{upper}_{kind.upper()}"
        while upper in taken:
            upper += "_"
        taken.add(upper)
        names[kind, name] = upper
    return names
