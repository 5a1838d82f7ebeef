"""Trials of a set of tasks: dealt out to its members, and put together again.

A member is a record of functions for the trials of one task: ``sample_trials(draw, **params)``,
``timeline(trials, dt)``, ``arrays(trials, dt)``, ``noise(trials, dt)``, ``score(outputs, trials,
dt)``; ``labels`` says for some columns where among the labels of the set its own stand.
"""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace

import numpy as np

from epochal.compiler.prelude.words import Array, Draw, Ints, Words

Table = Mapping[str, Array]
Part = tuple[Ints, SimpleNamespace, Table]


class MemberDraw(Draw):
    """Draws for some trials of a batch of n: each has the words that it has among all."""

    def __init__(self, n: int, seed: int, batch: int, stream: int, rows: Ints) -> None:
        super().__init__(len(rows), seed, batch, stream)
        self.n_batch, self.rows = n, rows

    def each(self, name: str, k: int, attempt: int = 0) -> Words:
        """Draw k words for each trial, (n, k)."""
        if not len(self.rows):
            return np.empty((0, k), np.uint64)
        words = self.words(name, self.n_batch * k, attempt)
        return words.reshape(self.n_batch, k)[self.rows]


def deal_members(draw: Draw, copies: tuple[int, ...]) -> Ints:
    """Deal members over trials, (n,): whole copies of the mix, the rest without replacement."""
    members = np.repeat(np.arange(len(copies)), copies)
    words = draw.words("design:members", len(members) + draw.n)
    cell = np.argsort(words[: len(members)], kind="stable")
    place = np.argsort(words[len(members) :], kind="stable")
    return members[cell[place % len(members)]]


def member_arguments(
    defaults: Mapping[str, Mapping[str, object]], given: Mapping[str, object]
) -> list[dict[str, object]]:
    """Lay arguments over the defaults of each member.

    An argument is named ``member.param``, or ``param`` for all members that have it.
    """
    known = {f"{member}.{name}" for member, own in defaults.items() for name in own}
    known |= {name for own in defaults.values() for name in own}
    for name in given:
        if name not in known:
            raise TypeError(f"no member has the parameter {name!r}; there are {sorted(known)}")
    return [
        {name: given.get(f"{member}.{name}", given.get(name, own[name])) for name in own}
        for member, own in defaults.items()
    ]


def by_member(trials: Table, members: tuple[SimpleNamespace, ...]) -> Iterator[Part]:
    """Yield each member that has trials: their rows, the member, and its own trial table."""
    for k, member in enumerate(members):
        rows = np.flatnonzero(trials["task"] == k)
        if len(rows):
            own = {name: column[rows] for name, column in trials.items()}
            for name, places in member.labels.items():
                own[name] = own_labels(own[name], places)
            yield rows, member, own


def joined_tables(parts: list[Part], n: int, columns: Mapping[str, float]) -> dict[str, Array]:
    """Put tables of members together, each column (N_batch, ..).

    ``columns`` says what stands where a member lacks a column: nan, -1 for no label, or False.
    """
    table = {}
    for name, empty in columns.items():
        mine = [(rows, member, own[name]) for rows, member, own in parts if name in own]
        kinds = [part.dtype for _, _, part in mine]
        lacking = len(mine) < len(parts)
        if lacking:
            kinds.append(np.asarray(empty).dtype)
        shapes = [part.shape[1:] for _, _, part in mine]
        shape = np.max(shapes, axis=0).astype(int) if mine else ()  # of the events of pulse trains
        some = empty if lacking or len(set(shapes)) > 1 else 0
        column = np.full((n, *shape), some, np.result_type(*kinds))
        for rows, member, part in mine:
            places = member.labels.get(name)
            inside: tuple[Ints | slice, ...] = (rows, *(slice(k) for k in part.shape[1:]))
            column[inside] = part if places is None else np.append(places, -1)[part]
        table[name] = column
    return table


def own_labels(column: Ints, places: tuple[int, ...]) -> Ints:
    """Turn positions among the labels of the set into those of a member; -1 is none."""
    own = np.full(max(places) + 2, -1)
    own[list(places)] = np.arange(len(places))
    return own[column]
