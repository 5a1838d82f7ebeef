"""What holds of every compiled task."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from compiled import checked, golden_sets, golden_tasks, load, lowered, module, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epochal.compiler.hash import task_hash
from epochal.compiler.ir_json import decode, encode

TEXTS = {name: path.read_text("utf-8") for name, path in golden_tasks().items()}
SETS = {name: path.read_text("utf-8") for name, path in golden_sets().items()}
MODULES = {name: module(text) for name, text in (TEXTS | SETS).items()}
SEEDS = st.integers(0, 2**64 - 1)
NAMES = st.sampled_from(sorted(MODULES))
SINGLE = st.sampled_from(sorted(TEXTS))

IN_ONE_ROOM = """
import builtins, sys
real = builtins.__import__
def only(name, globals=None, locals=None, fromlist=(), level=0):
    home = (globals or {}).get("__name__", "")
    if home == "printed" and name.split(".")[0] not in NEEDED:
        raise ImportError(name)
    return real(name, globals, locals, fromlist, level)
NEEDED = {"numpy", "functools", "hashlib", "math", "statistics", "typing", "collections", "types"}
for path in sys.argv[1:]:
    builtins.__import__ = only
    space = {"__name__": "printed"}
    exec(compile(open(path).read(), path, "exec"), space)
    builtins.__import__ = real
    assert space["generate"](3, 20.0, 1)[0].shape[0] == 3
