"""Print a sha256 of every prelude vector: the same lines on every machine, Python and NumPy.

Needs NumPy only.  What runs it goes to standard error, so that outputs can be compared, with a
hash of NumPy's own log, exp and tanh, which may differ: it shows that the runs were not all alike.
"""

import hashlib
import platform
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "compiler" / "prelude"))

from prelude_vectors import described, prelude_vectors


def about() -> str:
    """Name the Python, NumPy and vector instructions of this run."""
    core = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    features = import_module(f"{core}._multiarray_umath").__cpu_features__
    wide = ("AVX2", "AVX512F", "AVX512_SKX", "X86_V3", "X86_V4", "SVE")
    simd = [name for name in wide if features.get(name)]
    x = np.arange(1, 20_001) / 4096
    own = hashlib.sha256(np.concatenate([np.log(x), np.exp(x), np.tanh(x)]).tobytes()).hexdigest()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{versions} ({' '.join(simd) or 'plain'}), its own log exp tanh {own[:8]}"


if __name__ == "__main__":
    print(about(), file=sys.stderr)
    for name, vector in prelude_vectors().items():
        print(described(vector)["sha256"], name)
