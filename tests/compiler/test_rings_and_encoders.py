"""Arrays of rings and encoders: each sentence of the language about them, and what may go wrong."""

from pathlib import Path

import numpy as np
import pytest
from compiled import GOLDEN, Array, checked, codes, judged, load, module, task

CHANGE = GOLDEN / "change_detection" / "source.task"


def inputs(value: str, channel: str, trial: str = "", n: int = 4) -> Array:
    """Give what a channel is set to on each trial, (N_batch, N_units)."""
    name = channel.partition("[")[0].partition(":")[0]
    made = module(task(inputs=channel, trial=trial, during={"wait": f"{name} = {value}"}))
    first: Array = made.generate(n, 20.0, 1)[0][:, 0]
    return first


def bump(center: float, width: float, n: int) -> Array:
    d = np.abs((np.arange(n) * 360 / n - center + 180) % 360 - 180)
    return np.exp(-((d / width) ** 2) / 2)


@pytest.mark.parametrize("slots", [1, 2, 6, 12])
@pytest.mark.parametrize("dt", [1.0, 7.0, 20.0])
def test_change_detection_shows_a_random_k_of_the_slots_and_turns_one(
    slots: int, dt: float
) -> None:
    sizes = f"{{{', '.join(str(k) for k in (1, 2, 4) if k <= slots)}}}"
    made = load(
        checked(
            CHANGE.read_text("utf-8"),
            bindings={"slots": str(slots), "sizes": sizes},
        ).module()
    )
    assert len(made.facts["inputs"]) == 1 + 16 * slots
    x, _, _, trials = made.generate(40, dt, 5, noise=False)
    stop = made.timeline(trials, dt)
    sample = x[np.arange(40), stop[:, 0], 1:].reshape(40, slots, 16)
    test = x[np.arange(40), stop[:, 2], 1:].reshape(40, slots, 16)
    for i in range(40):
        assert trials["shown"][i].sum() == trials["k"][i]
        moved = 0
        for slot in range(slots):
            shown = trials["shown"][i, slot]
            wanted = shown * bump(trials["color"][i, slot], 22.5, 16)
            np.testing.assert_allclose(sample[i, slot], wanted, atol=1e-6)
            moved += bool(np.abs(sample[i, slot] - test[i, slot]).max() > 1e-3)
        assert moved == (trials["truth"][i] == 1)


def test_units_of_an_array_of_rings_are_named_slot_by_slot() -> None:
    made = module(task(inputs="stim[2]: ring(3)\nfield[left, right]: ring(2)"))
    assert made.facts["inputs"] == (
        *("stim[0, 0]", "stim[0, 1]", "stim[0, 2]", "stim[1, 0]", "stim[1, 1]", "stim[1, 2]"),
        *("field[left, 0]", "field[left, 1]", "field[right, 0]", "field[right, 1]"),
    )


def test_an_index_sets_one_ring() -> None:
    text = task(
        inputs="stim[3]: ring(4)\nfield[left, right]: ring(4)",
        trial="k ~ integers(0, 2)\nside ~ balanced({left, right})",
        during={
            "wait": """
            stim[k] = bump(90 deg, width = 30 deg)
            stim[k] += 1
            field[side] = bump(180 deg, width = 30 deg)
            field[other(side)] = 0.25
            """
        },
    )
    x, _, _, trials = module(text).generate(12, 20.0, 3)
    for i in range(12):
        rings = x[i, 0, :12].reshape(3, 4)
        for slot in range(3):
            here = slot == trials["k"][i]
            np.testing.assert_allclose(rings[slot], here * (1 + bump(90, 30, 4)), rtol=1e-6)
        fields = x[i, 0, 12:].reshape(2, 4)
        np.testing.assert_allclose(fields[trials["side"][i]], bump(180, 30, 4), rtol=1e-6)
        assert (fields[1 - trials["side"][i]] == 0.25).all()


