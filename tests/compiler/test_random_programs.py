"""Random programs equal the slow reading of the IR, whatever they are made of."""

import contextlib
from collections import Counter

import pytest
from compiled import checked_set, judged, load
from held import RefusedError, held
from hypothesis import HealthCheck, given, settings
from programs.constructs import SHARES, WEIGHTS
from programs.mutations import mutated
from programs.program import Program, at_random, programs
from sets import hold, set_of

from epochal.compiler.distributions import DISTRIBUTIONS, IN_TURN
from epochal.compiler.functions import FUNCTIONS
from epochal.compiler.names import walk
from epochal.dsl import syntax
from epochal.dsl.parser import parse
from epochal.dsl.span import Source

PROGRAMS = 310
QUICK = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

# Nodes of the tree that random programs do not hold: they belong to files of another kind, or to
# sets, which a test of their own writes around random programs.
ELSEWHERE = {
    "Taskset",
    "Member",
    "Mix",
    "Experiment",
    "Train",
    "Until",
    "BackTo",
    "Stage",
    "Curriculum",
    "Measure",
    "Evaluate",
}


@pytest.fixture(scope="module")
def made() -> list[Program]:
    return [at_random(seed) for seed in range(PROGRAMS)]


@pytest.mark.parametrize("tenth", range(10))
def test_random_programs_equal_the_reference(made: list[Program], tenth: int) -> None:
    mine = made[tenth::10]
    refused: Counter[str] = Counter()
    for program in mine:
        try:
            held(program)
        except RefusedError as refusal:
            refused[f"{refusal.codes[0]} {refusal}"] += 1
        except Exception as error:
            raise AssertionError(f"{error}\n{program}") from error
    assert refused.total() < 0.2 * len(mine), refused


def test_every_construct_is_written(made: list[Program]) -> None:
    written = set().union(*(program.constructs for program in made))
    wanted = {name for name, weight in (SHARES | WEIGHTS).items() if weight}
    assert wanted <= written


def test_every_node_function_and_distribution_is_written(made: list[Program]) -> None:
    nodes: set[str] = set()
    called: set[str] = set()
    for program in made:
        file, _ = parse(Source("test.task", program.text))
        assert file is not None
        for node in walk(file.items):
            nodes.add(type(node).__name__)
            if isinstance(node, syntax.Call):
                called.add(node.function.name)
    classes = {
        name
        for name, kind in vars(syntax).items()
        if isinstance(kind, type)
        and issubclass(kind, syntax.Node)
        and name not in ("Node", "File", "Comment")
    }
    assert classes - ELSEWHERE <= nodes
    assert set(FUNCTIONS) | set(DISTRIBUTIONS) - {IN_TURN} <= called


@settings(QUICK, max_examples=60)
@given(mutated())
def test_spoilt_programs_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


def survive(text: str) -> None:
    """Parse and analyse a text, and print it where it is a task; nothing else is asked of it."""
    checked, found = judged(text)
    if checked is None:
        assert any(one.is_error for one in found)
    else:
        compile(checked.module(), "printed", "exec")


def holds_in_a_set(program: Program) -> bool:
    """Hold a program as the two members of a set against the reference, where it can be one."""
    alone, _ = judged(program.text)
    if alone is None or alone.task.session is not None:
        return False
    if not any(score.name == "correct" for score in alone.task.scores):
        return False
    text = set_of(program.text, alone.task, 2, "        which_task: onehot(members)")
    found = checked_set(text)
    try:
        hold(found.taskset, load(found.module()), 10.0, 4)
    except ValueError as error:
        if "still break `require" not in str(error):
            raise AssertionError(f"{error}\n{text}") from error
        return False
    return True


def test_random_programs_are_themselves_as_members_of_a_set(made: list[Program]) -> None:
    assert sum(holds_in_a_set(program) for program in made[:60]) > 20


@pytest.mark.slow
def test_a_thousand_random_programs_are_themselves_as_members_of_a_set() -> None:
    assert sum(holds_in_a_set(at_random(seed)) for seed in range(1000)) > 400


@pytest.mark.slow
@pytest.mark.parametrize("tenth", range(10))
def test_ten_thousand_random_programs_equal_the_reference(tenth: int) -> None:
    @settings(QUICK, derandomize=False, max_examples=1000)
    @given(programs())
    def a_thousand(program: Program) -> None:
        with contextlib.suppress(RefusedError):
            held(program)

    a_thousand()


@pytest.mark.slow
@settings(QUICK, derandomize=False, max_examples=20_000)
@given(mutated())
def test_many_spoilt_programs_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


@pytest.mark.slow
def test_four_of_five_random_programs_compile() -> None:
    refused: Counter[str] = Counter()
    for seed in range(2000):
        program = at_random(seed)
        checked, found = judged(program.text, bindings=program.run.bindings)
        if checked is None:
            refused[next(one.code for one in found if one.is_error)] += 1
    print(refused)
    assert refused.total() < 0.2 * 2000, refused
