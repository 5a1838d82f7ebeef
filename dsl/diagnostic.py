"""What a user's mistake looks like as data."""

from enum import Enum

from msgspec import Struct, field

from epochal.dsl.span import Span


class Severity(Enum):
    """How much a diagnostic matters: an error stops the pipeline, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Note(Struct, frozen=True):
    """A remark that belongs to a diagnostic, with a second place to look at where there is one."""

    message: str
    span: Span | None = None


class Fix(Struct, frozen=True):
    """A replacement of the text under ``span`` that is safe to apply."""

    message: str
    span: Span
    replacement: str


class Diagnostic(Struct, frozen=True):
    """One mistake, where it is, and what to do about it.

    Attributes
    ----------
    code : str
        Stable name, ``E`` for errors and ``W`` for warnings, four digits.
    message : str
        What was found and what was expected, one sentence without a full stop.
    span : Span or None
        The place; None only where no text could be read.
    """

    code: str
    message: str
    span: Span | None
    severity: Severity = Severity.ERROR
    notes: tuple[Note, ...] = field(default=())
    fixes: tuple[Fix, ...] = field(default=())

    @property
    def is_error(self) -> bool:
        """Whether this stops the pipeline."""
        return self.severity is Severity.ERROR
