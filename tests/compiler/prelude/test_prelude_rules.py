"""What the printer relies on when it copies definitions to the foot of a generated module."""

import ast
import builtins
import subprocess
import sys
from pathlib import Path

import pytest

import epochal.compiler.prelude
from epochal.compiler.prelude_source import MODULES, read

FOLDER = Path(epochal.compiler.prelude.__file__).parent
FILES = [FOLDER / f"{module}.py" for module in MODULES]  # in the order of printing
TREES = {path.stem: ast.parse(path.read_text()) for path in FILES}
PACKAGE = "epochal.compiler.prelude."
IMPORTS = {
    "from collections.abc import Callable",
    "from collections.abc import Iterator",
    "from collections.abc import Mapping",
    "import hashlib",
    "import math",
    "import numpy as np",
    "from functools import cache",
    "from numpy.typing import ArrayLike",
    "from numpy.typing import NDArray",
    "from statistics import NormalDist",
    "from types import SimpleNamespace",
    "from typing import Any",
}


def names_of(statement: ast.stmt) -> list[str]:
    """Names that a top-level statement defines."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        case _:
            return []


DEFINITIONS = {n: s for tree in TREES.values() for s in tree.body for n in names_of(s)}


def imports_of(tree: ast.Module) -> set[str]:
    return {
        ast.unparse(ast.ImportFrom(node.module, [alias], 0))
        if isinstance(node, ast.ImportFrom)
        else ast.unparse(ast.Import([alias]))
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def needed_by(name: str) -> set[str]:
    """A definition's name and, transitively, those it mentions."""
    found, wanted = set(), [name]
    while wanted:
        found.add(here := wanted.pop())
        mentioned = {n.id for n in ast.walk(DEFINITIONS[here]) if isinstance(n, ast.Name)}
        wanted += sorted((mentioned & DEFINITIONS.keys()) - found)
    return found


def test_the_prelude_is_all_the_modules_of_its_folder() -> None:
    assert {*MODULES, "__init__"} == {path.stem for path in FOLDER.glob("*.py")}


def test_every_name_is_defined_once_in_the_whole_prelude() -> None:
    names = [n for tree in TREES.values() for s in tree.body for n in names_of(s)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("module", sorted(TREES))
def test_a_module_holds_only_imports_constants_functions_and_classes(module: str) -> None:
    for statement in TREES[module].body[1:]:
        assert isinstance(
            statement, ast.Import | ast.ImportFrom | ast.Assign | ast.FunctionDef | ast.ClassDef
        )
        decorators = getattr(statement, "decorator_list", [])
        assert [ast.unparse(one) for one in decorators] in ([], ["cache"])
        if isinstance(statement, ast.Assign):
            assert len(names_of(statement)) == 1


@pytest.mark.parametrize("module", sorted(TREES))
def test_a_module_imports_numpy_the_standard_library_and_its_siblings_by_name(module: str) -> None:
    for line in imports_of(TREES[module]) - IMPORTS:
        assert line.startswith(f"from {PACKAGE}")
        assert " as " not in line


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_definition_stands_alone_with_what_it_mentions(name: str) -> None:
    needed = needed_by(name)
    order = [n for n in DEFINITIONS if n in needed]
    kinds = (ast.Assign, ast.ClassDef, ast.FunctionDef)  # annotations mention classes
    order.sort(key=lambda n: kinds.index(type(DEFINITIONS[n])))
    text = "\n".join([*sorted(IMPORTS), *(ast.unparse(DEFINITIONS[n]) for n in order)])
    namespace: dict[str, object] = {}
    exec(compile(text, name, "exec"), namespace)
    for part in order:
        for function in ast.walk(DEFINITIONS[part]):
            if isinstance(function, ast.FunctionDef):
                unknown = free_names(function) - namespace.keys() - set(dir(builtins))
                assert not unknown


def free_names(function: ast.FunctionDef) -> set[str]:
    """Names that a function reads and does not bind."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    bound = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
    bound |= {n.name for n in ast.walk(function) if isinstance(n, ast.ExceptHandler) and n.name}
    return {n.id for n in names} - bound


def test_the_prelude_loads_with_numpy_alone() -> None:
    imports = "".join(f"import {PACKAGE}{module};" for module in sorted(TREES))
    heavy = "{'lark', 'jinja2', 'msgspec', 'click', 'tensorflow', 'epochal.dsl'}"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {imports} print({heavy} & sys.modules.keys())"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_no_constant_needs_a_function_so_that_constants_can_come_first() -> None:
    functions = {n for n, s in DEFINITIONS.items() if not isinstance(s, ast.Assign)}
    for name, statement in DEFINITIONS.items():
        if isinstance(statement, ast.Assign):
            assert not needed_by(name) & functions


@pytest.mark.parametrize("module", MODULES)
def test_cutting_by_lines_finds_what_parsing_finds(module: str) -> None:
    definitions, imports = read(module)
    assert [one.name for one in definitions] == [n for s in TREES[module].body for n in names_of(s)]
    for one in definitions:
        (statement,) = ast.parse(one.text).body
        assert ast.dump(statement) == ast.dump(DEFINITIONS[one.name])
    others = {line for line in imports_of(TREES[module]) if PACKAGE not in line}
    assert imports_of(ast.parse("\n".join(imports))) == others
