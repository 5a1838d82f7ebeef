"""The words of the language that are not free as names."""

from collections.abc import Mapping
from types import MappingProxyType

from epochal.dsl.units import UNITS

# Literals: they mean the same in every expression.
RESERVED = frozenset({"true", "false", "none", "nan", "pi"})

# Words that begin a statement, or that hold an expression together.
STATEMENT_WORDS = frozenset(
    {"target", "weight", "ignore", "noise", "require", "repeat", "until", "during"}
    | {"and", "or", "not", "in", "if", "else", "as", "per", "with", "within"}
)

# The words that begin a block, and where such a block stands.
BLOCK_HOMES: Mapping[str, str] = MappingProxyType(
    {
        "task": "at the left edge of a file",
        "taskset": "at the left edge of a file",
        "experiment": "at the left edge of a .train file",
        "about": "in a task, a taskset or an experiment",
        "params": "in a task or a taskset",
        "session": "in a task",
        "blocks": "in a task",
        "inputs": "in a task or a taskset",
        "outputs": "in a task or a taskset",
        "trial": "in a task",
        "epochs": "in a task",
        "during": "in a task",
        "score": "in a task",
        "repeat": "in the `epochs` of a task",
        "train": "in an experiment",
        "curriculum": "in an experiment",
        "evaluate": "in an experiment",
        "stage": "in the `curriculum` of an experiment",
        "measure": "in the `evaluate` of an experiment",
    }
)


OPEN_LOOP = (
    "tasks are open loop: a whole trial is made before anyone responds, and no response changes it"
)
_KEEP = (
    "ask for what should be kept by a `target`, and count where it was not in `score:`, like "
    "`kept = min(fixation @ fix) > 0.5`"
)
_COUNT = "say in `score:` what counts, as `correct = e`, and by `weight` how much an error costs"
_SHOW = (
    "let the input follow from what is drawn in `trial:`, as if the right response had been given"
)

# Words of tasks in which responses act on the trial, and the usual form without that.
CLOSED_LOOP: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("abort", "terminate", "break_fixation", "end_trial", "timeout"), _KEEP),
        **dict.fromkeys(("reward", "rewards", "punish", "penalty"), _COUNT),
        **dict.fromkeys(("interactive", "on", "when", "observation", "action"), _SHOW),
    }
)


def why_not_a_name(word: str, *, value: bool) -> str | None:
    """Say why a word may not be declared, or None where it may.

    Parameters
    ----------
    value : bool
        Whether it would name a value (a param, a variable, an index).  Channels and epochs may
        be named like units, values may not.
    """
    if word in RESERVED:
        return "a literal of the language"
    if word in STATEMENT_WORDS:
        return "a word of the language"
    if value and word in UNITS:
        return "a unit"
    return None
