import hashlib

import numpy as np
import pytest

from epochal.compiler.prelude.words import Draw, code, middles


def test_a_code_is_the_little_endian_blake2b_of_the_name() -> None:
    digest = hashlib.blake2b(b"epoch:delay", digest_size=8).digest()
    assert code("epoch:delay") == sum(byte << (8 * i) for i, byte in enumerate(digest))


def test_words_are_those_of_a_philox_set_to_the_variables_counter() -> None:
    seed, batch, stream, attempt = 2**64 - 5, 2**63 + 1, 3, 17
    counter = np.array([0, attempt, code("var:coh"), batch], np.uint64)
    source = np.random.Philox(key=np.array([seed, stream], np.uint64), counter=counter)
    words = Draw(4, seed, batch, stream).words("var:coh", 50, attempt)
    np.testing.assert_array_equal(words, source.random_raw(50))


def test_no_word_is_shared_between_seeds_streams_names_batches_or_attempts() -> None:
    keys = [(0, 0, 0, "a", 0)]
    keys += [(seed, 0, 0, "a", 0) for seed in (1, 2**32, 2**64 - 1)]
    keys += [(0, batch, 0, "a", 0) for batch in (1, 2**32, 2**64 - 1)]
    keys += [(0, 0, stream, "a", 0) for stream in (1, 2, 3)]
    keys += [(0, 0, 0, name, 0) for name in ("b", "A", "a ", "")]
    keys += [(0, 0, 0, "a", attempt) for attempt in (1, 2, 1000)]
    words = [Draw(8, s, b, t).words(name, 1000, attempt) for s, b, t, name, attempt in keys]
    assert len(np.unique(np.concatenate(words))) == 1000 * len(keys)


def test_a_draw_does_not_depend_on_the_draws_before_it() -> None:
    draw = Draw(100, 7, 0, 0)
    draw.words("before", 33)
    first = draw.unit("x")
    draw.units("between", 3)
    np.testing.assert_array_equal(draw.unit("x"), first)
    np.testing.assert_array_equal(Draw(100, 7, 0, 0).unit("x"), first)


def test_the_first_trials_do_not_depend_on_how_many_follow() -> None:
    np.testing.assert_array_equal(Draw(5, 7, 0, 0).unit("x"), Draw(90, 7, 0, 0).unit("x")[:5])
    np.testing.assert_array_equal(
        Draw(5, 7, 0, 0).units("x", 3), Draw(90, 7, 0, 0).units("x", 3)[:5]
    )


def test_middles_are_never_0_or_1() -> None:
    ends = middles(np.array([0, 2**64 - 1], np.uint64))
    assert ends.tolist() == [2.0**-53, 1 - 2.0**-53]


@pytest.mark.parametrize(("n", "cells"), [(120, 12), (128, 12), (5, 12), (1, 1)])
def test_a_design_holds_whole_copies_and_no_cell_twice_in_the_rest(n: int, cells: int) -> None:
    counts = np.bincount(Draw(n, 3, 0, 0).design(cells), minlength=cells)
    assert len(counts) == cells
    assert counts.sum() == n
    assert set(counts.tolist()) <= {n // cells, -(-n // cells)}


def test_a_design_is_dealt_by_the_order_of_its_words() -> None:
    draw = Draw(50, 3, 0, 0)
    cell_words, place_words = draw.words("design:cells", 12), draw.words("design:order", 50)
    cell = sorted(range(12), key=lambda i: int(cell_words[i]))
    place = sorted(range(50), key=lambda i: int(place_words[i]))
    assert draw.design(12).tolist() == [cell[p % 12] for p in place]


def test_a_design_is_dealt_anew_in_every_batch() -> None:
    first, second = Draw(24, 3, 0, 0).design(12), Draw(24, 3, 1, 0).design(12)
    assert first.tolist() != second.tolist()


def test_a_seed_outside_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        Draw(1, 2**64, 0, 0)
