"""IR to JSON and back: the one module that knows the format of the file."""

import msgspec

from epochal.compiler import ir


class _Head(msgspec.Struct):
    """What tells the kinds of program apart; a task has no such line."""

    kind: str = "task"


def encode(task: ir.Program) -> bytes:
    """Write a task or a set as JSON, keys in the order of the declarations, indented by two."""
    return msgspec.json.format(msgspec.json.encode(task), indent=2) + b"\n"


def decode(data: bytes) -> ir.Program:
    """Read a task or a set of tasks back.

    Raises
    ------
    ValueError
        The bytes are no task, or one of another schema.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
        task: ir.Program = (
            msgspec.json.decode(data, type=ir.Taskset)
            if head.kind == "taskset"
            else msgspec.json.decode(data, type=ir.Task)
        )
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not the IR of a task: {error}") from error
    if task.schema != ir.SCHEMA:
        raise ValueError(f"IR schema {task.schema} is not {ir.SCHEMA}, the one read here")
    return task
