"""The source of the prelude, definition by definition, for copying into printed modules."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib import resources

from msgspec import Struct

from epochal.compiler.print_line import mentioned

MODULES = (
    "words",
    "samplers",
    "portable",
    "session",
    "timeline",
    "tables",
    "repeats",
    "encode",
    "signals",
    "reduce",
    "noise",
    "redraw",
    "members",
    "extern",
)
"""The prelude modules, in the order in which their definitions are printed."""


_HEAD = re.compile(r"(?:def|class) (\w+)|(\w+)(?:: .+?)? = |(?:import|from) ")


class Definition(Struct, frozen=True, dict=True):
    """One top-level definition: its text, with the comment and the decorators above it."""

    name: str
    text: str

    @cached_property
    def mentions(self) -> frozenset[str]:
        """Names that the definition mentions."""
        return mentioned(self.text)

    @property
    def is_constant(self) -> bool:
        """Whether it is an assignment, not a function or a class."""
        return not re.search(r"^(?:def|class) ", self.text, re.MULTILINE)


@cache
def read(name: str) -> tuple[tuple[Definition, ...], tuple[str, ...]]:
    """Read one prelude module: its definitions, and its imports from outside the prelude."""
    text = resources.files("epochal.compiler.prelude").joinpath(f"{name}.py").read_text("utf-8")
    definitions, imports = [], []
    for defined, statement in _statements(text):
        if defined:
            definitions.append(Definition(defined, statement))
        elif not statement.startswith("from epochal"):
            imports.append(statement)
    return tuple(definitions), tuple(imports)


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """Cut a module into its top-level statements, each with the name that it defines, or "".

    A statement begins at a line that `_HEAD` knows, or at the comment and the decorators right
    above.  To parse all of the prelude would take longer than most commands.
    """
    lines = text[text.index('"""', 3) + 3 :].splitlines()  # after the docstring
    heads = [(i, head) for i, line in enumerate(lines) if (head := _HEAD.match(line))]
    ends = [_top(lines, i) for i, _ in heads[1:]] + [len(lines)]
    for (i, head), end in zip(heads, ends, strict=True):
        yield head[1] or head[2] or "", "\n".join(lines[_top(lines, i) : end]).rstrip()


def _top(lines: list[str], first: int) -> int:
    while lines[first - 1].startswith(("#", "@")):
        first -= 1
    return first


@cache
def _all() -> dict[str, Definition]:
    return {one.name: one for module in MODULES for one in read(module)[0]}


PRELUDE_NAMES = frozenset(_all())
"""Every name that the prelude may bring into a printed module."""


def needed(used: Iterable[str]) -> tuple[Definition, ...]:
    """List the definitions that some names need, transitively, in printing order."""
    known = _all()
    wanted = [name for name in used if name in known]
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += [other for other in known[name].mentions if other in known]
    return tuple(known[name] for name in known if name in found)


def imports(
    definitions: Iterable[Definition],
    used: frozenset[str],
    others: Iterable[tuple[str, str, str]] = (),
) -> tuple[str, ...]:
    """List the import lines that definitions and other code need, sorted as ruff would.

    ``others`` are a module, what is imported from it, and what that is called here.
    """
    mentioned = used.union(*(one.mentions for one in definitions))
    plain: set[str] = set()
    from_: dict[str, set[str]] = {}
    renamed: dict[str, set[str]] = {}
    for module, name, here in others:
        if name == here:
            from_.setdefault(module, set()).add(name)
        else:
            renamed.setdefault(module, set()).add(f"{name} as {here}")
    for module in MODULES:
        for line in read(module)[1]:
            node = ast.parse(line).body[0]
            assert isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names:
                if (alias.asname or alias.name) in mentioned:
                    if isinstance(node, ast.Import):
                        as_ = f" as {alias.asname}" if alias.asname else ""
                        plain.add(f"import {alias.name}{as_}")
                    else:
                        from_.setdefault(node.module or "", set()).add(alias.name)
    lines = sorted(plain)
    for module in sorted({*from_, *renamed}, key=lambda module: (module.lower(), module)):
        together = ", ".join(sorted(from_.get(module, ()), key=_by_kind))
        parts = [*([together] if together else []), *renamed.get(module, ())]
        lines += [f"from {module} import {part}" for part in sorted(parts, key=_by_kind)]
    ours = [line for line in lines if _is_standard(line)]
    theirs = [line for line in lines if not _is_standard(line)]
    return (*ours, *([""] if ours and theirs else []), *theirs)


def _is_standard(line: str) -> bool:
    """Whether a line imports from the standard library."""
    return line.split()[1].partition(".")[0] in sys.stdlib_module_names


def _by_kind(names: str) -> tuple[int, str]:
    """Sort names, or lists of them by their first, as ruff does: constants, classes, functions."""
    first = names.partition(",")[0].partition(" ")[0]
    kind = 0 if first.isupper() and len(first) > 1 else 1 if first[:1].isupper() else 2
    return kind, first