def test_an_array_aligns_ring_by_ring_and_one_value_goes_to_all() -> None:
    found = inputs("range(3)", "stim[3]: ring(2)")
    assert found[0].tolist() == [0, 0, 1, 1, 2, 2]
    assert inputs("0.5", "stim[3]: ring(2)")[0].tolist() == [0.5] * 6
    found = inputs("onehot(1)", "stim[3]: ring(2)")
    assert found[0].tolist() == [0, 1, 0, 1, 0, 1]
    found = inputs("range(3) * onehot(1)", "stim[3]: ring(2)")
    assert found[0].tolist() == [0, 0, 0, 1, 0, 2]
    found = inputs("bump(range(3) * 90 deg, width = 20 deg)", "stim[3]: ring(4)")
    wanted = [bump(center, 20, 4) for center in (0, 90, 180)]
    np.testing.assert_allclose(found[0].reshape(3, 4), wanted, rtol=1e-6)


def test_a_sum_superposes_on_a_plain_ring() -> None:
    found = inputs("sum(bump(range(2) * 90 deg, width = 20 deg))", "stim: ring(4)")
    np.testing.assert_allclose(found[0], bump(0, 20, 4) + bump(90, 20, 4), rtol=1e-6)


@pytest.mark.parametrize(
    ("value", "channel", "wanted"),
    [
        ("vonmises(90 deg, kappa = 2)", "x: ring(4)", np.exp([-2, 0, -2, -4])),
        ("vonmises(90 deg, kappa = 0)", "x: ring(4)", [1] * 4),
        ("cosine_tuning(0 deg)", "x: ring(4)", [1, 0, -1, 0]),
        ("cosine_tuning(pi * 1 rad)", "x: ring(4)", [-1, 0, 1, 0]),
        ("onehot(2)", "x: ring(4)", [0, 0, 1, 0]),
        ("onehot(2)", "x[3]", [0, 0, 1]),
        ("onehot(b)", "x[a, b]", [0, 1]),
        ("3 * onehot(b) - 1", "x[a, b]", [-1, 2]),
        ("opponent(0.5)", "x[a, b]", [0.5, -0.5]),
        ("opponent(-2)", "x[2]", [-2, 2]),
        ("opponent(1) + onehot(0)", "x: ring(2)", [2, -1]),
        ("evidence(b, 0.6)", "x[a, b, c]", [-0.3, 0.6, -0.3]),
        ("evidence(b, 1) if 2 > 1 else 0", "x[a, b]", [-1, 1]),
        ("2 + opponent(true)", "x[a, b]", [3, 1]),
    ],
)
def test_an_encoder_gives_every_unit_its_number(
    value: str, channel: str, wanted: list[float]
) -> None:
    np.testing.assert_allclose(inputs(value, channel), [wanted] * 4, atol=1e-6)


def test_encoders_follow_each_trial_and_each_value_of_an_array() -> None:
    trial = "side ~ balanced({left, right})\nk ~ integers(0, 1)"
    made = module(
        task(
            inputs="x[left, right]",
            trial=trial,
            during={"wait": "x = onehot(side) + sum(0.5 * evidence(side, range(3)))"},
        )
    )
    x, _, _, trials = made.generate(8, 20.0, 1)
    own = x[np.arange(8), 0, trials["side"]]
    assert (own == 1 + 1.5).all()
    assert (x[np.arange(8), 0, 1 - trials["side"]] == -1.5).all()


@pytest.mark.parametrize(
    ("value", "channel", "code"),
    [
        ("vonmises(0 deg, kappa = 1)", "x[4]", "E0210"),
        ("cosine_tuning(0 deg)", "x", "E0210"),
        ("onehot(0)", "x", "E0350"),
        ("opponent(1)", "x[3]", "E0350"),
        ("opponent(1)", "x: ring(8)", "E0350"),
        ("evidence(0, 1)", "x[2]", "E0350"),
        ("evidence(0, 1)", "x[a, b]", "E0303"),
        ("evidence(a, 1)", "x[a]", "E0350"),
        ("onehot(c)", "x[a, b]", "E0412"),
        ("onehot(2)", "x[a, b]", "E0411"),
        ("onehot(0.5)", "x[2]", "E0411"),
        ("onehot(20 ms)", "x[2]", "E0410"),
        ("vonmises(1, kappa = 1)", "x: ring(4)", "E0303"),
        ("vonmises(0 deg, kappa = -1)", "x: ring(4)", "E0351"),
        ("vonmises(0 deg, kappa = 20 deg)", "x: ring(4)", "E0303"),
        ("range(3)", "x[2]: ring(4)", "E0334"),
        ("bump(range(3) * 1 deg, width = 1 deg)", "x: ring(4)", "E0334"),
    ],
)
def test_an_encoder_is_refused_where_it_does_not_fit(value: str, channel: str, code: str) -> None:
    name = channel.partition("[")[0].partition(":")[0]
    assert codes(task(inputs=channel, during={"wait": f"{name} = {value}"})) == [code]


