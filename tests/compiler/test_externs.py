"""Externs: Python functions that drives and targets may call, once that is allowed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import reference
from agreement import plain, rows_of, same
from compiled import EXTERNS, Module, checked, judged, load, random_outputs
from test_golden import compare, without_version

from epochal.compiler import ir
from epochal.compiler.compile import Checked, from_ir
from epochal.compiler.hash import task_hash
from epochal.compiler.ir_json import decode, encode

ALLOWED = frozenset({"externs_for_tests"})
TEXT = EXTERNS.read_text("utf-8")


@pytest.fixture(scope="module")
def golden() -> Checked:
    return checked(TEXT, EXTERNS.name, allowed=ALLOWED)


def test_the_golden_task_is_unchanged(golden: Checked, update_golden: bool) -> None:
    made = encode(golden.task)
    compare(EXTERNS.with_name("ir.json"), made.decode(), update_golden)
    assert encode(decode(made)) == made
    printed = without_version(golden.module())
    compare(EXTERNS.with_name("trials.py"), printed, update_golden)


def test_the_ir_prints_the_same_module(golden: Checked) -> None:
    again = from_ir(decode(encode(golden.task)))
    (one,) = again.tasks
    assert dict(one.bounds.known) == dict(golden.bounds.known)
    assert again.module() == golden.module()


def test_the_printed_module_passes_ruff(golden: Checked, tmp_path: Path) -> None:
    (tmp_path / "printed.py").write_text(golden.module(), "utf-8")
    rules = ["--select", "E,F,W,I", "--line-length", "100"]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules, "."]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("dt", [1.0, 7.0, 10.0, 20.0])
def test_arrays_are_those_of_the_reference(golden: Checked, dt: float) -> None:
    task, module, step = golden.task, load(golden.module()), round(dt * 1000)
    n = 9 if dt > 1 else 2
    *arrays, made = module.generate(n, dt, 5, 3, 1, noise=False)
    outputs = random_outputs(arrays[1].shape)
    scored = module.score(outputs, made, dt)
    table = reference.table(task, n, 5, 3, 1)
    for i, row in enumerate(rows_of(made, module, task)):
        for key, value in table[i].items():
            assert isinstance(value, list) or same(value, row[key]), key
        expected = reference.arrays(task, row, step, arrays[0].shape[1])
        wanted = expected.inputs, expected.targets, expected.weights
        for found, one in zip(arrays, wanted, strict=True):
            np.testing.assert_allclose(found[i], one, rtol=2e-6, atol=1e-6)
        for key, value in reference.scores(task, row, step, outputs[i].tolist()).items():
            assert same(value, plain(scored[key][i], key, module)), key


FRAME = """epochal 1

extern {signature} = "mylab.stim:{function}"

task small:
    params:
        size = 3

    inputs:
        light
        screen[4]
        {inputs}

    outputs:
        press

    trial:
        side ~ balanced({{left, right}})
        theta ~ uniform(0 deg, 90 deg)
        level ~ integers(1, 3)
        wait ~ uniform(100 ms, 200 ms)
        rate ~ uniform(1 Hz, 9 Hz)
        go = level > 1
        {trial}

    epochs:
        fix: {duration}
        show: 100 ms

    during show if {guard}:
        light = {light}
        screen = {screen}
        target press = 1
        {more}

    score:
        correct = {score}
"""
GOOD = {
    "signature": "gabor(theta)",
    "function": "gabor",
    "inputs": "hint",
    "trial": "spare = 1",
    "duration": "wait",
    "guard": "true",
    "light": "1",
    "screen": "gabor(theta)",
    "more": "weight = 1",
    "score": "mean(press @ show) > 0",
}
STIM = """import numpy as np

def gabor(theta):
    return np.cos(np.radians(theta))

def patch(theta):
    return np.arange(4) + np.zeros((len(theta), 1))
"""


def text(**changes: str) -> str:
    return FRAME.format(**{**GOOD, **changes})


class Lab:
    """A package `mylab` that only this test sees."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "mylab" / "stim.py"
        self.file.parent.mkdir()
        (self.file.parent / "__init__.py").write_text("")
        self.write(STIM)

    def write(self, source: str) -> None:
        """Write the module anew, as before a new start of Python."""
        self.file.write_text(source)
        self.forget()

    def forget(self) -> None:
        from epochal.compiler import extern_source

        for name in [name for name in sys.modules if name.split(".")[0] == "mylab"]:
            del sys.modules[name]
        extern_source._imported.clear()

    @property
    def imported(self) -> bool:
        return any(name.split(".")[0] == "mylab" for name in sys.modules)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Lab(tmp_path)


