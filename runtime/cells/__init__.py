"""The equations of the networks, a module each, and the protocol of a user's own cell.

``CELLS`` is the table of them: each runs from weights in force, inputs and noise to rates, with a
gradient derived by hand.
"""

from epochal.runtime.cells.own import Cell

__all__ = ["Cell"]
