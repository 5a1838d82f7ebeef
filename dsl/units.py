"""The table of units."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from msgspec import Struct


class Dimension(Enum):
    """What a quantity measures."""

    NUMBER = "number"
    TIME = "time"
    FREQUENCY = "frequency"
    ANGLE = "angle"


class Unit(Struct, frozen=True):
    """One unit that may follow a number.

    Attributes
    ----------
    base : str
        The unit of the values that the compiler holds: us, Hz, "" for plain numbers; an angle
        stays in the unit it is written in.
    factor : Decimal
        How many of ``base`` one of this unit is, exactly.
    """

    name: str
    dimension: Dimension
    base: str
    factor: Decimal


def _unit(name: str, dimension: Dimension, base: str, factor: str) -> Unit:
    return Unit(name, dimension, base, Decimal(factor))


UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        unit.name: unit
        for unit in (
            _unit("us", Dimension.TIME, "us", "1"),
            _unit("ms", Dimension.TIME, "us", "1000"),
            _unit("s", Dimension.TIME, "us", "1000000"),
            _unit("min", Dimension.TIME, "us", "60000000"),
            _unit("Hz", Dimension.FREQUENCY, "Hz", "1"),
            _unit("kHz", Dimension.FREQUENCY, "Hz", "1000"),
            _unit("deg", Dimension.ANGLE, "deg", "1"),
            _unit("rad", Dimension.ANGLE, "rad", "1"),
            _unit("%", Dimension.NUMBER, "", "0.01"),
        )
    }
)

_SYNONYMS = {
    "us": ("usec", "usecs", "microsecond", "microseconds"),
    "ms": ("msec", "msecs", "milli", "millis", "millisecond", "milliseconds"),
    "s": ("sec", "secs", "second", "seconds"),
    "min": ("mins", "minute", "minutes"),
    "Hz": ("hertz", "cps"),
    "kHz": ("kilohertz",),
    "deg": ("degs", "degree", "degrees"),
    "rad": ("rads", "radian", "radians"),
    "%": ("percent", "per_cent", "pct"),
}

# Other spellings of the units, in lower case.
SYNONYMS: Mapping[str, str] = MappingProxyType(
    {name.lower(): name for name in UNITS}
    | {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms}
)
