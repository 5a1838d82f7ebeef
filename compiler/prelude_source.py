"""The source of the prelude, definition by definition, for copying into printed modules."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

MODULES = (
    "words",
    "samplers",
    "portable",
    "timeline",
    "encode",
    "signals",
    "reduce",
    "noise",
    "redraw",
)
"""The prelude modules, in the order in which their definitions are printed."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One top-level definition: its text with the comment above it, and what it mentions."""

    name: str
    text: str
    mentions: frozenset[str]
    is_constant: bool


@cache
def _module(name: str) -> tuple[tuple[Definition, ...], tuple[str, ...]]:
    """Read one prelude module: its definitions, and its imports from outside the prelude."""
    text = resources.files("epochal.compiler.prelude").joinpath(f"{name}.py").read_text("utf-8")
    lines = text.splitlines()
    definitions, imports = [], []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("epochal")):
                imports.append(ast.unparse(node))
            continue
        defined = _defined(node)
        if defined is not None:
            first = _with_comment(lines, node.lineno - 1)
            source = "\n".join(lines[first : node.end_lineno])
            constant = isinstance(node, ast.Assign | ast.AnnAssign)
            definitions.append(Definition(defined, source, _mentions(node), constant))
    return tuple(definitions), tuple(imports)


def _defined(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return None


def _with_comment(lines: list[str], first: int) -> int:
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return first


def _mentions(node: ast.AST) -> frozenset[str]:
    return frozenset(part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _all() -> dict[str, Definition]:
    return {one.name: one for module in MODULES for one in _module(module)[0]}


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


def imports(definitions: Iterable[Definition], used: frozenset[str]) -> tuple[str, ...]:
    """List the import lines that definitions and other code need, sorted as ruff would."""
    mentioned = used.union(*(one.mentions for one in definitions))
    plain: set[str] = set()
    from_: dict[str, set[str]] = {}
    for module in MODULES:
        for line in _module(module)[1]:
            node = ast.parse(line).body[0]
            assert isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names:
                if (alias.asname or alias.name) in mentioned:
                    if isinstance(node, ast.Import):
                        as_ = f" as {alias.asname}" if alias.asname else ""
                        plain.add(f"import {alias.name}{as_}")
                    else:
                        from_.setdefault(node.module or "", set()).add(alias.name)
    lines = sorted(plain) + [
        f"from {module} import {', '.join(sorted(from_[module]))}" for module in sorted(from_)
    ]
    ours = [line for line in lines if "numpy" not in line]
    theirs = [line for line in lines if "numpy" in line]
    return (*ours, *([""] if ours and theirs else []), *theirs)
