"""``python -m benchmarks [NAME...]``: run measurements and print their tables."""

import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from benchmarks import forgetting, generation, learning, startup


class Row(Protocol):
    """A result that lays itself out."""

    def row(self) -> str:
        """Lay out one line of a table."""


MEASUREMENTS: dict[str, Callable[[], Sequence[Row]]] = {
    "generation": generation.measure,
    "startup": startup.measure,
    "learning": learning.measure,
    "forgetting": forgetting.measure,
}


def main(names: list[str]) -> int:
    """Run the named measurements, all of them by default."""
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"no measurement {unknown[0]}: there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    for name in names or MEASUREMENTS:
        print(f"{name}", flush=True)
        for result in MEASUREMENTS[name]():
            print(f"  {result.row()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
