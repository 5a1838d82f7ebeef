"""Which loops a printed module may hold: none over trials.

The rule: a printed function loops over nothing but the attempts of a `require`.  A function of the
prelude may loop over constants, over the values or units of a row, over chunks of many trials, or
over the steps of a scan; each such loop stands in this list.
"""

import ast
from functools import cache

ATTEMPTS = "for attempt in range(ATTEMPTS)"

ALLOWED = {
    "add_noise": {
        "for block in range(0, n_batch, 256)",  # chunks of trials
        "for first in range(block, min(block + 256, n_batch), chunk)",
        "for unit in range(n_units)",
    },
    "kept": {"for column in columns"},  # the columns of a list of rows
    "event_words": {
        "for i in range(-(-n_events // 16))",  # groups of events
        "for words in parts",
    },
    "event_times": {"for x in (rate, refractory, over)"},
    "step_normals": {
        "for part in ('seed', 'batch', 'stream')",
        "for one in np.unique(key, axis=0)",  # whole batches
        "for k in range(n_steps)",  # the steps of a scan
    },
    "call_extern": {"for one in arguments", "for one in columns", "for x in columns"},
    "ou": {"for k in range(1, z.shape[1])"},
    "ema": {"for i in range(1, laid.shape[1])"},
    "row_sum": {"for i in range(1, x.shape[1])"},  # the values of an array
    "markov": {"for block in range(1, blocks)"},  # each block follows from the one before
    "power": {"while count.any()"},  # the bits of an exponent
    "poisson": {"for i in range(1, most + 1)"},  # the terms of a sum
    "truncnormal": {"for redraw in range(20000 * attempt, 20000 * (attempt + 1))"},
    "polynomial_ratio": {
        "for a, b in zip(coefficients[0][::-1], coefficients[1][::-1], strict=True)"
    },
    "lookup": {
        "for row in table",  # the rows of a table, as written
        "for one, part in zip(keys, row if isinstance(row, tuple) else (row,), strict=True)",
        "for value in table.values()",
    },
    "row_of": {"for key, column in zip(keys, columns, strict=True)"},  # the parts of a key
    "portable_log": {"for k in range(21, 0, -2)"},  # the terms of a series
    "portable_exp": {"for j in range(13, 0, -1)"},
    "sin_ahead": {"for j in range(16, 0, -2)"},
}

LOOPS = (ast.For, ast.While, ast.comprehension)


def forbidden_loops(text: str) -> list[str]:
    """List the loops of a module that the rule does not allow, each with its function."""
    pieces = text.split("\n\n\n")  # one definition each: most come again in other modules
    return [loop for piece in pieces for loop in _forbidden(piece)]


@cache
def _forbidden(text: str) -> tuple[str, ...]:
    found = []
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for part in ast.walk(node):
            if isinstance(part, LOOPS):
                head = _head(part)
                if head != ATTEMPTS and head not in ALLOWED.get(node.name, set()):
                    found.append(f"{node.name}: {head}")
    return tuple(found)


def _head(loop: ast.For | ast.While | ast.comprehension) -> str:
    if isinstance(loop, ast.While):
        return f"while {ast.unparse(loop.test)}"
    target = ast.unparse(loop.target).removeprefix("(").removesuffix(")")  # as Python has it
    return f"for {target} in {ast.unparse(loop.iter)}"
