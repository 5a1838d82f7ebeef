"""Recognise the mistakes that people make, and say what to write instead."""

from collections.abc import Callable

from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Fix, Note
from epochal.dsl.expected import describe_expected, describe_found, is_word, shorten, spelling
from epochal.dsl.mistaken_signs import SIGN_RULES
from epochal.dsl.nearest import nearest
from epochal.dsl.problem import Finding, Problem, first_instead, instead
from epochal.dsl.words import BLOCK_HOMES, CLOSED_LOOP, OPEN_LOOP

# Words that begin a statement elsewhere, and what this language has for them.
_FOREIGN = {
    "for": "all trials and steps are computed at once; `repeat n as i:` repeats epochs",
    "while": "all trials and steps are computed at once; `repeat n as i:` repeats epochs",
    "if": "write `x = a if condition else b`, or a guard: `during response if go:`",
    "elif": "write `x = a if condition else b if other else c`",
    "else": "write `x = a if condition else b`",
    "def": "name the value where it is computed (`x = e`), or use `extern` for Python code",
    "lambda": "name the value where it is computed (`x = e`)",
    "class": 'a task that varies another is `task b extends a with x = 1`',
    "import": '`use "package:file"` finds tasks, `extern` a Python function',
    "from": '`use "package:file"` finds tasks, `extern` a Python function',
    "return": "what counts stands in `score:`, as `correct = e`",
    "print": "every variable of a trial is kept in the trial table",
    "assert": "`require e` redraws a trial until e holds",
    "let": "write `x = e` to compute, `x ~ d` to draw",
    "var": "write `x = e` to compute, `x ~ d` to draw",
    "const": "write `x = e` in `params:`",
}  # fmt: skip
# What belongs to the training of a model, not to a task.
_OF_TRAINING = frozenset(
    {"model", "train", "optimizer", "loss", "curriculum", "evaluate", "dt", "seed", "seeds"}
    | {"batch", "batch_size", "updates", "regularizers"}
)
_WHERE_TRIALS_HAPPEN = frozenset({"task", "during", "epochs", "trial"})
_FIELDS_ONLY = frozenset({"about", "session", "train"})


def explain(problem: Problem) -> Finding:
    """Say what a problem is, in the words of the first rule that knows it."""
    for rule in _RULES:
        finding = rule(problem)
        if finding is not None:
            return finding
    return _anything(problem)


def _missing_colon(problem: Problem) -> Finding | None:
    ends_line = problem.kind == "_NL" and problem.tokens
    if not ends_line or problem.first not in BLOCK_HOMES or "COLON" not in problem.expected:
        return None
    fix = Fix("add the colon", problem.span, ":")
    message = f"the header of `{problem.first}` ends with a colon"
    diagnostic = diagnose("E0122", message, problem.span, fixes=[fix])
    return Finding(diagnostic, instead(problem, "COLON", ":"))


def _training_in_task(problem: Problem) -> Finding | None:
    if problem.block not in ("task", "taskset") or problem.first not in _OF_TRAINING:
        return None
    message = (
        f"`{problem.first}` does not belong in a {problem.block}: "
        "how a model learns it stands in an `experiment` of a .train file"
    )
    fixes = []
    written = problem.text[problem.line.start : problem.line.end]
    if "\n" not in written and not written.endswith(":"):
        start = problem.places.span(problem.line.start, problem.line.start)
        fixes.append(Fix("turn it into a comment", start, "# "))
    return Finding(diagnose("E0125", message, problem.first_span, fixes=fixes))


def _closed_loop(problem: Problem) -> Finding | None:
    """Explain ``interactive:``, ``on response:``, ``abort``: responses that act on the trial."""
    usual = CLOSED_LOOP.get(problem.first)
    if usual is None or len(problem.tokens) > 1 or problem.block not in _WHERE_TRIALS_HAPPEN:
        return None
    message = f"there is no `{problem.first}`: {OPEN_LOOP}"
    return Finding(diagnose("E0124", message, problem.first_span, notes=[Note(usual)]))


def _block_elsewhere(problem: Problem) -> Finding | None:
    home = BLOCK_HOMES.get(problem.first)
    if home is None or problem.first.upper() in problem.starts:
        return None
    if len(problem.tokens) == 1 and problem.kind in ("EQUAL", "TILDE"):
        return None
    where = f"in `{problem.block}`" if problem.block else "at the left edge"
    message = f"the block `{problem.first}` cannot stand {where}: it stands {home}"
    return Finding(diagnose("E0125", message, problem.first_span))


