"""TensorFlow, started without its banners; the only place that imports it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what native code writes while TensorFlow starts off a newcomer's terminal.

    Its notes on oneDNN and missing GPUs go to the error stream before any log level holds.
    Whoever sets the log level sees them all.
    """
    if LOG_LEVEL in os.environ:
        yield
        return
    os.environ[LOG_LEVEL] = "3"
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with _quiet():
    import tensorflow as tf

# TensorFlow ships no type stubs: a tensor or a variable has no better type than this.
Tensor: TypeAlias = Any

__all__ = ["Tensor", "compiled", "tf"]


def compiled(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Compile a function of tensors with XLA, or as a plain graph where XLA is missing.

    The choice is made at the first call.  A program that XLA refuses has not run, so the
    variables it assigns are as they were.
    """
    program: Callable[..., Tensor] = tf.function(function, jit_compile=True, autograph=False)
    known = False

    def call(*arguments: Tensor) -> Tensor:
        nonlocal program, known
        if known:
            return program(*arguments)
        try:
            result = program(*arguments)
        except (tf.errors.OpError, ValueError):
            # An error of the function itself is raised again.
            program = tf.function(function, autograph=False)
            result = program(*arguments)
        known = True
        return result

    return call
