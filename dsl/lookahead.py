"""Which terminals can stand next, exactly."""

from collections.abc import Sequence

from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_parser_state import ParseConf


def acceptable(tables: ParseConf[int], stack: Sequence[int]) -> frozenset[str]:
    """Find the terminals that can be shifted from a stack of parser states.

    The table of the last state names more: LALR merges states, so that a terminal may lead
    through reductions to an error.  Lark's own ``accepts`` finds the same set, and copies the
    whole stack for each terminal.
    """
    candidates = (name for name in tables.states[stack[-1]] if name.isupper())
    return frozenset(name for name in candidates if _is_acceptable(tables, stack, name))


def _is_acceptable(tables: ParseConf[int], stack: Sequence[int], terminal: str) -> bool:
    """Follow the reductions that a terminal causes; ``pushed`` lies above what is kept."""
    kept, pushed = len(stack) - 1, [stack[-1]]
    while True:
        step = tables.states[pushed[-1] if pushed else stack[kept - 1]].get(terminal)
        if step is None:
            return False
        action, rule = step
        if action is Shift:
            return True
        size = len(rule.expansion)
        kept -= max(0, size - len(pushed))
        del pushed[max(0, len(pushed) - size) :]
        below = pushed[-1] if pushed else stack[kept - 1]
        pushed.append(tables.states[below][rule.origin.name][1])
        if pushed[-1] == tables.end_state:
            return terminal == "$END"
