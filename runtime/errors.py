"""Errors that a user of training and evaluation can mend; the message says how."""


class RunError(ValueError):
    """A run cannot be made, read or continued."""


class TrainingDiverged(RunError):  # noqa: N818  (it names what happened)
    """The loss stopped being a number."""
