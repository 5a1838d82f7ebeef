"""A session in plain English: how many trials follow each other, and what holds for a block."""

from epochal.compiler import ir
from epochal.compiler.prose import law_text, show

Rows = list[tuple[str, str]]


def session(task: ir.Task, longest: int) -> tuple[str, Rows]:
    """Say what one sequence is, and what each value of its blocks is; ("", []) for no session.

    ``longest`` is the longest a trial can be, in us.
    """
    if task.session is None:
        return "", []
    trials = task.session.trials
    seconds = trials * longest / 1_000_000
    several = "trials, one after another" if trials > 1 else "trial"
    head = f"Session (one sequence is {trials} {several}; at most {seconds:g} s)"
    if task.session.blocks is None:
        return head, []
    blocks = ("blocks", _length(task.session.blocks.length.definition))
    held = [v for v in task.variables if isinstance(v.definition, ir.PerBlock)]
    return head, [blocks, *((", ".join(v.names), _held(v.definition)) for v in held)]


def _length(definition: ir.Definition) -> str:
    """Say how long blocks are."""
    match definition:
        case ir.Drawn(law):
            length = law_text(law)
        case ir.Computed(value):
            length = show(value)
        case _:
            raise AssertionError(definition)
    return f"{length} trials each; the last one ends with the session"


def _held(definition: ir.Definition) -> str:
    """Say how a value of blocks is made."""
    assert isinstance(definition, ir.PerBlock)
    match definition.definition:
        case ir.Drawn(ir.Law("alternate", (ir.SetOf(levels),))):
            return f"from block to block {_listed(levels)} in turn; {_FIRST}"
        case ir.Drawn(ir.Law("markov", (ir.SetOf(levels), p, longest))):
            most = f", but at most {show(longest)} times in a row" if _is_finite(longest) else ""
            return (
                f"one of {_listed(levels)}; another in the next block with probability {show(p)}, "
                f"else the same{most}; {_FIRST}"
            )
        case ir.Drawn(law):
            return f"drawn from {law_text(law)}, once for each block"
        case ir.Computed(value):
            return f"computed: {show(value)}"


_FIRST = "which comes first is random, balanced over the sequences of a batch"


def _is_finite(longest: ir.Expr) -> bool:
    return longest != ir.Number("inf")


def _listed(levels: tuple[ir.Expr, ...]) -> str:
    return ", ".join(show(level) for level in levels)
