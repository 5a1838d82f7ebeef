"""IR to JSON and back: the one module that knows the format of the file."""

import msgspec

from epochal.compiler import ir


def encode(task: ir.Task) -> bytes:
    """Write a task as JSON, keys in the order of the declarations, indented by two spaces."""
    return msgspec.json.format(msgspec.json.encode(task), indent=2) + b"\n"


def decode(data: bytes) -> ir.Task:
    """Read a task back.

    Raises
    ------
    ValueError
        The bytes are no task, or one of another schema.
    """
    try:
        task = msgspec.json.decode(data, type=ir.Task)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not the IR of a task: {error}") from error
    if task.schema != ir.SCHEMA:
        raise ValueError(f"IR schema {task.schema} is not {ir.SCHEMA}, the one read here")
    return task
