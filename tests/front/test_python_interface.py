"""Tasks in Python: loading, batches, parameters, scores."""

from __future__ import annotations

import doctest
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import NAMES, RDM

import epochal
from epochal import Batch, CompileError, Stream, Task, driver, load
from epochal.compiler import ir
from epochal.compiler.ir_json import decode, encode


def digest(batch: Batch) -> str:
    """One word for every bit of a batch."""
    h = hashlib.sha256()
    arrays = {"inputs": batch.inputs, "targets": batch.targets, "weights": batch.weights}
    for name, array in [*arrays.items(), *sorted(batch.trials.items())]:
        h.update(f"{name} {array.dtype} {array.shape}".encode())
        h.update(np.ascontiguousarray(array).tobytes())
    h.update(batch.lengths.tobytes())
    return h.hexdigest()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dt", [20.0, 7.0])
def test_a_batch_has_the_shapes_that_its_task_announces(name: str, dt: float) -> None:
    task = load(name)
    batch = task.batch(11, dt=dt, seed=3)
    steps = task.n_steps(dt)
    assert batch.inputs.shape == (11, steps, task.n_in) == (11, steps, len(task.inputs))
    assert batch.targets.shape == batch.weights.shape == (11, steps, task.n_out)
    assert {a.dtype for a in (batch.inputs, batch.targets, batch.weights)} == {np.dtype("float32")}
    assert np.isfinite(batch.inputs).all()
    assert all(len(column) == 11 for column in batch.trials.values())
    assert batch.dt == dt
    assert isinstance(task.ir, ir.Task)
    assert list(batch.epochs) == [epoch.name for epoch in task.ir.epochs]
    spans = np.stack(list(batch.epochs.values()), axis=1)
    assert (spans[:, 0, 0] == 0).all()
    assert (spans[:, 1:, 0] == spans[:, :-1, 1]).all()
    assert (spans[:, -1, 1] == batch.lengths).all()
    assert (batch.lengths <= steps).all()
    padding = np.arange(steps) >= batch.lengths[:, None]
    assert (batch.weights[padding] == 0).all()


def test_the_same_arguments_give_the_same_bits_and_others_other_bits() -> None:
    task = load("rdm")
    one = task.batch(32, seed=1)
    assert digest(one) == digest(load("rdm").batch(32, seed=1))
    others = [
        task.batch(32, seed=2),
        task.batch(32, seed=1, batch=1),
        task.batch(32, seed=1, stream=Stream.TEST),
        task.batch(32, seed=1, noise=False),
        task.batch(32, seed=1, sigma=0.2),
        task.batch(32, seed=1, dt=10),
    ]
    assert len({digest(one), *map(digest, others)}) == 7


def test_another_process_makes_the_same_bits_with_noise() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_python_interface import digest\n"
        "from epochal import load\n"
        "print(*(digest(load(name).batch(40, seed=2**64 - 1, batch=5)) for name in sys.argv[2:]))"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent), *NAMES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    here = [digest(load(name).batch(40, seed=2**64 - 1, batch=5)) for name in NAMES]
    assert done.stdout.split() == here


@pytest.mark.parametrize("noise", [True, False])
def test_streams_and_batches_never_repeat_a_trial(noise: bool) -> None:
    task = load("match_to_category")  # its direction is continuous: equal draws betray a repeat
    batches = [
        task.batch(64, seed=seed, batch=number, stream=stream, noise=noise)
        for stream in Stream
        for seed in (0, 1)
        for number in (0, 1, 2)
    ]
    theta = np.concatenate([batch.trials["theta"] for batch in batches])
    assert len(np.unique(theta)) == len(theta)
    assert len(np.unique(np.concatenate([b.inputs for b in batches]), axis=0)) == len(theta)


def test_arrays_of_an_earlier_batch_are_filled_anew_with_the_same_bits() -> None:
    task = load("rdm")
    old = task.batch(16, seed=1)
    room = old.inputs, old.targets, old.weights
    again = task.batch(16, seed=2, out=room)
    assert again.inputs is old.inputs
    assert digest(again) == digest(task.batch(16, seed=2))


def test_arrays_that_do_not_fit_are_refused() -> None:
    task = load("rdm")
    old = task.batch(16)
    with pytest.raises(ValueError, match=r"out: inputs are float32 of shape \(16, 130, 3\)"):
        task.batch(8, out=(old.inputs, old.targets, old.weights))
    wrong: Any = old.weights.astype(float)
    with pytest.raises(ValueError, match="out: weights are float64"):
        task.batch(16, out=(old.inputs, old.targets, wrong))


