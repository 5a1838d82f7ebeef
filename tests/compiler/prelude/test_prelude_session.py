import numpy as np
import pytest

from epochal.compiler.prelude.session import (
    alternate,
    by_trial,
    dealt_within,
    first_levels,
    first_steps,
    in_sequences,
    markov,
    previous,
    trials_of_blocks,
)
from epochal.compiler.prelude.timeline import segment_index
from epochal.compiler.prelude.words import Draw, Ints


def test_cells_are_dealt_to_each_sequence_by_its_own_words() -> None:
    found = dealt_within(Draw(30, 1, 2, 3), 4, 10).reshape(3, 10)
    draw = Draw(30, 1, 2, 3)
    cells, places = draw.words("design:cells", 12), draw.words("design:order", 30)
    for s, row in enumerate(found):
        cell = np.argsort(cells[4 * s : 4 * s + 4])
        place = np.argsort(places[10 * s : 10 * s + 10])
        assert row.tolist() == [cell[p % 4] for p in place]


def test_first_levels_are_whole_copies_and_the_rest_without_replacement() -> None:
    for n in (1, 4, 9, 10):
        counts = np.bincount(first_levels(Draw(n, 3, 0, 0), "x", n, 4), minlength=4)
        assert counts.max() - counts.min() <= 1


def test_levels_alternate_in_their_order() -> None:
    found = alternate(Draw(35, 1, 0, 0), "x", 5, 3).reshape(7, 5)
    assert ((found[:, 1:] - found[:, :-1]) % 3 == 1).all()


def chain(u: list[float], first: int, k: int, p: list[float], longest: float) -> list[int]:
    """Walk one sequence as the law says it."""
    levels, run = [first], 1
    for x, q in zip(u[1:], p[1:], strict=True):
        q = 1.0 if run >= longest else q
        if x < q:
            others = [(levels[-1] + i) % k for i in range(1, k)]
            levels.append(others[int(x / q * (k - 1))])
            run = 1
        else:
            levels.append(levels[-1])
            run += 1
    return levels


@pytest.mark.parametrize(("k", "longest"), [(2, np.inf), (3, 2), (5, 1)])
def test_a_chain_is_walked_sequence_by_sequence(k: int, longest: float) -> None:
    draw = Draw(200, 4, 5, 6)
    p = draw.unit("p")
    found = markov(draw, "x", 20, k, p, longest).reshape(10, 20)
    first, u = first_levels(draw, "x", 10, k), draw.unit("x").reshape(10, 20)
    for s in range(10):
        wanted = chain(u[s].tolist(), int(first[s]), k, p.reshape(10, 20)[s].tolist(), longest)
        assert found[s].tolist() == wanted


def test_a_probability_of_0_or_1_warns_of_nothing() -> None:
    with np.errstate(all="raise"):
        markov(Draw(20, 1, 0, 0), "x", 10, 3, 0.0)
        markov(Draw(20, 1, 0, 0), "x", 10, 3, 1.0)


def test_blocks_hold_their_trials_and_the_last_is_cut() -> None:
    length = np.array([2, 3, 9, 4, 4, 4])  # two sequences of three blocks
    row, place = trials_of_blocks(length, 3, 7)
    assert row.tolist() == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4]
    assert place.tolist() == [0, 1, 0, 1, 2, 0, 1, 0, 1, 2, 3, 0, 1, 2]


def test_blocks_without_an_end_are_cut_at_once() -> None:
    row, _ = trials_of_blocks(np.array([np.inf, 1e300]), 1, 3)
    assert row.tolist() == [0, 0, 0, 1, 1, 1]


def test_previous_shifts_within_sequences() -> None:
    x = np.arange(6)
    assert previous(x, -1, 3).tolist() == [-1, 0, 1, -1, 3, 4]
    assert previous(x, 10 * x, 3).tolist() == [0, 0, 1, 30, 3, 4]
    rows = np.arange(12).reshape(6, 2)
    assert previous(rows, -1, 2).tolist() == [[-1, -1], [0, 1], [-1, -1], [4, 5], [-1, -1], [8, 9]]
    assert previous(x > 2, True, 6).dtype == bool


LENGTH: Ints = np.array([[2, 1, 3], [0, 4, 2], [1, 1, 4], [3, 3, 0]])


def test_padding_moves_to_the_end_of_a_sequence() -> None:
    found = in_sequences(LENGTH, 2)
    assert found.tolist() == [[2, 1, 0, 0, 4, 5], [1, 1, 0, 3, 3, 4]]
    assert LENGTH[0, 2] == 3, "what is given stays as it is"
    index = segment_index(found)
    assert index[0].tolist() == [0, 0, 1, 4, 4, 4, 4, 5, 5, 5, 5, 5]


def test_trials_are_cut_out_of_their_sequence_again() -> None:
    own = LENGTH[:, :2].sum(axis=1)
    first = first_steps(own, 2)
    assert first.tolist() == [0, 3, 0, 2]
    x = np.arange(24, dtype=np.float32).reshape(2, 12, 1)
    cut = by_trial(x, own, 2)
    assert cut.shape == (4, 6, 1)
    for trial, (begin, length) in enumerate(zip(first, own, strict=True)):
        expected = x[trial // 2, begin : begin + length]
        np.testing.assert_array_equal(cut[trial, :length], expected)
