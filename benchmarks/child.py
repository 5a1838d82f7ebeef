"""What needs a process of its own: ``python -m benchmarks.child NAME ARGUMENTS`` prints JSON.

Here stands only where to look at the clock or the memory; what runs is ``epochal train``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path


def first_update(began: float, arguments: list[str]) -> None:
    """Run ``epochal train`` to the end of its first update.

    Prints ``ms`` from ``began`` (seconds since 1970, when the process was started) without the
    import of TensorFlow, and ``tensorflow``, that import in ms.
    """
    before = time.time()
    from epochal.runtime.backend import tf  # noqa: F401

    imported = time.time() - before
    from epochal.runtime.train import _Run

    update = _Run.update

    def watched(self: _Run, feed: tuple[object, ...]) -> None:
        """Update, and end the process."""
        update(self, feed)
        tell({"ms": (time.time() - began - imported) * 1000, "tensorflow": imported * 1000})
        os._exit(0)

    _Run.update = watched  # type: ignore[method-assign]
    from epochal.cli import main

    sys.argv = ["epochal", "train", *arguments]
    main()


def memory(_: float, arguments: list[str]) -> None:
    """Run ``epochal train`` whole; print the most memory it had, in MB."""
    from epochal.cli import main

    sys.argv = ["epochal", "train", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    tell({"mb": most_bytes() / 1e6})


def most_bytes() -> float:
    """Count the most memory that this process had.

    What `getrusage` tells of a new process begins with the memory of the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():  # Linux
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return float(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most * (1 if sys.platform == "darwin" else 1024))


def tell(found: dict[str, float]) -> None:
    """Print the last line, which is read."""
    print(json.dumps(found), flush=True)


CHILDREN: dict[str, Callable[[float, list[str]], None]] = {
    "first_update": first_update,
    "memory": memory,
}


if __name__ == "__main__":
    CHILDREN[sys.argv[1]](float(sys.argv[2]), sys.argv[3:])
