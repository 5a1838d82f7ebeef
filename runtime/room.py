"""Whether a training has room in memory, asked before it takes any."""

from __future__ import annotations

import os

from epochal.runtime.config import Profile
from epochal.runtime.errors import RunError

ARRAYS = 13
"""How many arrays (N_steps, N_batch, N_rec) of 4-byte floats live at once.

Measured as the peak of resident memory at 100 units and batches of 1,024 and 4,096: the noise of
batches made ahead, the currents, the rates, their adjoints and what XLA holds between them.
"""

SHARE = 0.75
"""The share of the machine's memory that a training may ask for."""


def check_room(profile: Profile, n_steps: int, n_channels: int) -> None:
    """Refuse a training that the system would kill for its memory.

    Parameters
    ----------
    n_steps
        Steps of a batch.
    n_channels
        Inputs, targets and weights of a step: N_in + 2 N_out.

    Raises
    ------
    RunError
        The message says how large a batch there is room for.
    """
    memory = physical_memory()
    if memory is None:
        return
    one = 4 * n_steps * (ARRAYS * profile.model.units + 4 * n_channels)
    needed, room = one * profile.training.batch, SHARE * memory
    if needed > room:
        most = max(int(room // one), 1)
        raise RunError(
            f"a batch of {profile.training.batch:,} with {n_steps} steps and "
            f"{profile.model.units} units takes about {needed / 2**30:.0f} GiB while the network "
            f"learns, and this machine has {memory / 2**30:.0f} GiB: make `batch` {most:,} at "
            "most, `units` fewer or `dt` longer"
        )


def physical_memory() -> int | None:
    """Count the bytes of memory of this machine; None where it does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return None
