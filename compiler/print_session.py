"""Printing what sessions add to ``sample_trials``: blocks, and the columns that count."""

from msgspec.structs import replace

from epochal.compiler import ir
from epochal.compiler.print_draws import Drawing, variable_lines
from epochal.compiler.print_line import line

TRIALS, BLOCKS = "SESSION", "BLOCKS"
"""The constants of a printed module that size its sessions."""

LENGTH = "stop[:, PADDING - 1]"
"""How long each trial is, in steps: the last segment before the padding stops there."""


def is_wider(variable: ir.Variable) -> bool:
    """Whether a variable is made before the trials are drawn."""
    return isinstance(variable.definition, ir.PerBlock | ir.Counter)


def constants(task: ir.Task) -> list[str]:
    """Print how many trials and blocks a sequence has."""
    if task.session is None:
        return []
    lines = [f"{TRIALS} = {task.session.trials}  # trials of a sequence"]
    if task.session.blocks is not None:
        lines.append(f"{BLOCKS} = {task.session.blocks.most}  # blocks of a sequence, at most")
    return lines


def rows(task: ir.Task, job: Drawing) -> list[str]:
    """Print the blocks of each sequence, then how many rows its trials make."""
    if task.session is None:
        return []
    if task.session.blocks is None:
        return [line(f"n = n * {TRIALS}  # one row a trial"), *_counted(job)]
    return [
        *_blocks(task, task.session.blocks, job),
        "",
        line(f"n = sequences * {TRIALS}  # one row a trial"),
        *_counted(job),
    ]


def _blocks(task: ir.Task, blocks: ir.Blocks, job: Drawing) -> list[str]:
    """Print a table of one row a block, and how its columns are held for the trials."""
    held = [v for v in task.variables if isinstance(v.definition, ir.PerBlock)]
    values = [_inner(variable) for variable in held]
    lines = [line(f"sequences, n = n, n * {BLOCKS}  # one row a block")]
    if any(isinstance(v.definition, ir.Drawn) for v in (*values, blocks.length)):
        lines.append(line("draw = Draw(n, seed, batch, stream)"))
    block = job.names.value(ir.Count.BLOCK.value)
    lines.append(line(f"{block} = np.arange(n) % {BLOCKS}"))
    for variable in values:
        lines += variable_lines(variable, job)
    lines += variable_lines(blocks.length, job)
    place = job.names.value(ir.Count.IN_BLOCK.value)
    lines.append(line(f"row, {place} = trials_of_blocks(length, {BLOCKS}, {TRIALS})"))
    columns = [block, *(job.names.value(name) for v in held for name in v.names)]
    return lines + [line(f"{name} = {name}[row]") for name in columns]


def _inner(variable: ir.Variable) -> ir.Variable:
    assert isinstance(variable.definition, ir.PerBlock)
    return replace(variable, definition=variable.definition.definition)


def _counted(job: Drawing) -> list[str]:
    """Print the place of each trial in its sequence."""
    name = job.names.value(ir.Count.IN_SESSION.value)
    return [line(f"{name} = np.arange(n) % {TRIALS}")]
