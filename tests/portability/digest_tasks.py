"""Print a sha256 of what printed modules make: the same lines on every machine, Python and NumPy.

    python digest_tasks.py FOLDER

FOLDER holds modules that `epochal build` wrote.  Needs NumPy only.
"""

import hashlib
import runpy
import sys
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRIALS = 37  # no whole number of copies of any design
STEPS = (20.0, 1.0, 7.0)
SEEDS = ((0, 0), (2**64 - 1, 12345))  # seed and batch
STREAMS = (0, 1, 2)


def sha256(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Digest arrays by name: names, types, shapes and bits, in little-endian order."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        kind = array.dtype.newbyteorder("<")
        digest.update(f"{name} {kind.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array, kind).tobytes())
    return digest.hexdigest()


def digests(module: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and digest what one module makes: trial tables, timelines, arrays and scores."""
    for (seed, batch), stream in product(SEEDS, STREAMS):
        trials = module["sample_trials"](TRIALS, seed, batch, stream)
        place = f"seed {seed} batch {batch} stream {stream}"
        yield f"trials, {place}", sha256(trials)
        for dt in STEPS:
            at = f"dt {dt:g} {place}"
            yield f"timeline, {at}", sha256({"stop": module["timeline"](trials, dt)})
            for noise in (False, True):
                made = module["generate"](TRIALS, dt, seed, batch, stream, noise)
                arrays = dict(zip(("inputs", "targets", "weights"), made[:3], strict=True))
                yield f"arrays, {'noise ' if noise else ''}{at}", sha256(arrays)
                outputs = arrays["targets"] + 2 * arrays["inputs"][:, :, :1]
                yield f"scores, {at}", sha256(module["score"](outputs, trials, dt))


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).glob("*.py")):
        for name, digest in digests(runpy.run_path(str(path))):
            print(digest, path.stem, name)