def _foreign_statement(problem: Problem) -> Finding | None:
    hint = _FOREIGN.get(problem.first)
    if hint is None or problem.first.upper() in problem.starts:
        return None
    message = f"`{problem.first}` begins no statement here: {hint}"
    return Finding(diagnose("E0126", message, problem.first_span))


def _body_on_header(problem: Problem) -> Finding | None:
    """Explain a statement behind the colon of a header: ``epochs: fix: 300 ms``."""
    previous = problem.previous
    if previous is None or previous.type != "COLON" or problem.expected != {"_NL"}:
        return None
    span = problem.places.span(problem.start, problem.line.end)
    message = f"the lines of `{problem.first}` stand below it, indented by four spaces"
    return Finding(diagnose("E0125", message, span))


def _word_as_name(problem: Problem) -> Finding | None:
    """Explain a declaration that begins with a statement word: ``repeat: 300 ms``."""
    declares = problem.kind in ("COLON", "EQUAL", "TILDE")
    if len(problem.tokens) != 1 or not declares or not is_word(problem.tokens[0].type):
        return None
    if problem.first in BLOCK_HOMES and problem.first != "repeat":
        return None
    message = f"`{problem.first}` is a word of the language and cannot be a name here"
    return Finding(diagnose("E0133", message, problem.first_span))


def _misspelled_start(problem: Problem) -> Finding | None:
    """Explain a first word that is almost one that could begin this line."""
    if problem.tokens and (problem.tokens[0].type != "NAME" or not _names_two(problem)):
        return None
    if not problem.first.isidentifier():
        return None
    known = {spelling(terminal) for terminal in problem.starts if is_word(terminal)}
    word = nearest(problem.first, sorted(known))
    if word is None or word == problem.first:
        return None
    span = problem.first_span
    message = f"unknown word `{problem.first}`: did you mean `{word}`?"
    diagnostic = diagnose("E0124", message, span, fixes=[Fix("correct it", span, word)])
    return Finding(diagnostic, first_instead(problem, word.upper()))


def _names_two(problem: Problem) -> bool:
    """Tell whether two names stand side by side at the start, as after a statement word."""
    return len(problem.tokens) == 1 and (problem.found[:1].isalnum() or problem.found == "(")


def _misspelled_word(problem: Problem) -> Finding | None:
    """Explain a later word that is almost one that could stand there."""
    if problem.kind != "NAME" or not problem.tokens or "NAME" in problem.expected:
        return None
    known = {spelling(terminal) for terminal in problem.expected if is_word(terminal)}
    word = nearest(problem.found, sorted(known))
    if word is None:
        return None
    message = f"unknown word `{problem.found}`: did you mean `{word}`?"
    fixes = [problem.replace("correct it", word)]
    diagnostic = diagnose("E0124", message, problem.span, fixes=fixes)
    return Finding(diagnostic, instead(problem, word.upper(), word))


def _unknown_start(problem: Problem) -> Finding | None:
    if problem.tokens or "NAME" in problem.starts or not problem.found.isidentifier():
        return None
    where = f"in `{problem.block}`" if problem.block else "at the left edge of a file"
    expected = describe_expected(problem.starts - {"_DEDENT", "$END"})
    message = (
        f"`{shorten(problem.found)}` begins nothing that can stand {where}: expected {expected}"
    )
    return Finding(diagnose("E0124", message, problem.span))


def _early_end(problem: Problem) -> Finding | None:
    if problem.kind != "_NL" or not problem.tokens:
        return None
    last = problem.tokens[-1]
    message = f"the line ends too early after `{shorten(last)}`: expected {_expectation(problem)}"
    return Finding(diagnose("E0121", message, problem.token_span(last)))


def _anything(problem: Problem) -> Finding:
    found = f"`{problem.found}`" if problem.bad is None else describe_found(problem.bad)
    message = f"found {found}, expected {_expectation(problem)}"
    return Finding(diagnose("E0120", message, problem.span))


def _expectation(problem: Problem) -> str:
    if problem.block in _FIELDS_ONLY and not problem.tokens:
        return f"a line of `{problem.block}`, like `name: value`"
    return describe_expected(problem.expected)


Rule = Callable[[Problem], Finding | None]
_RULES: tuple[Rule, ...] = (
    _missing_colon,
    _training_in_task,
    _foreign_statement,
    _closed_loop,
    _block_elsewhere,
    _body_on_header,
    _word_as_name,
    _misspelled_start,
    *SIGN_RULES,
    _misspelled_word,
    _unknown_start,
    _early_end,
)