STIM_ALLOWED = frozenset({"mylab.stim"})


def codes_of(source: str, allowed: frozenset[str] = STIM_ALLOWED) -> list[str]:
    _, found = judged(source, allowed=allowed)
    return [one.code for one in dict.fromkeys(found) if one.is_error]


def said(source: str, allowed: frozenset[str] = STIM_ALLOWED) -> str:
    _, found = judged(source, allowed=allowed)
    return "\n".join(
        "\n".join((one.message, *(note.message for note in one.notes)))
        for one in found
        if one.is_error
    )


def made(lab: Lab, stim: str = STIM, **changes: str) -> Module:
    lab.write(stim)
    return load(checked(text(**changes), allowed=STIM_ALLOWED).module())


def test_without_permission_nothing_is_imported_and_all_else_is_reported(lab: Lab) -> None:
    broken = text(trial="spare = teta", duration="exponential(100 ms)", light="wobble(2)")
    assert codes_of(broken, frozenset()) == ["E0201", "E0201", "E0363"]
    unbounded = text(duration="exponential(100 ms)")
    assert codes_of(unbounded, frozenset()) == ["E0363", "E0418"]
    assert not lab.imported
    assert "--allow-extern mylab.stim" in said(text(), frozenset())
    assert 'allow_extern=("mylab.stim",)' in said(text(), frozenset())


@pytest.mark.parametrize("other", ["mylab", "mylab.stim.gabor", "numpy", ""])
def test_permission_is_of_the_module_by_its_whole_name(lab: Lab, other: str) -> None:
    assert codes_of(text(), frozenset({other})) == ["E0363"]
    assert not lab.imported


def test_an_extern_that_nothing_calls_needs_no_permission(lab: Lab) -> None:
    found = checked(text(screen="1"))
    assert not found.task.externs
    assert not lab.imported


def test_the_hash_follows_the_source_and_nothing_else(lab: Lab) -> None:
    first = task_hash(checked(text(), allowed=STIM_ALLOWED).task)
    lab.write(STIM.replace("\n", "\r\n"))
    assert task_hash(checked(text(), allowed=STIM_ALLOWED).task) == first
    lab.write(STIM.replace("np.cos", "np.sin"))
    assert task_hash(checked(text(), allowed=STIM_ALLOWED).task) != first


def test_a_module_edited_after_its_import_is_not_taken_for_what_runs(lab: Lab) -> None:
    checked(text(), allowed=STIM_ALLOWED)
    lab.file.write_text(STIM.replace("np.cos", "np.sin"))
    assert codes_of(text()) == ["E0366"]
    assert "edited after Python imported it" in said(text())


@pytest.mark.parametrize(
    ("stim", "code", "told"),
    [
        ("import numpyy\n", "E0364", "No module named 'numpyy'"),
        ("def gabor(theta:\n", "E0364", "SyntaxError"),
        ("1 / 0\n", "E0364", "ZeroDivisionError"),
        ("raise SystemExit(3)\n", "E0364", "SystemExit: 3"),
        ("def gabors(theta): return theta\n", "E0365", "did you mean `gabors`?"),
        ("gabor = 3\n", "E0365", "is no function"),
        ("def __getattr__(name): raise OSError('lost')\n", "E0365", "OSError: lost"),
        ("from math import cos as gabor\n", "", ""),
    ],
)
def test_what_cannot_be_imported_is_a_clear_error(
    lab: Lab, stim: str, code: str, told: str
) -> None:
    lab.write(stim)
    assert codes_of(text()) == ([code] if code else [])
    assert told in said(text())


