"""Batches made on a thread of their own, one ahead of the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

Made = TypeVar("Made")


def prefetched(
    make: Callable[[int], Made], ahead: int = 2, first: int = 0
) -> Generator[Made, None, None]:
    """Yield ``make(first)``, ``make(first + 1)``, ... for ever, made on one other thread.

    An exception of ``make`` is raised where its value was due.  Closing the iterator ends the
    thread (``contextlib.closing``).
    """
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="epochal-batches")
    try:
        waiting = deque(thread.submit(make, first + i) for i in range(ahead))
        for following in count(first + ahead):
            made = waiting.popleft().result()
            waiting.append(thread.submit(make, following))
            yield made
    finally:
        thread.shutdown(cancel_futures=True)
