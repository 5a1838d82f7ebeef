"""What the Python interface raises."""

from collections.abc import Mapping, Sequence

from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render


class CompileError(ValueError):
    """A task has errors; the message shows each with its place.

    Attributes
    ----------
    diagnostics : tuple of Diagnostic
        Everything that was found, warnings included.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
        self.diagnostics = tuple(diagnostics)
        errors = [one for one in diagnostics if one.is_error]
        super().__init__("\n" + render(errors, sources, color=False))
