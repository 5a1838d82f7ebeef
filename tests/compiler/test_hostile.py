"""No text makes the compiler raise, hang or eat the machine: mistakes end in diagnostics."""

import re
import time
import warnings

import numpy as np
import pytest
from compiled import codes, golden_tasks, judged, load, module, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = sorted(path.read_text("utf-8") for path in golden_tasks().values())
TOKEN = re.compile(r"\s+|[A-Za-z_]\w*|\d[\d.]*|[^\w\s]")
WORDS = sorted({token for text in TEXTS for token in TOKEN.findall(text) if not token.isspace()})
WORDS += ["0", "1e99", "1e400", "nan", "none", "true", "t", "inf", "per", "require", "repeat"]


def survive(text: str) -> None:
    """Parse, analyse, print and run a text; errors are fine, exceptions are not."""
    checked, found = judged(text)
    if checked is None:
        assert any(one.is_error for one in found)
        return
    made = load(checked.module())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _, targets, _, trials = made.generate(3, 50.0, 1)
        except ValueError as error:
            if "normal draws" in str(error):  # a law that is hopeless for some drawn arguments
                return
            raise
        made.score(np.zeros_like(targets), trials, 50.0)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Delete, duplicate, swap or replace some lines and words of a good task."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        by_line = draw(st.booleans())
        parts = text.splitlines(keepends=True) if by_line else TOKEN.findall(text)
        places = [i for i, part in enumerate(parts) if not part.isspace()]
        if len(places) < 2:
            break
        i, j = draw(st.sampled_from(places)), draw(st.sampled_from(places))
        match draw(st.sampled_from(["delete", "double", "swap", "replace"])):
            case "delete":
                parts[i] = ""
            case "double":
                parts[i] += parts[i] if by_line else f" {parts[i]}"
            case "swap":
                parts[i], parts[j] = parts[j], parts[i]
            case "replace":
                alike = [word for word in WORDS if word[0].isalpha() == parts[i][0].isalpha()]
                parts[i] = parts[j] if by_line else draw(st.sampled_from(alike))
        text = "".join(parts)
    return text


QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(QUICK, max_examples=100)
@given(mutated())
def test_mutated_tasks_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


@pytest.mark.slow
@settings(QUICK, max_examples=20_000)
@given(mutated())
def test_many_mutated_tasks_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


LEAVES = st.sampled_from(
    "1 0 2 0.5 -3 200 ms|1 s|5 Hz|90 deg|1 rad|50%|true|false|nan|pi|t|n|wait|coh|levels|side|go|k"
    "|left|right|up|theta|speed|1e99|1e-99|choice @ respond|hold @ respond[50 ms :]"
    "|{left: 1, right: t}|{1: left, 2: right}|{true: 1, false: n}"
    "|{left, right}|{1, 2}|{1: 2, 3: 1}|(1, 2)|{(1, left), (2, right)}|none".replace(" ", " ")
    .replace("1 0 2 0.5 -3 200 ms", "1|0|2|0.5|-3|200 ms")
    .split("|")
)
CALLS = [
    "abs sqrt exp log sin cos sign floor mean last argmax population_vector min max other position"
    " wrap choice balanced bernoulli cosine_tuning onehot opponent",
    "mod min max first_above angle_between uniform normal bump integers except geometric"
    " vonmises evidence lookup",
    "clip exponential max truncnormal",
]


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from("+ - * / ** == != < <= and or in".split())
    calls = [
        st.tuples(st.sampled_from(names.split()), *[inner] * (count + 1)).map(
            lambda parts: f"{parts[0]}({', '.join(parts[1:])})"
        )
        for count, names in enumerate(CALLS)
    ]
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        inner.map(lambda x: f"(-{x})"),
        inner.map(lambda x: f"(not {x})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda x: f"{{{', '.join(x)}}}"),
        *calls,
    )


EXPRESSIONS = st.recursive(LEAVES, deeper, max_leaves=6)
PLACES = [
    ("params", "extra = {}"),
    ("params", "extra = 1 within ({}, {})"),
    ("params", "extra = {} within {{{}, 1}}"),
    ("inputs", "extra[{}] baseline {}"),
    ("inputs", "extra noise white({}, at = {})"),
    ("inputs", "extra: ring({})"),
    ("inputs", "extra[{}]: ring({})"),
    ("trial", "extra = {}"),
    ("trial", "extra ~ {}"),
    ("trial", "extra ~ {} if {} else {}"),
    ("trial", "(extra, more) ~ {}"),
    ("epochs", "extra: {}"),
    ("during", "light = {}"),
    ("during", "arc += {}"),
    ("during", "dots[{}] -= {}"),
    ("during", "target choice[{}] = {}"),
    ("during", "weight = {}"),
    ("during", "noise light = iid({})"),
    ("head", "during respond[{} : {}]:"),
    ("head", "during respond if {}:"),
    ("score", "extra = {}"),
]
FRAME = """epochal 1

task frame:
    params:
        n = 4
        wait = 200 ms
        coh = choice({{0.1, 0.5}})
        levels = {{0.1, 0.2}}
        speed = 90 deg / 1 s
        {params}

    inputs:
        light noise iid(0.1)
        arc: ring(8)
        dots[4]
        {inputs}

    outputs:
        hold
        choice[left, right]

    trial:
        side ~ balanced({{left, right}})
        go ~ bernoulli(0.5)
        theta ~ uniform(0 deg, 360 deg)
        k ~ integers(0, 3)
        {trial}

    epochs:
        fix: wait
        {epochs}
        respond: uniform(100 ms, 300 ms)

    {head}
        light = 1
        {during}

    score:
        correct = argmax(choice @ respond) == side
        {score}
"""