@pytest.mark.parametrize(
    ("name", "by_value", "by_text"),
    [
        ("rdm", {"viewing": 500}, {"viewing": "500 ms"}),
        ("rdm", {"viewing": 0.5e3 + 1e-10}, {"viewing": "0.5 s"}),
        ("rdm", {"viewing": np.float32(500.1)}, {"viewing": "500.1 ms"}),
        ("rdm", {"coherences": [0.1, 0.2]}, {"coherences": "{10%, 20%}"}),
        ("rdm", {"coherences": {0.2, 0.1}}, {"coherences": "{0.1, 0.2}"}),
        ("rdm", {"coherences": np.array([0.1, 0.2])}, {"coherences": "{0.1, 0.2}"}),
        ("rdm", {"coherences": 0.3}, {"coherences": "{30%}"}),
        ("rdm", {"sigma": np.float64(0.25)}, {"sigma": "1 / 4"}),
        ("match_to_category", {"boundary": 90}, {"boundary": "90 deg"}),
        ("match_to_category", {"n_categories": np.int64(3)}, {"n_categories": "3"}),
        ("dms", {"objects": ["sun", "moon", "star"]}, {"objects": "{sun, moon, star}"}),
        ("dms", {"objects": {"sun", "moon"}}, {"objects": "{moon, sun}"}),
        ("romo", {"pairs": [(10, 12), (14, 20)]}, {"pairs": "{(10 Hz, 12 Hz), (14 Hz, 20 Hz)}"}),
    ],
)
def test_a_parameter_is_bound_by_value_or_by_text(
    name: str, by_value: dict[str, Any], by_text: dict[str, Any]
) -> None:
    task = load(name)
    one, other = task.batch(24, seed=4, **by_value), task.batch(24, seed=4, **by_text)
    assert digest(one) == digest(other)
    assert digest(one) == digest(load(name, **by_text).batch(24, seed=4))
    assert digest(one) != digest(task.batch(24, seed=4))


def test_a_parameter_may_be_bound_to_a_distribution() -> None:
    batch = load("rdm", viewing="uniform(200 ms, 1 s)").batch(200)
    viewing = batch.trials["viewing"]
    assert viewing.min() >= 200_000
    assert viewing.max() <= 1_000_000
    assert len(np.unique(viewing)) > 100


def test_a_structural_parameter_changes_the_shape() -> None:
    task = load("match_to_category", n_categories=5, n_units=8)
    assert (task.n_in, task.n_out) == (9, 5)
    assert task.batch(4).targets.shape[2] == 5


