"""Literals of every kind and unit."""

from programs.pen import Pen

NUMBERS = (
    "0 1 2 3 5 0.5 0.25 1.5 10 50% 12.8% 1e-1 2e0 -1 -0.5 0.1 3.14159265358979 pi 1e-3 700".split()
)
FREQUENCIES = ["2 Hz", "5 Hz", "18 Hz", "0.02 kHz", "12.5 Hz"]
ANGLES = ["0 deg", "30 deg", "90 deg", "180 deg", "270 deg", "359.5 deg", "1 rad", "400 deg"]
TIMES = ["0 ms", "5 ms", "10 ms", "20 ms", "35 ms", "0.03 s", "7 ms"]
FINE_TIMES = ["12345 us", "7.5 ms", "499 us", "3.333 ms", "500 us", "1 us"]


def literal(pen: Pen, kind: str) -> str:
    """Write a literal of a kind."""
    match kind:
        case "number":
            return pen.one_of(NUMBERS)
        case "time":
            return pen.one_of(FINE_TIMES if pen.takes("fine time") else TIMES)
        case "frequency":
            return pen.one_of(FREQUENCIES)
        case "angle":
            return pen.one_of(ANGLES)
        case "boolean":
            return pen.one_of(["true", "false"])
    raise AssertionError(kind)


UNITS = {"number": "", "time": " ms", "frequency": " Hz", "angle": " deg"}


def quantity(value: float, kind: str) -> str:
    """Write a number in the unit that bounds are kept in."""
    text = f"{value:g}"
    return f"{text}{UNITS[kind]}"
