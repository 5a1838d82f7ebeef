"""Compile a random program and hold all that it makes against the reference."""

import ast

import numpy as np
from agreement import hold
from compiled import judged, load
from programs.program import Program

from epochal.compiler.compile import from_ir
from epochal.compiler.ir_json import decode, encode


class Refused(Exception):
    """A program got a diagnostic: that is allowed, and not hoped for."""

    def __init__(self, codes: str, message: str) -> None:
        super().__init__(message)
        self.codes = codes


def held(program: Program) -> None:
    found, diagnostics = judged(program.text, bindings=program.run.bindings)
    errors = [one for one in diagnostics if one.is_error]
    if found is None:
        assert errors, "no task and no error"
        raise Refused(errors[0].code, errors[0].message)
    assert not errors
    text = found.module()
    ast.parse(text)
    assert from_ir(decode(encode(found.task))).module() == text
    run = program.run
    module = load(text)
    known = module.facts["arguments"]
    arguments = {name: value for name, value in run.arguments.items() if name in known}
    hold(found.task, module, run.dt, run.n, run.seed, run.batch, run.stream, arguments, noise=True)

