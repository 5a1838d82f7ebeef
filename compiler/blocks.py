"""Values that hold for a block: what they may follow."""

from epochal.compiler import ir
from epochal.compiler.distributions import BLOCK_LAWS
from epochal.compiler.scope import Scope
from epochal.compiler.walk import definition_expressions, looks_back, refs
from epochal.dsl import syntax
from epochal.dsl.diagnostic import Note


def held(
    definition: ir.Definition, target: syntax.Node, scope: Scope, *, trial: bool = False
) -> ir.PerBlock | None:
    """Make a definition one for a whole block; it must not follow what differs between trials.

    ``trial`` says that it is written in ``trial:``.
    """
    if trial and (scope.session is None or scope.session.blocks is None):
        if "block" not in scope.report.excused:
            message = "`per block` needs `session:` and `blocks:`: this task has no blocks"
            scope.report.error("E0431", message, target.span)
        return None
    if isinstance(definition, ir.Factor):
        scope.report.error(
            "E0434",
            "a balanced variable is dealt to the trials of a sequence and cannot hold for a block",
            target.span,
            Note("to balance which level comes first, write `alternate({..})`; or draw the level"),
        )
        return None
    assert isinstance(definition, ir.Drawn | ir.Computed)
    if isinstance(definition, ir.Drawn) and definition.size and _runs_on(definition.law):
        message = "a law that runs on from block to block gives one value, not an array"
        scope.report.error("E0325", message, target.span)
        return None
    parts = definition_expressions(definition)
    if any(looks_back(part) for part in parts):
        message = "`previous` looks back by a trial, and this holds for a whole block"
        scope.report.error("E0436", message, target.span)
        return None
    for ref in (ref for part in parts for ref in refs(part) if ref.role is ir.Role.VARIABLE):
        if not scope.symbols[ref.name].per_block:
            _differs(ref.name, target, scope)
            return None
    return ir.PerBlock(definition)


def _runs_on(law: ir.Distribution) -> bool:
    return isinstance(law, ir.Law) and law.name in BLOCK_LAWS


def _differs(name: str, target: syntax.Node, scope: Scope) -> None:
    symbol = scope.symbols[name]
    where = Note("declared here", symbol.span)
    if symbol.per_batch:
        message = f"what holds for a block cannot follow `{name}`, which is made with the trials"
    else:
        message = f"what holds for a block cannot follow `{name}`, which differs between trials"
    hint = Note("it may follow parameters and what stands in `blocks:` or is drawn `per block`")
    scope.report.error("E0435", message, target.span, where, hint)
