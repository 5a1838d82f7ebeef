"""A whole program: the text of a file, and what it is run with."""

import random
from dataclasses import dataclass, field

from externs_for_programs import MODULE, NUMBERS, UNITS
from hypothesis import strategies as st

from programs.channels import channel_lines
from programs.names import World
from programs.params import Rebound, params
from programs.pen import Pen
from programs.scores import score_lines
from programs.sessions import session_blocks
from programs.statements import during_blocks
from programs.timeline import epoch_lines
from programs.trials import trial_lines

STEPS = (1.0, 5.0, 7.0, 10.0, 12.5, 13.0, 20.0, 33.333)
PARENT = "beside.task"
USES = [
    (f'use "./{PARENT}"', "beside"),
    ('use "./beside" as base', "base"),
    (f'use "./{PARENT}" as base', "base.parent"),
]
"""Ways to bring in the file beside, each with the path to the parent in it."""

PARAMETERS = ["x", "level", "rate"]
DOCS = ["what it is", 'it is "quoted" {x} {{ y }} %s', "ünïcödé 中 (", 'three """ quotes']


@dataclass(frozen=True)
class Run:
    """What a program is run with; times in ms."""

    dt: float
    n: int
    seed: int
    batch: int
    stream: int
    bindings: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, float | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """The text of a file whose first task is meant, what to run it with, what is written in it.

    ``parent`` is the text of the file beside it that holds the parent of its task, or empty.
    """

    text: str
    run: Run
    constructs: frozenset[str]
    parent: str = ""

    def __repr__(self) -> str:
        beside = f"\n{PARENT}:\n{self.parent}" if self.parent else ""
        return f"{self.run}\n{self.text}{beside}"


def program(pen: Pen) -> Program:
    """Write one program."""
    world = World(externs=pen.takes("externs"))
    parent = "parent" if pen.takes("child") else ""
    beside = bool(parent) and pen.takes("use")
    head = ["epochal 1", "", *_externs(pen, world)]
    made = params(pen, world)
    blocks = [("params", made.lines), *session_blocks(pen, world)]
    blocks.append(("inputs", channel_lines(pen, world, inputs=True)))
    blocks.append(("outputs", channel_lines(pen, world, inputs=False)))
    blocks.append(("trial", trial_lines(pen, world)))
    blocks.append(("epochs", epoch_lines(pen, world)))
    during = during_blocks(pen, world)
    score = score_lines(pen, world)
    title = pen.one_of(DOCS).replace('"', "'")
    about = [f'title: "{title}"', 'cite: ["a", "b"]'] if pen.takes("about") else []
    lines = [f"task {parent or 'made'}:"]
    for name, body in [("about", about), *blocks]:
        lines += _indented(pen, [f"{name}:", *body]) if body else []
    for block in during:
        lines += _indented(pen, block)
    lines += _indented(pen, ["score:", *score]) if score else []
    run = _run(pen, [] if parent else made.rebound, 4 if world.session else 7)
    alone = Program(_text(head, lines), run, frozenset(pen.written))
    if not parent:
        return alone
    if beside:
        use, path = pen.one_of(USES)
        world.externs = pen.takes("externs")
        top = ["epochal 1", "", use, "", *_externs(pen, world)]
        text = _text(top, _child(pen, world, made.rebound, path))
        return Program(text, run, frozenset(pen.written), alone.text)
    child = _child(pen, world, made.rebound, parent)
    return Program(_text(head, child, [""], lines), run, frozenset(pen.written))


def _text(*parts: list[str]) -> str:
    return "\n".join(line for part in parts for line in part) + "\n"


def _externs(pen: Pen, world: World) -> list[str]:
    """Declare what Python code the file calls."""
    if not world.externs:
        return []
    takes = {name: len(kinds) for name, kinds in NUMBERS.items()} | dict.fromkeys(UNITS.values(), 1)
    return [
        *(
            f'extern {name}({", ".join(PARAMETERS[:count])}) = "{MODULE}:{name}"'
            for name, count in takes.items()
        ),
        "",
    ]


def _child(pen: Pen, world: World, rebound: list[Rebound], parent: str) -> list[str]:
    """Write a task that extends another: parameters rebound, more of everything."""
    bindings = []
    if rebound and pen.takes("binding of a child"):
        one = pen.one_of(rebound)
        bindings.append(f"{one.name} = {one.text}")
    extends = f"task made extends {parent}" + (f" with {', '.join(bindings)}" if bindings else "")
    body: list[str] = []
    if pen.whole(0, 1):
        world.history = False
        body += _indented(pen, ["inputs:", *channel_lines(pen, world, inputs=True)])
    more = trial_lines(pen, world, 2)
    body += _indented(pen, ["trial:", *more]) if more else []
    for block in during_blocks(pen, world, 2):
        body += _indented(pen, block)
    if not body and bindings:
        return [extends]
    return [f"{extends}:", *(body or ["    about:", '        title: "A child"'])]


def _indented(pen: Pen, lines: list[str]) -> list[str]:
    """Set a block into a task, now and then with comments and broken lines."""
    found = [f"    {lines[0]}"]
    for line in lines[1:]:
        text = f"        {line}"
        if pen.takes("broken line") and "(" in text and '"' not in text:
            text = text.replace("(", "(\n            ", 1)
        if pen.takes("comment"):
            text += "  # a remark"
        elif pen.takes("doc comment"):
            text += f"  ## {pen.one_of(DOCS)}"
        found.append(text)
    return [*found, ""]


def _run(pen: Pen, rebound: list[Rebound], most: int) -> Run:
    bindings: dict[str, str] = {}
    arguments: dict[str, float | bool] = {}
    if rebound and pen.takes("binding"):
        bindings = {one.name: one.text for one in pen.some(rebound, 1, 2)}
    if rebound and pen.takes("argument"):
        arguments = {
            one.name: one.argument for one in pen.some(rebound, 1, 2) if one.argument is not None
        }
    return Run(
        dt=pen.one_of(STEPS),
        n=pen.whole(2 if most < 7 else 1, most),
        seed=pen.one_of([0, 1, 7, 2**40 + 3, 2**64 - 1]),
        batch=pen.whole(0, 3),
        stream=pen.whole(0, 3),
        bindings=bindings,
        arguments=arguments,
    )


def at_random(seed: int) -> Program:
    """Write the program of a seed."""
    return program(Pen(random.Random(seed).randint))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Write programs that Hypothesis can make smaller."""
    return program(Pen(lambda low, high: draw(st.integers(low, high))))