@pytest.mark.parametrize(
    "location",
    "mylab.stim|mylab:stim:f|:gabor|mylab.:f|../mylab:f|mylab.stim:f()|os:a b|mylab.stim:lambda"
    "|a;b:c||é:f|mylab.stim:a.b".split("|"),
)
def test_a_location_is_a_module_a_colon_and_a_function(location: str) -> None:
    source = text().replace("mylab.stim:gabor", location)
    assert codes_of(source, frozenset({location.partition(":")[0]})) == ["E0361"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"trial": "spare = gabor(theta)"}, "E0362"),
        ({"trial": "spare ~ uniform(0, gabor(theta))"}, "E0362"),
        ({"trial": "require gabor(theta) > 0.5"}, "E0362"),
        ({"duration": "gabor(theta) * 1 s"}, "E0362"),
        ({"guard": "gabor(theta) > 0"}, "E0362"),
        ({"score": "gabor(theta) > 0"}, "E0362"),
        ({"more": "weight = gabor(theta)"}, "E0362"),
        ({"more": "noise light = iid(gabor(theta))"}, "E0362"),
        ({"inputs": "hint baseline gabor(90 deg)"}, "E0362"),
        ({"more": "screen[gabor(theta)] = 1"}, "E0362"),
        ({"screen": "gabr(theta)"}, "E0201"),
        ({"screen": "gabor()"}, "E0208"),
        ({"screen": "gabor(theta, 2)"}, "E0208"),
        ({"screen": "gabor(tilt = theta)"}, "E0201"),
        ({"screen": "gabor(side)"}, "E0303"),
        ({"screen": "gabor({1, 2})"}, "E0303"),
        ({"screen": "gabor((1, 2))"}, "E0303"),
        ({"screen": "gabor(theta / 1 s)"}, "E0303"),
        ({"screen": "bump(gabor(theta), 10 deg)"}, "E0210"),
        ({"screen": "gabor(uniform(0, 1))"}, "E0209"),
        ({"screen": "gabor(theta) + 1 s"}, "E0306"),
        ({"light": "mod(gabor(theta), side)"}, "E0303"),
        ({"signature": "bump(theta)", "screen": "1"}, "E0360"),
        ({"signature": "uniform(theta)", "screen": "1"}, "E0360"),
        ({"signature": "true(theta)", "screen": "1"}, "E0133"),
        ({"signature": "gabor(a, a)", "screen": "1"}, "E0212"),
    ],
)
def test_a_wrong_call_is_a_clear_error(lab: Lab, changes: dict[str, str], code: str) -> None:
    assert codes_of(text(**changes)) == [code]


def test_two_externs_of_one_name_are_an_error() -> None:
    line = 'extern gabor(theta) = "mylab.stim:gabor"\n'
    assert codes_of(text(screen="1").replace(line, line * 2)) == ["E0212"]


def test_the_nearest_extern_is_named() -> None:
    assert "did you mean `gabor`?" in said(text(screen="gabr(theta)"))


def test_arguments_are_columns_in_base_units(lab: Lab) -> None:
    stim = STIM + "seen = []\ndef look(*x):\n    seen.append(x)\n    return x[0]\n"
    module = made(
        lab,
        stim,
        signature="look(a, b, c, d, e, f)",
        function="look",
        screen="look(level, wait, rate, theta, go, size)",
    )
    _, _, _, trials = module.generate(7, 20.0, 1)
    (seen,) = sys.modules["mylab.stim"].seen
    names = ("level", "wait", "rate", "theta", "go")
    for given, name in zip(seen, names, strict=False):
        assert given.shape == (7,)
        np.testing.assert_array_equal(given, trials[name])
    assert [given.dtype.kind for given in seen] == ["f", "f", "f", "f", "b", "f"]
    np.testing.assert_array_equal(seen[-1], [3.0] * 7)


def test_time_and_arrays_are_called_value_by_value(lab: Lab) -> None:
    module = made(
        lab,
        signature="gabor(x)",
        trial="parts[3] ~ uniform(0, 1)",
        light="gabor(t / 1 ms)",
        screen="sum(gabor(parts))",
        duration="100 ms",
    )
    inputs, _, _, trials = module.generate(5, 20.0, 1, noise=False)
    np.testing.assert_allclose(
        inputs[:, 5:, 0], np.tile(np.cos(np.radians([0, 20, 40, 60, 80])), (5, 1)), rtol=1e-6
    )
    summed = np.cos(np.radians(trials["parts"])).sum(axis=1)
    np.testing.assert_allclose(inputs[:, 5, 1:5], np.tile(summed[:, None], (1, 4)), rtol=1e-6)


