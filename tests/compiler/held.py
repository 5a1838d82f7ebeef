"""Compile a random program and hold all that it makes against the reference."""

from agreement import hold
from compiled import Module, judged, load
from printed_loops import forbidden_loops
from programs.program import Program

from epochal.compiler.compile import Checked, from_ir
from epochal.compiler.describe import describe
from epochal.compiler.ir_json import decode, encode
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render


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
    checked = accepted(program.text, program.run.bindings)
    module = printed(checked, program.text)
    run = program.run
    known = module.facts["arguments"]
    arguments = {name: value for name, value in run.arguments.items() if name in known}
    task, noise = checked.task, True
    hold(task, module, run.dt, run.n, run.seed, run.batch, run.stream, arguments, noise=noise)


def accepted(text: str, bindings: dict[str, str] | None = None) -> Checked:
    """Compile a text; its diagnostics, of whatever kind, can be shown."""
    checked, found = judged(text, bindings=bindings)
    rendered(found, text)
    errors = [one for one in found if one.is_error]
    if checked is None:
        assert errors, "no task and no error"
        raise RefusedError(tuple(dict.fromkeys(one.code for one in errors)), errors[0].message)
    assert not errors
    return checked


def rendered(found: tuple[Diagnostic, ...], text: str) -> None:
    assert bool(render(found, {"test.task": text}, color=False)) == bool(found)


def printed(checked: Checked, text: str) -> Module:
    """Print a module: the same from its JSON, without loops over trials, and can be told of."""
    made = checked.module()
    assert from_ir(decode(encode(checked.task))).module() == made
    assert forbidden_loops(made) == []
    written = {name: text[span.start : span.end] for name, span in checked.written.items()}
    assert describe(checked.task, written, 100_000, None)
    return load(made)
