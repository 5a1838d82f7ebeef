"""A peer that does next to nothing, for tests of how peers are measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from benchmarks.peers.protocol import serve


def nap(ms: float) -> Callable[[], object]:
    print("a peer may print what it likes")
    return lambda: time.sleep(ms / 1000)


def once(size: int) -> Callable[[], object]:
    """Be prepared once for each size, or fail."""
    if size in PREPARED:
        raise RuntimeError(f"{size} was prepared already")
    PREPARED.append(size)
    return lambda: None


def fail() -> Callable[[], object]:
    raise RuntimeError("this one cannot")


def die() -> Callable[[], object]:
    print("it is over", file=sys.stderr, flush=True)
    sys.exit(3)


PREPARED: list[int] = []


if __name__ == "__main__":
    if "--dead" in sys.argv:
        sys.exit("it cannot even start")
    serve({"nap": nap, "once": once, "fail": fail, "die": die}, ("numpy",))
