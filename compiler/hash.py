"""The task hash: what a task means, in twelve hexadecimal digits."""

import hashlib

import msgspec

from epochal.compiler import ir

_IDLE = frozenset({"at", "doc", "about"})


def task_hash(task: ir.Program) -> str:
    """Hash the meaning of a task or a set of tasks.

    That is its canonical IR JSON without places and documentation: comments, titles and citations
    do not enter; a changed weight does.
    """
    plain = _meaning(msgspec.to_builtins(task))
    return "task1:" + hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:12]


def _meaning(value: object) -> object:
    if isinstance(value, dict):
        return {key: _meaning(part) for key, part in value.items() if key not in _IDLE}
    if isinstance(value, list | tuple):
        return [_meaning(part) for part in value]
    return value
