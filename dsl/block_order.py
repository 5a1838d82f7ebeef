"""The order of the blocks of a task."""

from collections.abc import Iterator, Sequence

from epochal.dsl import syntax
from epochal.dsl.codes import diagnose
from epochal.dsl.diagnostic import Diagnostic, Fix, Note
from epochal.dsl.places import Places

ORDER: tuple[type[syntax.Section], ...] = (
    syntax.About,
    syntax.Params,
    syntax.Session,
    syntax.Blocks,
    syntax.Inputs,
    syntax.Outputs,
    syntax.Trial,
    syntax.Epochs,
    syntax.During,
    syntax.Score,
)


def rank(section: syntax.Section) -> int:
    """Where a block stands in the order."""
    return ORDER.index(type(section))


def word(kind: type[syntax.Section]) -> str:
    """Give the word that begins a block."""
    return kind.__name__.lower()


def check_blocks(sections: Sequence[syntax.Section], places: Places) -> Iterator[Diagnostic]:
    """Report blocks that stand twice, and the first one that stands after a later one."""
    yield from _twice(sections)
    highest = sections[0] if sections else None
    for section in sections:
        assert highest is not None
        if rank(section) < rank(highest):
            message = (
                f"`{word(type(section))}:` stands after `{word(type(highest))}:`; "
                f"the order is {' '.join(word(one) for one in ORDER)}"
            )
            fix = _sorted(sections, places)
            yield diagnose("E0415", message, section.span, fixes=[fix])
            return
        highest = section


def _twice(sections: Sequence[syntax.Section]) -> Iterator[Diagnostic]:
    seen: dict[type[syntax.Section], syntax.Section] = {}
    for section in sections:
        kind = type(section)
        if kind in seen and kind is not syntax.During:
            note = Note("the first one", seen[kind].span)
            message = f"a task has one `{word(kind)}:`"
            yield diagnose("E0414", message, section.span, notes=[note])
        seen.setdefault(kind, section)


def _sorted(sections: Sequence[syntax.Section], places: Places) -> Fix:
    """Put whole blocks in order, each with the comments above it."""
    start = sections[0].span.start
    margin = places.span(start, start).column - 1
    starts = [start, *(_with_comments(section, places) for section in sections[1:])]
    stop = places.block_end(sections[-1].span.start, margin)
    stretches = zip(starts, [*starts[1:], stop], strict=True)
    texts = [places.text(places.span(*ends)).strip("\r\n") for ends in stretches]
    # The spaces before the first word stay in front of whatever comes first.
    texts[0] = " " * margin + texts[0]
    order = sorted(range(len(sections)), key=lambda i: rank(sections[i]))
    text = "\n\n".join(texts[i] for i in order)[margin:]
    return Fix("put the blocks in order", places.span(start, stop), text)


def _with_comments(section: syntax.Section, places: Places) -> int:
    """Find where a block begins, with the comments right above it."""
    row = section.span.line
    while places.row(row - 1).lstrip().startswith("#"):
        row -= 1
    return places.row_start(row)
