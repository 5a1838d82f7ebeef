"""Record the trials that NeuroGym's own tasks make, for `test_neurogym.py`.

In an environment of its own:

    python -m venv neurogym && neurogym/bin/pip install neurogym==2.3.1
    neurogym/bin/python tests/peers/record_neurogym.py

which writes ``tests/peers/recorded/neurogym.json``.  Trials are made at a step of 10 ms, which
divides almost all of NeuroGym's durations, so that nothing is cut off; random durations are kept
as they were drawn, before NeuroGym cuts them down to whole steps.  Where a task of ours is meant
to differ, a function changes the original's trial in just that, and says so in its first line;
all else is compared as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import MagicMock

sys.modules.setdefault("torch", MagicMock())  # imported for a monitor that no task uses

from neurogym_blocks import BLOCKS  # noqa: E402
from neurogym_mended import MENDED  # noqa: E402
from neurogym_native import NATIVE  # noqa: E402
from neurogym_yang19 import YANG19  # noqa: E402
from peer_statistics import write  # noqa: E402

if __name__ == "__main__":
    tasks = {**NATIVE, **MENDED, **BLOCKS, **YANG19}
    path = Path(__file__).parent / "recorded" / "neurogym.json"
    write(path, "NeuroGym 2.3.1", {name: tasks[name]() for name in sorted(tasks)})
