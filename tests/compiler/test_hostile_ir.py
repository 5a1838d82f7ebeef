"""An IR that somebody else wrote brings no code into the module that is printed from it."""

import ast
import json
from collections.abc import Iterator
from typing import Any

import pytest
from compiled import GOLDEN

from epochal.compiler.compile import from_ir
from epochal.compiler.ir_json import decode
from epochal.driver import task_from_ir

PAYLOADS = ['x"]\npwned()\n#', "x\n", "pwned()", "x;pwned()", "'+pwned()+'", "\\", "x: pwned()"]
NAMES = ["rdm", "arrays", "laws", "repeated", "readout"]


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every text and number of an IR, with its place."""
    if isinstance(node, dict | list):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            yield from leaves(value, (*path, key))
    elif isinstance(node, str | int) and not isinstance(node, bool):
        yield path, node


def changed(text: str, path: tuple[Any, ...], value: Any) -> bytes:
    root = node = json.loads(text)
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return json.dumps(root).encode()


def calls(source: str) -> set[str]:
    tree = ast.walk(ast.parse(source))
    return {node.id for node in tree if isinstance(node, ast.Name) and node.id == "pwned"}


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_an_ir_becomes_code(name: str) -> None:
    text = (GOLDEN / name / "ir.json").read_text("utf-8")
    kinds: dict[str, tuple[Any, ...]] = {}
    for path, value in leaves(json.loads(text)):
        if isinstance(value, str):
            kinds.setdefault(".".join(str(key) for key in path if isinstance(key, str)), path)
    for path in kinds.values():
        for payload in PAYLOADS:
            try:
                task = decode(changed(text, path, payload))
            except ValueError:
                continue
            assert path[-1] in ("doc", "file") or path[0] == "about", path
            assert not calls(from_ir(task).module())


def test_sizes_of_an_ir_are_bounded() -> None:
    text = (GOLDEN / "repeated" / "ir.json").read_text("utf-8")
    for path, value in leaves(json.loads(text)):
        if path[-1] in ("n_units", "most", "n", "size") and isinstance(value, int):
            with pytest.raises(ValueError, match="not the IR of a task"):
                decode(changed(text, path, 10**9))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("variables", 0, "names", 0), "other"),
        (("effects", 0, "channel"), "nothing"),
        (("epochs", 0, "name"), "elsewhere"),
        (("variables", 1, "definition", "law", "name"), "eval"),
    ],
)
def test_an_ir_that_does_not_fit_together_is_refused(path: tuple[Any, ...], value: str) -> None:
    text = (GOLDEN / "rdm" / "ir.json").read_text("utf-8")
    with pytest.raises(ValueError, match="does not fit together"):
        task_from_ir(changed(text, path, value), "", {}, "task1:0")