assert not any(name.startswith("epochal") for name in sys.modules)
"""


def test_printed_modules_run_where_only_numpy_is_installed(tmp_path: Path) -> None:
    paths = []
    for name, made in MODULES.items():
        paths.append(tmp_path / f"{name}.py")
        paths[-1].write_text(made.text, "utf-8")
    subprocess.run([sys.executable, "-c", IN_ONE_ROOM, *paths], check=True, cwd=tmp_path)


def test_printed_modules_pass_ruff(tmp_path: Path) -> None:
    for name, made in MODULES.items():
        (tmp_path / f"{name}.py").write_text(made.text, "utf-8")
    rules = ["--select", "E,F,W,I", "--line-length", "100"]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules, "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def over_attempts(loop: ast.AST) -> bool:
    return isinstance(loop, ast.For) and ast.unparse(loop.iter) == "range(ATTEMPTS)"


@pytest.mark.parametrize("name", MODULES)
def test_the_printed_functions_hold_no_loop_but_that_of_require(name: str) -> None:
    public = ("sample_trials", "timeline", "arrays", "noise", "generate", "score")
    nodes: list[ast.stmt] = ast.parse(MODULES[name].text).body
    if name in SETS:  # the functions of its members; those of the set go over the members
        bodies = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        nodes = [inner for body in bodies for inner in body.body if body.name not in public]
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name in public:
            loops = (ast.For, ast.While, ast.comprehension)
            found = [part for part in ast.walk(node) if isinstance(part, loops)]
            assert not [part for part in found if not over_attempts(part)]


@pytest.mark.parametrize("name", TEXTS)
def test_the_ir_comes_back_from_json(name: str) -> None:
    made = lowered(TEXTS[name])
    assert decode(encode(made)) == made
    assert task_hash(decode(encode(made))) == task_hash(made)


def test_json_of_another_schema_or_none_is_refused() -> None:
    made = encode(lowered(TEXTS["rdm"]))
    for data in (b"", b"{}", made[:-9], made.replace(b'"schema": 1', b'"schema": 2', 1)):
        with pytest.raises(ValueError, match="IR"):
            decode(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("params:", "params:                 # what may be set"),
        ("\n    inputs:", "\n\n    # Two streams of dots.\n    inputs:"),
        ("Random-dot motion", "Moving dots"),
        ('license: "CC0-1.0"', 'license: "MIT"'),
        ("## motion strengths", "## strengths of motion"),
        ("1 s within", "1000 ms within"),
        ("coherences = {0%", "coherences = {0.0"),
        ("noise white(sigma, at = 20 ms)", "noise white(at = 20 ms, sd = sigma)"),
        ("ignore ", "weight = 0 "),
    ],
)
def test_the_hash_stays_where_the_meaning_does(old: str, new: str) -> None:
    text = TEXTS["rdm"]
    assert old in text
    assert task_hash(lowered(text.replace(old, new))) == task_hash(lowered(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("viewing = 1 s", "viewing = 1001 ms"),
        ("within (0, 2)", "within (0, 3)"),
        ("3.2%", "3.3%"),
        ("at = 20 ms", "at = 10 ms"),
        ("noise white(sigma, at = 20 ms)", "noise iid(sigma)"),
        ("balanced({left, right})", "{left, right}"),
        ("balanced({left, right})", "balanced({right, left})"),
        ("uniform(200 ms, 800 ms)", "uniform(200 ms, 801 ms)"),
        ("motion = 0.5", "motion += 0.5"),
        ("other(side)", "side"),
        ("[0 ms : 100 ms]", "[0 ms : 101 ms]"),
        ("target hold = 1", "target hold = 2"),
        ("correct = answer == side", "correct = answer != side"),
        ("fix: 300 ms", "fixed: 300 ms"),
    ],
)
def test_the_hash_changes_with_the_meaning(old: str, new: str) -> None:
    text = TEXTS["rdm"]
    changed = text.replace(old, new)
    if old.startswith("fix:"):
        changed = changed.replace("during fix..", "during fixed..")
    assert changed != text
    assert task_hash(lowered(changed)) != task_hash(lowered(text))


@settings(deadline=None, max_examples=60)
@given(SINGLE, SEEDS, st.integers(1, 40), st.sampled_from([1.0, 7.0, 10.0, 12.5, 20.0, 33.0]))
def test_epochs_tile_the_trial_and_segments_the_array(
    name: str, seed: int, n: int, dt: float
) -> None:
    made = MODULES[name]
    trials = made.sample_trials(n, seed)
    stop = made.timeline(trials, dt)
    padding = max(after for _, after in made.facts["epochs"].values())
    lengths = np.diff(stop[:, : padding + 1], axis=1, prepend=0)
    assert (lengths >= 0).all()
    totals = lengths.sum(axis=1)
    assert len(set(totals)) == 1
    edge = 0
    for first, after in made.facts["epochs"].values():
        # The epochs of a repeat take turns: the range of each holds parts of the others.
        assert first == edge or ("repeat" in TEXTS[name] and first < edge)
        edge = max(edge, after)
    assert edge == padding
    inputs, *_, both = made.generate(2, dt, seed, noise=False)
    in_sequence = len(both["longest trial"]) // 2
    assert inputs.shape[1] == in_sequence * totals[0]


@settings(deadline=None, max_examples=40)
@given(NAMES, SEEDS, st.integers(0, 2**32), st.integers(0, 3), st.integers(1, 20))
def test_the_same_arguments_give_the_same_bits(
    name: str, seed: int, batch: int, stream: int, n: int
) -> None:
    made = MODULES[name]
    *one, table = made.generate(n, 20.0, seed, batch, stream)
    *other, again = made.generate(n, 20.0, seed, batch, stream)
    out = tuple(np.full_like(array, 9) for array in one)
    *filled, _ = made.generate(n, 20.0, seed, batch, stream, True, out)
    for a, b, c in zip(one, other, filled, strict=True):
        assert a.dtype == np.float32
        assert a.tobytes() == b.tobytes() == np.ascontiguousarray(c).tobytes()
    assert all(table[key].tobytes() == again[key].tobytes() for key in table)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_the_trial_table_alone_gives_the_arrays(name: str) -> None:
    made = MODULES[name]
    inputs, targets, weights, trials = made.generate(7, 20.0, 5, noise=False)
    again = made.arrays(trials, 20.0)
    rectified = "rectified" in (TEXTS | SETS)[name]
    assert rectified or np.array_equal(again[0], inputs)
    assert np.array_equal(again[1], targets)
    assert np.array_equal(again[2], weights)


@pytest.mark.parametrize("change", [{"seed": 6}, {"batch": 1}, {"stream": 1}])
def test_other_seeds_batches_and_streams_give_other_trials(change: dict[str, int]) -> None:
    made = MODULES["rdm"]
    fixed = {"seed": 5, "batch": 0, "stream": 0}
    inputs, _, _, trials = made.generate(64, 20.0, **fixed)
    others, _, _, table = made.generate(64, 20.0, **{**fixed, **change})
    assert (trials["delay"] != table["delay"]).all()
    assert (trials["side"] != table["side"]).any()
    assert (inputs[:, :5, 1] != others[:, :5, 1]).mean() > 0.99


def test_the_first_trials_do_not_depend_on_how_many_there_are() -> None:
    made = MODULES["mante"]
    few, many = made.sample_trials(7, 3), made.sample_trials(300, 3)
    assert (few["delay"] == many["delay"][:7]).all()
    assert (few["motion_level"] == many["motion_level"][:7]).all()


def test_adding_a_variable_does_not_move_the_draws_of_others() -> None:
    trial = "a ~ uniform(0, 1)\nside ~ balanced({left, right})\nb ~ normal(0, 1)"
    more = "z ~ {1, 2, 3}\n" + trial.replace("\n", "\nextra ~ integers(0, 9)\n", 1)
    before = module(task(trial=trial, epochs="wait: uniform(1 ms, 9 ms)")).sample_trials(50, 1)
    after = module(task(trial=more, epochs="wait: uniform(1 ms, 9 ms)")).sample_trials(50, 1)
    for name in ("a", "b", "side", "wait"):
        assert before[name].tobytes() == after[name].tobytes()


def test_renaming_a_variable_moves_its_draws_alone() -> None:
    one = module(task(trial="a ~ uniform(0, 1)\nb ~ uniform(0, 1)")).sample_trials(50, 1)
    two = module(task(trial="a ~ uniform(0, 1)\nc ~ uniform(0, 1)")).sample_trials(50, 1)
    assert one["a"].tobytes() == two["a"].tobytes()
    assert (one["b"] != two["c"]).all()
    assert (one["a"] != one["b"]).all()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=3),
    st.integers(0, 40),
    SEEDS,
)
def test_balance_is_exact_and_the_rest_is_without_replacement(
    weights: list[list[int]], extra: int, seed: int
) -> None:
    lines = [
        f"f{i} ~ balanced({{{', '.join(f'{k}: {w}' for k, w in enumerate(mine))}}})"
        for i, mine in enumerate(weights)
    ]
    made = module(task(trial="\n".join(lines)))
    smallest = [np.array(mine) // np.gcd.reduce(mine) for mine in weights]
    cells = int(np.prod([mine.sum() for mine in smallest]))
    n = 2 * cells + extra % cells
    trials = made.sample_trials(n, seed)
    rows = list(zip(*(trials[f"f{i}"].tolist() for i in range(len(weights))), strict=True))
    whole = Counter(rows[: 2 * cells])
    for levels, count in whole.items():
        copies = np.prod([mine[level] for mine, level in zip(smallest, levels, strict=True)])
        if n == 2 * cells:
            assert count == 2 * copies
    for levels, count in Counter(rows).items():
        copies = np.prod([mine[level] for mine, level in zip(smallest, levels, strict=True)])
        assert 2 * copies <= count <= 3 * copies


def test_every_level_comes_in_every_batch_of_a_whole_design() -> None:
    made = MODULES["romo"]
    for batch in range(5):
        trials = made.sample_trials(20, 9, batch)
        assert Counter(zip(trials["low"], trials["answer"], strict=True)).most_common()[-1][1] == 2


NASTY = [
    'a "quoted" title',
    "back\\slash \\",
    'three """ quotes',
    "ends in a quote\\",
    "'''",
    "{{ jinja }} {% raw %} # no comment",
    "%s %d {0}",
    "  ",
    "ünïcödé 中文 \u202e",
    "a" * 300,
]