@st.composite
def framed(draw: st.DrawFn) -> str:
    """Set random expressions into a good task."""
    fields = dict.fromkeys(("params", "inputs", "trial", "epochs", "during", "score"), "")
    fields["head"] = "during respond:"
    for _ in range(draw(st.integers(1, 2))):
        place, text = draw(st.sampled_from(PLACES))
        count = len(re.findall(r"(?<!\{)\{\}", text)) or text.count("{}")
        fields[place] = text.format(*(draw(EXPRESSIONS) for _ in range(count + 2)))
    return FRAME.format(**fields)


@settings(QUICK, max_examples=200)
@given(framed())
def test_any_expressions_anywhere_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


@pytest.mark.slow
@settings(QUICK, max_examples=40_000)
@given(framed())
def test_many_expressions_anywhere_end_in_diagnostics_or_in_trials(text: str) -> None:
    survive(text)


def seconds(text: str) -> float:
    start = time.perf_counter()
    checked, _ = judged(text)
    if checked is not None:
        checked.module()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (task(inputs="light[1000000]"), "E0502"),
        (task(inputs="light: ring(1000000000000)"), "E0502"),
        (task(inputs="\n".join(f"x{i}[9000]" for i in range(9))), "E0502"),
        (task(trial="x ~ balanced({a: 1, b: 999999})"), "E0501"),
        (task(trial="\n".join(f"x{i} ~ balanced({{0, 1, 2, 3}})" for i in range(40))), "E0501"),
        (task(trial="x ~ balanced({a: 0.00001, b: 0.99999, c: 0.5})"), "E0501"),
        (task(epochs="wait: 61 min"), "E0503"),
        (task(epochs="\n".join(f"e{i}: 59 min" for i in range(3))), "E0503"),
        (task(epochs="wait: exponential(1 s)"), "E0418"),
        (task(trial="n ~ integers(-1, 1)", epochs="wait: 1 s / n"), "E0309"),
        (task(trial="n ~ integers(0, 4)", epochs="wait: 1 s * (1 / n)"), "E0309"),
        (task(trial="x = 1e999999999999999999999"), "E0504"),
        (task(trial="x = " + "9" * 100_000), "E0504"),
        (task(trial="x = " + "(" * 5000 + "1" + ")" * 5000), "E0134"),
        (task(trial="x = " + "-" * 5000 + "1"), "E0134"),
        (task(trial="x = " + " + ".join(["1"] * 5000)), "E0134"),
    ],
    ids=range(16),
)
def test_the_measureless_is_refused_at_once(text: str, code: str) -> None:
    start = time.perf_counter()
    assert code in codes(text)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "trial",
    [
        "x0 = 3\n" + "\n".join(f"x{i + 1} = x{i} * x{i}" for i in range(60)),
        "x0 ~ uniform(1, 2)\n" + "\n".join(f"x{i + 1} = x{i} ** 64" for i in range(30)),
        "x0 ~ uniform(0, 1)\n" + "\n".join(f"x{i + 1} = x{i} + x{i} * x{i}" for i in range(60)),
        "x0 ~ {0, 1}\n" + "\n".join(f"x{i + 1} = 1 if x{i} > 0 else x{i}" for i in range(60)),
        "\n".join(f"x{i} ~ {{0, 1, 2}}" for i in range(60)),
    ],
    ids=["squares", "powers", "sums", "conditions", "cases"],
)
def test_chains_of_variables_do_not_grow_without_bound(trial: str) -> None:
    last = 59 if "x60" not in trial and "x59" in trial else 30 if "x31" not in trial else 60
    waits = " + ".join(f"(1 ms if x{i} > 0 else 2 ms)" for i in range(0, last, 2))
    text = task(trial=trial, epochs=f"wait: {waits}\nmore: clip(x{last}, 0, 1) * 1 ms")
    assert seconds(text) < 10
    whole = "x0 = 3" in trial  # which 64 bits soon cannot hold
    assert set(codes(text)) == ({"E0504"} if whole else set())


def long_file(lines: int) -> str:
    """Write a task of so many lines: variables, epochs, and a statement for each."""
    n = lines // 4
    spans = {f"e{i}, e{i // 2}[5 ms :]": f"light += x{i}" for i in range(n)}
    return task(
        trial="\n".join(
            f"x{i} = {i} * x{i - 1} / (2 + {i})" if i else "x0 ~ uniform(0, 1)" for i in range(n)
        ),
        epochs="\n".join(f"e{i}: 10 ms + {i % 7} ms" for i in range(n)),
        during=spans,
    )


@pytest.mark.slow
def test_the_time_for_long_files_is_linear() -> None:
    short, long = seconds(long_file(2_500)), seconds(long_file(10_000))
    print(f"2,500 lines {short:.2f} s, 10,000 lines {long:.2f} s")
    assert long < 8 * short
    assert long < 60


def test_an_hour_long_trial_compiles_and_is_as_long_as_it_says() -> None:
    made = module(task(epochs="wait: 30 min\nmore: 1799999.999 ms"))
    assert made.timeline(made.sample_trials(2, 1), 1000.0)[0, -1] == 3600