def test_an_encoder_stands_only_where_a_channel_is_set() -> None:
    assert codes(task(inputs="x[2]", trial="a = onehot(0)")) == ["E0350"]
    assert codes(task(inputs="x[2]", during={"wait": "x[0] = opponent(1)"})) == ["E0350"]
    _, found = judged(task(inputs="x[2]\ny", during={"wait": "y = opponent(1)"}))
    (error,) = [one for one in found if one.is_error]
    assert "`x`" in error.notes[0].message


def test_a_population_vector_of_an_array_of_rings_is_an_angle_a_ring() -> None:
    text = task(
        outputs="place[3]: ring(8)",
        score="""
        where = max(angle_between(population_vector(place @ wait), 10 deg)) / 1 deg
        correct = all(population_vector(place @ wait) > 100 deg)
        """,
    )
    made = module(text)
    trials = made.sample_trials(2, 1)
    outputs = np.zeros((2, 5, 24), np.float32)
    outputs[0] = np.concatenate([bump(center, 30, 8) for center in (110, 150, 120)])
    outputs[1] = np.concatenate([bump(center, 30, 8) for center in (20, 150, 120)])
    found = made.score(outputs, trials, 20.0)
    np.testing.assert_allclose(found["where"], [140, 140], atol=0.5)
    assert found["correct"].tolist() == [True, False]


def test_an_array_stands_beside_the_index_of_a_repeat() -> None:
    text = task(
        inputs="x[2]",
        trial="word[2] ~ {1, 2}",
        epochs="wait: 20 ms\nrepeat 3 as i:\n    flash: 20 ms",
        during={"flash": "x = word * i"},
    )
    made = module(text.replace("        flash: 20 ms", "            flash: 20 ms"))
    x, _, _, trials = made.generate(5, 20.0, 2)
    for i in range(3):
        np.testing.assert_array_equal(x[:, 1 + i], trials["word"] * i)


def test_a_channel_of_one_counted_unit_takes_an_array_of_one() -> None:
    assert inputs("a", "x[1]", trial="a[1] ~ uniform(2, 3)").shape == (4, 1)
    assert inputs("bump(0 deg, width = 1 deg)", "x: ring(1)").tolist() == [[1]] * 4


@pytest.mark.parametrize("name", ["rings", "encoders", "change_detection"])
def test_the_tasks_of_this_file_print_lines_that_fit(name: str) -> None:
    text = Path(GOLDEN / name / "trials.py").read_text("utf-8")
    assert max(map(len, text.splitlines())) <= 100


def test_drives_follow_waves_ramps_and_opponent_pairs_of_time() -> None:
    text = task(
        inputs="light\npair[left, right]\ndial: ring(8)",
        epochs="wait: 200 ms",
        during={
            "wait": """
            light = sin(360 deg * 5 Hz * t) + t / 100 ms
            pair = opponent(cos(360 deg * 8 Hz * t))
            dial = bump(90 deg / 1 s * t, width = 20 deg)
            """
        },
    )
    for dt in (1.0, 7.0, 20.0):
        x = module(text).generate(2, dt, 1)[0][0]
        time = np.arange(len(x)) * dt / 1000
        np.testing.assert_allclose(x[:, 0], np.sin(2 * np.pi * 5 * time) + 10 * time, atol=1e-6)
        wave = np.cos(2 * np.pi * 8 * time)
        np.testing.assert_allclose(x[:, 1:3], np.stack([wave, -wave], axis=1), atol=1e-6)
        np.testing.assert_allclose(x[:, 3:], [bump(90 * one, 20, 8) for one in time], atol=1e-6)
