"""The hand that writes: it makes the choices and remembers which constructs it wrote."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from programs.constructs import SHARES, WEIGHTS

Thing = TypeVar("Thing")


class Pen:
    """Makes the choices of one program.

    Parameters
    ----------
    whole : callable
        Gives a whole number between two others, both included; from Hypothesis or from `random`.
    """

    def __init__(self, whole: Callable[[int, int], int]) -> None:
        self.whole = whole
        self.written: set[str] = set()

    def one_of(self, things: Sequence[Thing]) -> Thing:
        return things[self.whole(0, len(things) - 1)]

    def some(self, things: Sequence[Thing], least: int = 0, most: int = 99) -> list[Thing]:
        """Take some things, none twice, in their order."""
        wanted = self.whole(least, min(most, len(things)))
        left = list(range(len(things)))
        while len(left) > wanted:
            left.pop(self.whole(0, len(left) - 1))
        return [things[i] for i in left]

    def takes(self, construct: str) -> bool:
        """Decide whether a construct stands here."""
        taken = self.whole(1, 100) > 100 - SHARES[construct]
        if taken:
            self.written.add(construct)
        return taken

    def choose(self, group: str, among: Sequence[str]) -> str:
        """Choose one construct of a group by weight."""
        weights = [WEIGHTS.get(f"{group}.{name}", 2) for name in among]
        place = self.whole(1, sum(weights))
        for name, weight in zip(among, weights, strict=True):
            place -= weight
            if place <= 0:
                self.written.add(f"{group}.{name}")
                return name
        raise AssertionError("weights add up")

    def write(self, group: str, writers: Mapping[str, Callable[[], str | None]]) -> str | None:
        """Let one of some writers write; those that cannot give None, and others try."""
        left = dict(writers)
        while left:
            before = set(self.written)
            name = self.choose(group, list(left))
            text = left.pop(name)()
            if text is not None:
                return text
            self.written = before
        return None

    def group(self, prefix: str) -> list[str]:
        """List the constructs of a group."""
        head = f"{prefix}."
        return [name.removeprefix(head) for name in WEIGHTS if name.startswith(head)]
