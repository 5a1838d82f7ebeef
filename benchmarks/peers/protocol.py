"""How a peer is measured: it runs a named action so many times and answers with the time.

One line of JSON each way.  The process begins with ``{"actions": [...], "versions": {...}}``;
``{"action": "step", "sizes": {"units": 50}, "times": 3}`` is answered by ``{"ms": 12.5}``, the mean
of one, or by ``{"error": "..."}``.  An action is prepared when it is first asked for with these
sizes, outside the time; ``"times": 0`` does only that.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from time import perf_counter
from typing import TypeAlias

Prepare: TypeAlias = Callable[..., Callable[[], object]]
"""Takes sizes by name and gives what is to be timed."""


def serve(actions: Mapping[str, Prepare], packages: tuple[str, ...]) -> None:
    """Answer until standard input ends.

    Parameters
    ----------
    packages
        Whose versions are told.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a peer prints is no answer
    ready: dict[str, Callable[[], object]] = {}
    versions = {name: version(name) for name in packages}
    print(json.dumps({"actions": list(actions), "versions": versions}), file=answers)
    for line in sys.stdin:
        print(json.dumps(_answer(actions, ready, line)), file=answers)


def _answer(
    actions: Mapping[str, Prepare], ready: dict[str, Callable[[], object]], line: str
) -> dict[str, object]:
    try:
        asked = json.loads(line)
        name, sizes = asked["action"], asked.get("sizes", {})
        key = f"{name} {json.dumps(sizes, sort_keys=True)}"
        if key not in ready:
            ready[key] = actions[name](**sizes)
        return {"ms": _time(ready[key], asked["times"])}
    except Exception as error:  # whatever a peer raises is told
        return {"error": f"{type(error).__name__}: {error}"}


def _time(action: Callable[[], object], repeats: int) -> float:
    start = perf_counter()
    for _ in range(repeats):
        action()
    return (perf_counter() - start) / max(repeats, 1) * 1000
