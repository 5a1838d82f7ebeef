"""Parse texts that tests write."""

from collections.abc import Iterator
from pathlib import Path

from epochal.dsl import syntax
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.parser import parse
from epochal.dsl.span import Source

FILES = sorted((Path(__file__).parent / "files").iterdir())
TASKS = Path(__file__).parents[2] / "tasks"
LIBRARY = sorted(path for suffix in ("task", "train") for path in TASKS.rglob(f"*.{suffix}"))

BLOCK = "epochal 1\n\ntask t:\n    {block}:\n        {line}\n"


def parsed(text: str) -> tuple[syntax.File, tuple[Diagnostic, ...]]:
    file, found = parse(Source("test.task", text))
    assert file is not None
    return file, found


def well_parsed(text: str) -> syntax.File:
    file, found = parsed(text)
    assert found == ()
    return file


def only_task(text: str) -> syntax.Task:
    (task,) = well_parsed(text).items
    assert isinstance(task, syntax.Task)
    return task


def section(block: str, line: str) -> syntax.Section:
    (only,) = only_task(BLOCK.format(block=block, line=line)).sections
    return only


def expression(text: str) -> syntax.Expr:
    trial = section("trial", f"x = {text}")
    assert isinstance(trial, syntax.Trial)
    (let,) = trial.statements
    assert isinstance(let, syntax.Let)
    return let.value


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in parsed(text)[1]]


def messages(block: str, line: str) -> list[str]:
    _, found = parsed(BLOCK.format(block=block, line=line))
    return [diagnostic.message for diagnostic in found]


def nodes_of(value: object) -> Iterator[syntax.Node]:
    """Walk over all nodes below a node or a tuple of them."""
    if isinstance(value, tuple):
        for part in value:
            yield from nodes_of(part)
    elif isinstance(value, syntax.Node):
        yield value
        yield from nodes_of(tuple(value.parts().values()))
