"""Compile a random program and hold all that it makes against the reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from agreement import hold
from compiled import Module, judged, load
from externs_for_programs import MODULE
from printed_loops import forbidden_loops
from programs.program import PARENT, Program

from epochal.compiler.compile import Checked, from_ir
from epochal.compiler.describe import describe
from epochal.compiler.ir_json import decode, encode
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render

NAME = "test.task"


class RefusedError(Exception):
    """A program got an error: that is allowed, and not hoped for."""

    def __init__(self, codes: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.codes = codes


def held(program: Program) -> None:
    """Hold a program against the reference.

    Raises
    ------
    RefusedError
        It has errors.
    """
    with beside(program) as texts:
        (path, text), *_ = texts.items()
        checked = accepted(text, program.run.bindings, path, texts)
    module = printed(checked, text, texts)
    run = program.run
    known = module.facts["arguments"]
    arguments = {name: value for name, value in run.arguments.items() if name in known}
    task, noise = checked.task, True
    hold(task, module, run.dt, run.n, run.seed, run.batch, run.stream, arguments, noise=noise)


@contextmanager
def beside(program: Program) -> Iterator[dict[str, str]]:
    """Put the parent of a program where the program finds it; give all texts by path, its first."""
    if not program.parent:
        yield {NAME: program.text}
        return
    with TemporaryDirectory() as folder:
        path = Path(folder).resolve()
        (path / PARENT).write_text(program.parent, "utf-8")
        yield {str(path / NAME): program.text, str(path / PARENT): program.parent}


def accepted(
    text: str,
    bindings: dict[str, str] | None = None,
    name: str = NAME,
    texts: dict[str, str] | None = None,
) -> Checked:
    """Compile a text; its diagnostics, of whatever kind, can be shown."""
    checked, found = judged(text, name, bindings, frozenset({MODULE}))
    rendered(found, texts or {name: text})
    errors = [one for one in found if one.is_error]
    if checked is None:
        assert errors, "no task and no error"
        raise RefusedError(tuple(dict.fromkeys(one.code for one in errors)), errors[0].message)
    assert not errors
    return checked


def rendered(found: tuple[Diagnostic, ...], texts: dict[str, str]) -> None:
    assert bool(render(found, texts, color=False)) == bool(found)


def printed(checked: Checked, text: str, texts: dict[str, str] | None = None) -> Module:
    """Print a module: the same from its JSON, without loops over trials, and can be told of."""
    made = checked.module()
    assert from_ir(decode(encode(checked.task))).module() == made
    assert forbidden_loops(made) == []
    known = texts or {NAME: text}
    spans = checked.written.items()
    written = {name: known.get(span.file, text)[span.start : span.end] for name, span in spans}
    assert describe(checked.task, written, 100_000, None)
    return load(made)
