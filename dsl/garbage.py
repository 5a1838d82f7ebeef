"""Python's search for garbage, put off while all that is made is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_put_off() -> Iterator[None]:
    """Let nothing search for garbage meanwhile; as a decorator, while a function runs.

    A search goes through all objects that there are, so that many of them, made while the objects
    of a long file grow in number, cost as the square of its length.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
