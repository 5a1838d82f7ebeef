"""The known name that a misspelled one probably means."""

from collections.abc import Iterable

# One slip in a short word, two in a longer one, three in a long one.
_SLIPS = ((3, 1), (7, 2))
_MOST_SLIPS = 3
_LONGEST = 64  # no name is that long by accident, and distance costs its square


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known name nearest to a word, or None where nothing is near.

    The distance counts inserted, deleted, replaced and swapped letters; case does not count.
    The earliest of equally near names wins.

    Examples
    --------
    >>> nearest("inpts", ["inputs", "outputs"])
    'inputs'
    >>> nearest("colour", ["motion"])
    """
    if len(word) > _LONGEST:
        return None
    best, least = None, _allowed(len(word)) + 1
    for name in known:
        if abs(len(name) - len(word)) < least:
            slips = _distance(word.lower(), name.lower())
            if slips < least:
                best, least = name, slips
    return best


def _allowed(length: int) -> int:
    if length < 2:
        return 0
    return next((slips for limit, slips in _SLIPS if length <= limit), _MOST_SLIPS)


def _distance(one: str, other: str) -> int:
    """Count the slips between two words (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
