"""Find expressions that are nested too deeply for any recursive pass."""

from lark import Token, Tree

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.limits import MAX_NESTING
from epochal.dsl.places import Places

_NESTING = frozenset(
    {"conditional", "binary", "compare", "unary", "restrict", "index", "call", "parenthesis"}
    | {"tuple_of", "list_of", "set_of"}
)


def find_too_deep(tree: Tree[Token], places: Places) -> tuple[Diagnostic, ...]:
    """Report each outermost expression that has more than ``MAX_NESTING`` levels.

    Walks with an explicit stack: the depth that it looks for would exhaust Python's.
    """
    found = []
    left: list[tuple[Tree[Token], int]] = [(tree, 0)]
    while left:
        branch, depth = left.pop()
        if branch.data in _NESTING:
            depth += 1
        if depth > MAX_NESTING:
            found.append(_too_deep(_first_token(branch), places))
            continue
        left += [(child, depth) for child in branch.children if isinstance(child, Tree)]
    return tuple(found)


def _first_token(branch: Tree[Token]) -> Token:
    child: Tree[Token] | Token = branch
    while isinstance(child, Tree):
        child = next(part for part in child.children if part is not None)
    return child


def _too_deep(token: Token, places: Places) -> Diagnostic:
    assert token.start_pos is not None
    assert token.end_pos is not None
    message = (
        f"this expression has more than {MAX_NESTING} levels: "
        "give its parts names of their own, on lines above"
    )
    return diagnose("E0134", message, places.span(token.start_pos, token.end_pos))
