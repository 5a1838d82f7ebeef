"""Functions of tensors run as they are: a small network takes longer to compile than to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Plain:
    """Stands in for `epochal.runtime.backend.Program`, and compiles nothing."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def trace(self, *_: Any) -> None:
        """Do without a program."""

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)
