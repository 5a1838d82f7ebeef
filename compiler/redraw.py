"""Which draws a `require` redraws, and in what order variables are then made.

A requirement redraws, trial by trial, the draws it depends on, directly or through computed
variables, never factors.  Requirements that share a draw are met together.  What lies between
those draws and the requirement is made anew in every attempt; what merely follows comes after.
Where the law of a draw follows another draw, requirements on that one are met first.
"""

from msgspec import Struct

from epochal.compiler import ir
from epochal.compiler.walk import definition_expressions, refs


class Attempted(Struct, frozen=True):
    """Variables that are made again and again until some requirements hold.

    ``redrawn`` are the draws that each attempt draws anew; ``variables`` are all that an attempt
    makes, in order.
    """

    variables: tuple[ir.Variable, ...]
    redrawn: frozenset[str]
    requirements: tuple[ir.Requirement, ...]


Made = ir.Variable | Attempted

_Group = tuple[set[str], list[ir.Requirement]]


def schedule(task: ir.Task) -> tuple[Made, ...]:
    """Put variables and attempts in an order in which each finds what it needs."""
    groups = attempts_of(task)
    order: list[Made] = []
    waiting = list(task.variables)
    done: set[str] = set()
    members = {name for group in groups for v in group.variables for name in v.names}
    while waiting or groups:
        ready = next((v for v in waiting if _ready(v, done) and not set(v.names) & members), None)
        group = next((g for g in groups if _group_ready(g, done)), None)
        if group is not None and (ready is None or _first(group, task) < _place(ready, task)):
            order.append(group)
            groups.remove(group)
            made = [name for v in group.variables for name in v.names]
            waiting = [v for v in waiting if not set(v.names) & set(made)]
        else:
            assert ready is not None, "a variable waits for one that is never made"
            order.append(ready)
            made = list(ready.names)
            waiting.remove(ready)
        done |= set(made)
    return tuple(order)


def draws_of(requirement: ir.Requirement, variables: tuple[ir.Variable, ...]) -> frozenset[str]:
    """Name the draws that a requirement depends on, directly or through computed variables."""
    by_name = {name: variable for variable in variables for name in variable.names}
    found: set[str] = set()
    wanted = [ref.name for ref in refs(requirement.condition)]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in by_name:
            continue
        seen.add(name)
        match by_name[name].definition:
            case ir.Drawn(per_batch=False):
                found |= set(by_name[name].names)
            case ir.Computed(value):
                wanted += [ref.name for ref in refs(value)]
    return frozenset(found)


def attempts_of(task: ir.Task) -> list[Attempted]:
    """Group the requirements that are met together, each with what an attempt makes."""
    merged: list[_Group] = []
    for requirement in task.requirements:
        draws = set(draws_of(requirement, task.variables))
        if not draws:
            continue
        mine = [requirement]
        for other in [one for one in merged if one[0] & draws]:
            draws |= other[0]
            mine = other[1] + mine
            merged.remove(other)
        merged.append((draws, mine))
    while (pair := _entangled(merged, task)) is not None:
        draws, mine = merged.pop(pair[1])
        merged[pair[0]] = merged[pair[0]][0] | draws, merged[pair[0]][1] + mine
    return [_attempted(task, draws, mine) for draws, mine in merged]


def _entangled(groups: list[_Group], task: ir.Task) -> tuple[int, int] | None:
    """Find two groups that wait for each other, be it through others: they are met together."""
    behind = [_behind(group, task) for group in groups]
    ahead = [
        {j for j, (draws, _) in enumerate(groups) if j != i and draws & behind[i]}
        for i in range(len(groups))
    ]
    for _ in groups:
        ahead = [mine.union(*(ahead[j] for j in mine)) for mine in ahead]
    pairs = [(i, j) for i, mine in enumerate(ahead) for j in mine if i < j and i in ahead[j]]
    return pairs[0] if pairs else None


def _behind(group: _Group, task: ir.Task) -> set[str]:
    """Name all that the draws and the conditions of a group follow from."""
    by_name = {name: variable for variable in task.variables for name in variable.names}
    draws, requirements = group
    wanted = [name for name in draws for name in _needs(by_name[name])]
    wanted += [ref.name for one in requirements for ref in refs(one.condition)]
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in by_name and name not in found:
            found.add(name)
            wanted += _needs(by_name[name])
    return found


def _attempted(task: ir.Task, draws: set[str], requirements: list[ir.Requirement]) -> Attempted:
    """Collect what an attempt makes: the draws, and what lies between them and the conditions."""
    by_name = {name: variable for variable in task.variables for name in variable.names}
    after = _followers(task, draws)
    needed: set[str] = set(draws)
    wanted = [ref.name for one in requirements for ref in refs(one.condition)]
    wanted += [name for draw in draws for name in _needs(by_name[draw])]
    while wanted:
        name = wanted.pop()
        if name in after and name not in needed:
            needed |= set(by_name[name].names)
            wanted += _needs(by_name[name])
    inside = tuple(v for v in task.variables if set(v.names) & needed)
    return Attempted(inside, frozenset(draws), tuple(requirements))


def _followers(task: ir.Task, draws: set[str]) -> set[str]:
    """Name all variables that depend on some draws in any way."""
    found: set[str] = set()
    for variable in task.variables:
        if (found | draws) & set(_needs(variable)):
            found |= set(variable.names)
    return found


def _needs(variable: ir.Variable) -> list[str]:
    exprs = definition_expressions(variable.definition)
    return [ref.name for expr in exprs for ref in refs(expr) if ref.role is ir.Role.VARIABLE]


def _ready(variable: ir.Variable, done: set[str]) -> bool:
    return set(_needs(variable)) <= done


def _group_ready(group: Attempted, done: set[str]) -> bool:
    own = {name for variable in group.variables for name in variable.names}
    needs = {name for variable in group.variables for name in _needs(variable)}
    needs |= {
        ref.name
        for one in group.requirements
        for ref in refs(one.condition)
        if ref.role is ir.Role.VARIABLE
    }
    return needs - own <= done


def _place(variable: ir.Variable, task: ir.Task) -> int:
    return task.variables.index(variable)


def _first(group: Attempted, task: ir.Task) -> int:
    return _place(group.variables[0], task)
