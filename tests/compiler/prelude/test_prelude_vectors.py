import json

import numpy as np
import pytest
from prelude_vectors import VECTORS_FILE, described, prelude_vectors

COMMITTED = json.loads(VECTORS_FILE.read_text())
FOUND = prelude_vectors()


@pytest.mark.parametrize("name", sorted(COMMITTED.keys() | FOUND.keys()))
def test_every_vector_has_the_committed_bits(name: str) -> None:
    assert described(FOUND[name]) == COMMITTED[name]


def test_the_hash_of_a_vector_tells_the_last_bit() -> None:
    other = FOUND["uniform"].copy()
    other[-1] = np.nextafter(other[-1], np.inf)
    assert described(other)["sha256"] != described(FOUND["uniform"])["sha256"]