@pytest.mark.parametrize("title", NASTY)
def test_no_title_breaks_out_of_the_module(title: str) -> None:
    safe = title.replace('"', "'")
    text = task(about=f'title: "{safe}"')
    made = module(text)
    assert made.facts["name"] == "small"
    assert ast.get_docstring(ast.parse(made.text))


@pytest.mark.parametrize(
    "name", ['x".task', "x\nimport os\n#.task", "a\\b'.task", '"""', "", "x" * 300, "é {{x}}.task"]
)
def test_no_file_name_breaks_out_of_the_module(name: str) -> None:
    text = TEXTS["rdm"]
    made = load(checked(text, name).module())
    assert "import os" not in made.text.replace(" import os", "")
    plain = [line.split("  #")[0] for line in made.text.splitlines()]
    assert max(map(len, made.text.splitlines())) <= 100
    assert "generate" in "".join(plain)
    assert set(made.facts) == set(MODULES["rdm"].facts)


WORDS = sorted(
    "class def lambda print int np math Draw steps stop n seed out dt trials k at l O I _ __ _1 t_ "
    "hold hold_ timeline score generate TASK PADDING A a X x row low_high low high Any range type "
    "match case None_ True_ stimulus longest key self cls __init__ __name__ trial draw u u_ v_x_ "
    "index step sd noise_ target_ channel epoch parameter power wrap power_ us_ FIXATION".split()
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(WORDS))
def test_any_names_of_any_things_keep_apart(words: list[str]) -> None:
    params, variables, scores = words[:4], words[4:9], words[9:12]
    channels, epochs, labels = words[12:16], words[16:20], words[20:26]
    many = ", ".join(labels[:3])
    trial = [f"{name} = {i + 10}" for i, name in enumerate(variables[:3])]
    trial.append(f"({variables[3]}, {variables[4]}) ~ {{(1, 2), (1, 2.5)}}")
    sums = " + ".join([*params, *variables[:3], variables[3]])
    text = task(
        params="\n".join(f"{name} = {i + 1}" for i, name in enumerate(params)),
        inputs=f"{channels[0]}\n{channels[1]}[{many}]",
        outputs=f"{channels[2]}\n{channels[3]}[{', '.join(labels[3:])}]",
        trial="\n".join([*trial, f"chosen ~ balanced({{{many}}})"]),
        epochs="\n".join(f"{name}: 20 ms" for name in epochs),
        during={
            epochs[0]: f"{channels[0]} = {sums}\ntarget {channels[2]} = {sums} + 0 * t / 1 s",
            f"{epochs[1]}..{epochs[3]}": f"{channels[1]}[chosen] = {sums}",
        },
        score="\n".join(
            [
                f"{scores[0]} = mean({channels[2]} @ {epochs[0]}) + {sums}",
                f"{scores[1]} = argmax({channels[3]} @ {epochs[1]})",
                f"{scores[2]} = {scores[0]} + {params[0]} + ({scores[1]} == {labels[3]})",
            ]
        ),
    )
    made = module(text)
    inputs, targets, _, trials = made.generate(6, 10.0, 1)
    assert (inputs[:, 0, 0] == 44).all()
    assert (targets[:, 0, 0] == 44).all()
    assert (inputs[:, 2:8, 1:].sum(axis=2) == 44).all()
    scored = made.score(np.zeros_like(targets), trials, 10.0)
    assert scored[scores[0]].tolist() == [44] * 6
    assert scored[scores[2]].tolist() == [46] * 6
