"""The distributions of the language: one row each, with types, bounds and documentation."""

import math
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction

from msgspec import Struct

Bound = Fraction | float
Bounds = tuple[Bound, Bound]


class Kind(Enum):
    """What an argument of a distribution must be.

    ``QUANTITY`` arguments share one type, which is the type of the draw.
    """

    QUANTITY = "quantity"
    NUMBER = "plain number"
    TIME = "time"
    FREQUENCY = "frequency"
    SET = "set"
    MEMBER = "value of the set"
    LAW = "distribution"


class Argument(Struct, frozen=True):
    """One argument: its name, its kind and, where it may be left out, its default."""

    name: str
    kind: Kind
    default: str | None = None


class Distribution(Struct, frozen=True):
    """One distribution.

    Attributes
    ----------
    support : callable
        From the bounds of the arguments to the bounds of the draw.
    whole : bool
        Whether it gives whole numbers.
    law : str
        The law in one line, for the documentation.
    over_time : bool
        Whether it is a process, whose draws are signals.
    """

    name: str
    arguments: tuple[Argument, ...]
    support: Callable[[tuple[Bounds, ...]], Bounds]
    law: str
    whole: bool = False
    over_time: bool = False


def _ends(bounds: tuple[Bounds, ...]) -> Bounds:
    return bounds[0][0], bounds[1][1]


def _last_two(bounds: tuple[Bounds, ...]) -> Bounds:
    return bounds[-2][0], bounds[-1][1]


def _everything(_: tuple[Bounds, ...]) -> Bounds:
    return -math.inf, math.inf


def _set(bounds: tuple[Bounds, ...]) -> Bounds:
    return bounds[0]


def _truth(_: tuple[Bounds, ...]) -> Bounds:
    return Fraction(0), Fraction(1)


def _up_to_last(bounds: tuple[Bounds, ...]) -> Bounds:
    return Fraction(0), bounds[-1][1]


def _pulses(bounds: tuple[Bounds, ...]) -> Bounds:
    """Bound the sum of pulses that may all overlap."""
    (low, high), (_, most) = bounds[3], bounds[-1]
    none = Fraction(0)
    return (none if low >= 0 else low * most), (none if high <= 0 else high * most)


_LOW = Argument("low", Kind.QUANTITY)
_HIGH = Argument("high", Kind.QUANTITY)
_MEAN = Argument("mean", Kind.QUANTITY)
_SD = Argument("sd", Kind.QUANTITY)

_ROWS = (
    Distribution("uniform", (_LOW, _HIGH), _ends, "every value from low to high alike"),
    Distribution("normal", (_MEAN, _SD), _everything, "Gaussian, unbounded"),
    Distribution(
        "truncnormal",
        (_MEAN, _SD, Argument("min", Kind.QUANTITY), Argument("max", Kind.QUANTITY)),
        _last_two,
        "Gaussian, conditional on [min, max]",
    ),
    Distribution(
        "exponential",
        (_MEAN, Argument("min", Kind.QUANTITY, "0"), Argument("max", Kind.QUANTITY, "inf")),
        _last_two,
        "min plus an exponential time of the given mean, conditional on [min, max]",
    ),
    Distribution(
        "geometric",
        (
            Argument("p", Kind.NUMBER),
            Argument("min", Kind.NUMBER, "1"),
            Argument("max", Kind.NUMBER, "inf"),
        ),
        _last_two,
        "number of attempts until the first success, conditional on [min, max]",
        whole=True,
    ),
    Distribution(
        "poisson",
        (Argument("rate", Kind.NUMBER), Argument("max", Kind.NUMBER)),
        _up_to_last,
        "count of events of the given expected number, at most max",
        whole=True,
    ),
    Distribution("bernoulli", (Argument("p", Kind.NUMBER),), _truth, "true with probability p"),
    Distribution(
        "integers",
        (Argument("low", Kind.NUMBER), Argument("high", Kind.NUMBER)),
        _ends,
        "every whole number from low to high alike, both ends included",
        whole=True,
    ),
    Distribution("choice", (Argument("set", Kind.SET),), _set, "a member of the set, by weight"),
    Distribution(
        "except",
        (Argument("set", Kind.SET), Argument("value", Kind.MEMBER)),
        _set,
        "a member of the set other than the value",
    ),
    Distribution(
        "quantize",
        (Argument("law", Kind.LAW), Argument("step", Kind.QUANTITY)),
        _set,
        "a draw from the law, rounded to the nearest multiple of the step",
    ),
    Distribution(
        "sample",
        (Argument("set", Kind.SET), Argument("n", Kind.NUMBER)),
        _set,
        "n members of the set in random order, none twice",
    ),
    Distribution(
        "shuffled",
        (Argument("set", Kind.SET),),
        _set,
        "all members of the set in random order",
    ),
    Distribution(
        "permutation",
        (Argument("n", Kind.NUMBER),),
        _set,
        "the numbers 0 to n - 1 in random order",
    ),
    Distribution(
        "alternate",
        (Argument("set", Kind.SET),),
        _set,
        "block by block the next level of the set, round and round, the first at random",
    ),
    Distribution(
        "markov",
        (
            Argument("set", Kind.SET),
            Argument("p", Kind.NUMBER),
            Argument("longest", Kind.NUMBER, "inf"),
        ),
        _set,
        "in every block another level with probability p, at most longest blocks the same",
    ),
    Distribution(
        "in turn",
        (Argument("set", Kind.SET),),
        _set,
        "each member once in as many successive batches as there are members",
    ),
    Distribution(
        "balanced",
        (Argument("set", Kind.SET),),
        _set,
        "a factor of the design: every batch holds whole copies",
    ),
    Distribution(
        "pulse_train",
        (
            Argument("rate", Kind.FREQUENCY),
            Argument("width", Kind.TIME),
            Argument("refractory", Kind.TIME, "width"),
            Argument("values", Kind.SET, "{1}"),
            Argument("over", Kind.TIME, "the longest trial"),
        ),
        _pulses,
        "pulses at random times, their gaps the refractory time plus an exponential one",
        over_time=True,
    ),
    Distribution(
        "ou",
        (Argument("sd", Kind.NUMBER), Argument("tau", Kind.TIME)),
        _everything,
        "an Ornstein-Uhlenbeck process of mean 0 and this sd, started from its stationary law",
        over_time=True,
    ),
    Distribution(
        "random_walk",
        (Argument("sd", Kind.NUMBER),),
        _everything,
        "a random walk from 0 with independent normal steps, of this sd after one second",
        over_time=True,
    ),
)

BLOCK_LAWS = frozenset({"alternate", "markov"})
"""Laws that run on from block to block."""

IN_TURN = "in turn"
"""The law of `balanced(..) per batch`: every K successive batches hold each of K levels once."""

DISTRIBUTIONS: Mapping[str, Distribution] = {row.name: row for row in _ROWS}