@pytest.mark.parametrize(
    ("params", "error", "said"),
    [
        ({"viewin": 1}, CompileError, "did you mean `viewing`"),
        ({"viewing": 5}, CompileError, "`viewing` leaves its bounds"),
        ({"viewing": "5 Hz"}, CompileError, "cannot be bound to a frequency"),
        ({"viewing": True}, CompileError, "cannot be bound to true or false"),
        ({"viewing": "1 s,"}, CompileError, "error"),
        ({"viewing": 1000 / 3}, CompileError, "is not a whole number of microseconds"),
        ({"viewing, sigma = 1, x": 1}, CompileError, "error"),
        ({"coherences": []}, CompileError, "expected an expression"),
        ({"viewing": None}, TypeError, "viewing = None"),
        ({"viewing": float("nan")}, TypeError, "a finite number"),
        ({"viewing": [500, 600]}, TypeError, "viewing ="),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(
    params: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        load("rdm", **params)
    assert said in str(caught.value)
    with pytest.raises(error):
        load("rdm").batch(2, **params)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"n": 0}, ValueError, "a batch has 1 trial or more"),
        ({"n": 2.5}, TypeError, "float"),
        ({"n": 2, "dt": 0}, ValueError, "dt = 0 is not allowed"),
        ({"n": 2, "dt": float("nan")}, ValueError, "dt = nan is not allowed"),
        ({"n": 2, "dt": 0.0015}, ValueError, "whole microseconds"),
        ({"n": 2, "dt": 10_000}, ValueError, "no trial lasts longer than half of it"),
        ({"n": 2, "seed": -1}, ValueError, "it is from 0 to"),
        ({"n": 2, "seed": 2**64}, ValueError, "it is from 0 to"),
        ({"n": 2, "batch": 1.5}, TypeError, "float"),
        ({"n": 2, "stream": 9}, ValueError, "9 is not a valid Stream"),
        ({"n": 10**8}, ValueError, "GiB: make several batches"),
        ({"n": 100, "dt": 0.001}, ValueError, "GiB: make several batches"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(
    arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        load("rdm").batch(**arguments)


def test_a_binding_is_compiled_once() -> None:
    task = load("rdm")
    bound = task.with_params(viewing=500)
    assert task.with_params(viewing=500.0) is bound
    assert task.with_params(viewing="500 ms") is bound
    assert task.with_params(viewing=600) is not bound
    long = np.linspace(0.01, 0.9, 1500).round(5)  # NumPy shows such arrays with an ellipsis
    other = long.copy()
    other[700] = 0.95
    one, two = task.with_params(coherences=long), task.with_params(coherences=other)
    assert one.values["coherences"] != two.values["coherences"]


def test_bindings_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("epochal.runtime.task.MOST_BINDINGS", 3)
    task = load("rdm")
    first = task.with_params(viewing=201)
    for viewing in range(202, 206):
        task.with_params(viewing=viewing)
    assert len(task._bound) == 3
    assert task.with_params(viewing=201) is not first


def test_bindings_add_up() -> None:
    task = load("rdm", viewing=500).with_params(sigma=0.3)
    assert task.values["viewing"] == "500 ms"
    assert task.values["sigma"] == "0.3"


def test_perfect_outputs_are_correct_and_their_opposite_is_not() -> None:
    task = load("dms")
    batch = task.batch(64, seed=1)
    assert task.score(batch.targets, batch)["correct"].all()
    assert not task.score(-batch.targets, batch)["correct"].any()
    with pytest.raises(ValueError, match=r"outputs have shape \(64, 135, 2\)"):
        task.score(batch.targets[:, :, :2], batch)


@pytest.mark.parametrize("name", NAMES)
def test_targets_score_as_correct(name: str) -> None:
    task = load(name)
    batch = task.batch(64, seed=1)
    assert task.score(batch.targets, batch)["correct"].all()


def test_a_task_says_in_one_line_what_it_is() -> None:
    assert repr(load("rdm", viewing=500)) == (
        f"<Task rdm {load('rdm').hash}: 3 inputs, 3 outputs, "
        "coherences = {0%, 3.2%, 6.4%, 12.8%, 25.6%, 51.2%}, viewing = 500 ms, sigma = 0.1>"
    )


def test_an_error_of_a_file_shows_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.task"
    file.write_text(RDM.replace("+= coh", "+= cho"))
    with pytest.raises(CompileError, match=r"mine\.task:39:25: error\[E0201\]") as caught:
        load(file)
    assert [one.code for one in caught.value.diagnostics] == ["E0201"]
    with pytest.raises(CompileError, match="did you mean `rdm`"):
        load("rdmm")


def test_one_of_several_tasks_of_a_file_is_chosen_by_name(tmp_path: Path) -> None:
    file = tmp_path / "two.task"
    second = RDM.removeprefix("epochal 1\n").replace("task rdm:", "task short:")
    file.write_text(RDM + second.replace("viewing = 1 s", "viewing = 300 ms"))
    assert load(f"{file}:short").name == "short"
    assert load(f"{file}:short").longest < load(file).longest


# The hash.


def hashed(text: str, folder: Path) -> str:
    file = folder / "hashed.task"
    file.write_text(text)
    return load(file).hash


def test_comments_and_titles_do_not_enter_the_hash(tmp_path: Path) -> None:
    plain = load("rdm").hash
    assert plain.startswith("task1:")
    assert hashed(RDM.replace("## sensory noise", "## noise, said otherwise"), tmp_path) == plain
    assert hashed(RDM.replace("# a factor", "# another comment"), tmp_path) == plain
    assert hashed(RDM.replace("Random-dot motion", "Dots"), tmp_path) == plain
    assert hashed(RDM.replace("1 s within", "1000 ms within"), tmp_path) == plain
    assert hashed("# begin\n" + RDM, tmp_path) == plain


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("target hold = 1", "target hold = 2"),
        ("fix: 300 ms", "fix: 310 ms"),
        ("sigma = 0.1 ", "sigma = 0.2 "),
        ("within (0, 2)", "within (0, 3)"),
        ("answer == side", "answer != side"),
    ],
)
def test_what_a_task_means_enters_the_hash(tmp_path: Path, old: str, new: str) -> None:
    assert old in RDM
    assert hashed(RDM.replace(old, new), tmp_path) != load("rdm").hash


def test_the_hash_is_of_the_file_whatever_its_parameters_are_bound_to() -> None:
    task = load("rdm")
    assert task.with_params(viewing=500, coherences=[0.5]).hash == task.hash
    session = driver.Session()
    bound = driver.compile_task("rdm", {"viewing": "500 ms"}, session)
    assert bound is not None
    assert bound.hash == task.hash


# The intermediate representation.


@pytest.mark.parametrize("name", NAMES)
def test_the_ir_survives_its_json(name: str) -> None:
    task = load(name)
    assert decode(task.ir_json) == task.ir
    assert encode(decode(task.ir_json)) == task.ir_json


# The package.


def test_the_examples_of_the_interface_work() -> None:
    for module in (epochal, driver):
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0


def test_the_public_names_are_there() -> None:
    for name in epochal.__all__:
        assert getattr(epochal, name) is not None
    assert set(epochal.__all__) | {"__version__"} <= set(dir(epochal))
    assert epochal.__version__
    assert Task.__name__ == "Task"
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = epochal.laod
