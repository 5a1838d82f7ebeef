"""Errors that a user of training and evaluation can mend; the message says how."""


class RunError(ValueError):
    """A run cannot be made, read or continued."""


class TrialError(ValueError):
    """The trials of a task cannot be made: a requirement is hopeless, or an extern failed."""


class TrainingDiverged(RunError):  # noqa: N818  (it names what happened)
    """The loss stopped being a number."""


def check_seed(seed: int) -> None:
    """Refuse a seed that cannot key random numbers."""
    if not 0 <= seed < 2**64:
        message = f"seed = {seed} is not allowed: a seed is a whole number from 0 to 2**64 - 1"
        raise RunError(message)