def test_one_number_a_trial_goes_to_all_units_or_each_gets_its_own(lab: Lab) -> None:
    inputs, _, _, trials = made(lab, duration="100 ms").generate(5, 20.0, 1, noise=False)
    each = np.cos(np.radians(trials["theta"]))[:, None]
    np.testing.assert_allclose(inputs[:, 5, 1:5], np.tile(each, (1, 4)), rtol=1e-6)
    inputs, *_ = made(lab, function="patch", duration="100 ms").generate(5, 20.0, 1, noise=False)
    np.testing.assert_array_equal(inputs[:, 5, 1:5], np.tile(np.arange(4), (5, 1)))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("np.zeros((len(theta), 3))", r"`gabor` gave an array of shape \(5, 3\).* \(5, 4\)"),
        ("np.zeros(4)", r"shape \(4,\).*must give \(5,\) or \(5, 4\)"),
        ("1.0", r"shape \(\)"),
        ("np.zeros((4, len(theta)))", r"shape \(4, 5\)"),
        ("None", "of type object, not numbers"),
        ("['a'] * len(theta)", "not numbers"),
        ("theta * 1j", "of type complex128, not numbers"),
        ("theta[99]", "the extern `gabor` failed: IndexError"),
        ("undefined", "the extern `gabor` failed: NameError"),
        ("theta.__setitem__(0, 1)", "read-only"),
    ],
)
def test_a_function_that_fails_at_run_time_is_named(lab: Lab, body: str, told: str) -> None:
    module = made(lab, f"import numpy as np\ndef gabor(theta): return {body}\n")
    with pytest.raises(ValueError, match=told) as caught:
        module.generate(5, 20.0, 1)
    if "failed" in told:
        assert isinstance(caught.value.__cause__, Exception)


def test_a_function_without_arguments_gives_one_row(lab: Lab) -> None:
    for body in ("np.arange(4)", "[0, 1, 2, 3]"):
        stim = f"import numpy as np\ndef gabor(): return {body}\n"
        module = made(lab, stim, signature="gabor()", screen="gabor()", duration="100 ms")
        inputs, *_ = module.generate(3, 20.0, 1, noise=False)
        np.testing.assert_array_equal(inputs[:, 5, 1:5], np.tile(np.arange(4), (3, 1)))


def test_a_span_without_steps_calls_nothing(lab: Lab) -> None:
    stim = "def gabor(theta):\n    assert len(theta)\n    return theta\n"
    module = made(lab, stim, signature="gabor(x)", screen="gabor(t / 1 ms)", guard="false")
    assert not module.generate(3, 20.0, 1)[0].any()


def test_an_extern_may_have_the_name_of_anything_but_a_function(lab: Lab) -> None:
    names = ["spread", "drive", "numpy", "print", "theta", "light", "show", "np", "t", "class", "n"]
    for name in names:
        module = made(lab, signature=f"{name}(x)", screen=f"{name}(theta)", duration="100 ms")
        inputs, _, _, trials = module.generate(3, 20.0, 1, noise=False)
        np.testing.assert_allclose(inputs[:, 5, 1], np.cos(np.radians(trials["theta"])), rtol=1e-6)


def test_externs_stand_in_the_ir(lab: Lab) -> None:
    (extern,) = checked(text(), allowed=STIM_ALLOWED).task.externs
    assert (extern.name, extern.location) == ("gabor", "mylab.stim:gabor")
    assert extern.parameters == ("theta",)
    assert len(extern.source) == 64
    assert isinstance(extern, ir.Extern)


def test_in_an_array_of_rings_an_extern_gives_one_ring(lab: Lab) -> None:
    stim = "import numpy as np\ndef gabor(theta): return theta[:, None] * np.arange(5)\n"
    rings = {"inputs": "rings[2]: ring(5)", "trial": "parts[2] ~ uniform(0, 1)"}
    for value, each in (("gabor(parts)", "parts"), ("gabor(theta / 1 deg)", "theta")):
        module = made(lab, stim, screen="1", duration="100 ms", more=f"rings = {value}", **rings)
        inputs, _, _, trials = module.generate(4, 20.0, 1, noise=False)
        column = trials[each] if each == "parts" else np.tile(trials[each][:, None], (1, 2))
        wanted = column[:, :, None] * np.arange(5)
        np.testing.assert_allclose(inputs[:, 5, 5:], wanted.reshape(4, 10), rtol=1e-6)
    module = made(lab, stim, screen="1", duration="100 ms", more="rings[1] = gabor(0.5)", **rings)
    inputs, *_ = module.generate(4, 20.0, 1, noise=False)
    np.testing.assert_array_equal(inputs[0, 5, 5:], [0] * 5 + [0, 0.5, 1, 1.5, 2])
