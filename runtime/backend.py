"""TensorFlow, started without its banners; the only place that imports it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from epochal.runtime.program_cache import keep_programs

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


keep_programs()
with _quiet():
    import tensorflow as tf

# TensorFlow ships no type stubs: a tensor or a variable has no better type than this.
Tensor: TypeAlias = Any

__all__ = ["Program", "Tensor", "compiled", "tf"]


class Program:
    """A function of tensors, compiled with XLA, or a plain graph where XLA is missing.

    The choice is made at the first call.  A program that XLA refuses has not run, so the
    variables it assigns are as they were.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._program = tf.function(function, jit_compile=True, autograph=False)
        self._known: dict[object, Callable[..., Tensor]] = {}

    def trace(self, *arguments: Tensor) -> None:
        """Write the program down for arguments like these, and run nothing.

        TensorFlow numbers what it makes, on whichever thread, and the numbers are part of a
        program.  One that is to be found again among those kept from an earlier process is traced
        while no other thread uses TensorFlow.
        """
        self._program.get_concrete_function(*arguments)

    def __call__(self, *arguments: Tensor) -> Tensor:
        """Run the program.

        What it was compiled to is found by the shapes of tensors here, because TensorFlow takes
        twice as long to find it, and warns of programs that have many.
        """
        key = tuple((one.shape, one.dtype) for one in arguments)
        known = self._known.get(key)
        return self._first(key, arguments) if known is None else known(*arguments)

    def _first(self, key: object, arguments: tuple[Tensor, ...]) -> Tensor:
        """Run the program for the first time on arguments of these shapes."""
        try:
            made = self._program.get_concrete_function(*arguments)
            result = made(*arguments)
        except (tf.errors.OpError, ValueError):
            if self._known:
                raise
            # An error of the function itself is raised again.
            self._program = tf.function(self._function, autograph=False)
            made = self._program.get_concrete_function(*arguments)
            result = made(*arguments)
        self._known[key] = made
        return result


def compiled(function: Callable[..., Tensor]) -> Program:
    """Compile a function of tensors."""
    return Program(function)
