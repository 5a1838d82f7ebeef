"""The equations of the networks, a module each, and the protocol of a user's own cell.

Each runs from weights in force, inputs and noise to rates, with a gradient derived by hand; the
table of them is ``CELLS`` in `runtime/network.py`.
"""

from epochal.runtime.cells.own import Cell

__all__ = ["Cell"]
