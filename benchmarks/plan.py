"""What all measurements are given: how many rounds, and which peers there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from benchmarks.rows import NotMeasured, Row, missing
from benchmarks.worker import Worker


class Beside(Protocol):
    """Measures a row, given the process of a peer."""

    def __call__(self, row: Row, *, peer: Worker) -> Row:
        """Give the row with its values."""


class HasPeers(Protocol):
    """Where workers come from."""

    def worker(self, peer: str) -> AbstractContextManager[Worker]:
        """Start a peer's process, or raise NotMeasured."""


@dataclass(frozen=True)
class Plan:
    """How thoroughly to measure.

    Attributes
    ----------
    peers
        Where workers come from.
    quick
        Two rounds of everything and small growth, to see that all of it works.
    versions
        Of the peers that took part; filled as they do.
    """

    peers: HasPeers
    quick: bool = False
    versions: dict[str, str] = field(default_factory=dict)

    def rounds(self, many: int) -> int:
        """Give the number of rounds."""
        return min(many, 2) if self.quick else many

    def few(self, many: tuple[int, ...]) -> tuple[int, ...]:
        """Give the sizes of something that grows, in quick runs the first three alone."""
        return many[:3] if self.quick else many

    def beside(self, peer: str, rows: list[Row], run: Beside) -> Iterator[Row]:
        """Measure rows beside one peer; where it is missing, they say so.

        Parameters
        ----------
        rows
            As they begin: names and targets.
        run
            Measures one of them, given the peer's process.
        """
        try:
            with self.peers.worker(peer) as worker:
                self.versions.update(worker.versions)
                for row in rows:
                    yield attempt(row, partial(run, peer=worker))
        except NotMeasured as reason:
            for row in rows:
                yield missing(row, reason)


Measure = Callable[[Plan], Iterator[Row]]


def attempt(row: Row, run: Callable[[Row], Row]) -> Row:
    """Measure a row, or say why it is not measured."""
    try:
        return run(row)
    except NotMeasured as reason:
        return missing(row, reason)
