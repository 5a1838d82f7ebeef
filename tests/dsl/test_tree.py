"""Blocks, statements and items become the nodes that they should."""

from pathlib import Path

import pytest
from written import only_task, section, well_parsed

from epochal.dsl import syntax
from epochal.dsl.span import Span

HERE = Span("anywhere", 0, 0, 1, 1)
FILES = Path(__file__).parent / "files"
ONE = syntax.Quantity(HERE, "1", "")


def ident(name: str) -> syntax.Ident:
    return syntax.Ident(HERE, name)


def name(text: str) -> syntax.Name:
    return syntax.Name(HERE, text)


def epoch_span(first: str) -> syntax.EpochSpan:
    return syntax.EpochSpan(HERE, ident(first), None, None)


def test_a_file_knows_its_version_and_its_items_in_order() -> None:
    file = well_parsed((FILES / "everything.task").read_text("utf-8"))
    assert file.version == 1
    kinds = [type(item).__name__ for item in file.items]
    assert kinds == ["Use", "Use", "Extern", "Extern", "Task", "Task", "Task", "Task", "Taskset"]


def test_the_sections_of_a_task_keep_their_order() -> None:
    file = well_parsed((FILES / "everything.task").read_text("utf-8"))
    task = file.items[4]
    assert isinstance(task, syntax.Task)
    kinds = " ".join(type(part).__name__ for part in task.sections)
    assert kinds == "About Params Session Blocks Inputs Outputs Trial Epochs During Score"


def test_a_use_may_have_an_alias() -> None:
    first, second = well_parsed('epochal 1\nuse "a:b" as c\nuse "./d.task"\n').items
    assert first == syntax.Use(HERE, syntax.String(HERE, "a:b"), ident("c"))
    assert second == syntax.Use(HERE, syntax.String(HERE, "./d.task"), None)


def test_an_extern_names_its_parameters_and_its_place() -> None:
    (item,) = well_parsed('epochal 1\nextern f(a, b) = "m:g"\n').items
    place = syntax.String(HERE, "m:g")
    assert item == syntax.Extern(HERE, ident("f"), (ident("a"), ident("b")), place)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("a", syntax.Path(HERE, "a", None)),
        ("a.b", syntax.Path(HERE, "a", "b")),
        ('"p:f"', syntax.Path(HERE, "p:f", None)),
    ],
)
def test_a_task_extends_a_name_a_task_of_an_alias_or_a_file(
    written: str, path: syntax.Path
) -> None:
    one = only_task(f"epochal 1\ntask b extends {written} with x = 1, m.y = 1\n")
    bindings = (
        syntax.Binding(HERE, None, ident("x"), ONE),
        syntax.Binding(HERE, ident("m"), ident("y"), ONE),
    )
    assert one == syntax.Task(HERE, ident("b"), path, bindings, (), "")


def test_a_task_that_extends_may_have_blocks_and_no_bindings() -> None:
    task = only_task("epochal 1\ntask b extends a:\n    inputs:\n        cue\n")
    assert task.parent == syntax.Path(HERE, "a", None)
    assert task.bindings == ()
    assert len(task.sections) == 1


def test_a_param_has_bounds_and_documentation() -> None:
    assert section("params", "x = 1 within a  ## what it is") == syntax.Params(
        HERE, (syntax.Param(HERE, ident("x"), ONE, name("a"), "what it is"),)
    )


def test_fields_stand_in_about_and_session() -> None:
    field = syntax.Field(HERE, ident("trials"), ONE)
    assert section("about", "trials: 1") == syntax.About(HERE, (field,))
    assert section("session", "trials: 1") == syntax.Session(HERE, (field,))


def test_blocks_hold_fields_and_statements() -> None:
    field = syntax.Field(HERE, ident("length"), ONE)
    assert section("blocks", "length: 1") == syntax.Blocks(HERE, (field,))
    let = syntax.Let(HERE, syntax.Target(HERE, (ident("x"),), None), ONE)
    assert section("blocks", "x = 1") == syntax.Blocks(HERE, (let,))


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("x", syntax.Channel(HERE, ident("x"), (), None, (), "")),
        ("x[a, 1]", syntax.Channel(HERE, ident("x"), (name("a"), ONE), None, (), "")),
        (
            "x[a]: ring(1)",
            syntax.Channel(
                HERE,
                ident("x"),
                (name("a"),),
                syntax.Call(HERE, ident("ring"), (syntax.Argument(HERE, None, ONE),)),
                (),
                "",
            ),
        ),
        (
            "x baseline 1 rectified noise a during b  ## doc",
            syntax.Channel(
                HERE,
                ident("x"),
                (),
                None,
                (
                    syntax.Option(HERE, syntax.OptionName.BASELINE, ONE),
                    syntax.Option(HERE, syntax.OptionName.RECTIFIED, None),
                    syntax.Option(HERE, syntax.OptionName.NOISE, name("a")),
                    syntax.Option(HERE, syntax.OptionName.DURING, epoch_span("b")),
                ),
                "doc",
            ),
        ),
    ],
)
def test_a_channel_has_shape_kind_and_options(line: str, channel: syntax.Channel) -> None:
    assert section("inputs", line) == syntax.Inputs(HERE, (channel,))
    assert section("outputs", line) == syntax.Outputs(HERE, (channel,))


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        (
            "x[a] ~ b per batch",
            syntax.Draw(
                HERE,
                syntax.Target(HERE, (ident("x"),), name("a")),
                name("b"),
                ident("batch"),
            ),
        ),
        (
            "(x, y) ~ b",
            syntax.Draw(HERE, syntax.Target(HERE, (ident("x"), ident("y")), None), name("b"), None),
        ),
        ("x = 1", syntax.Let(HERE, syntax.Target(HERE, (ident("x"),), None), ONE)),
        ("require a", syntax.Require(HERE, name("a"))),
    ],
)
def test_statements_draw_compute_and_require(line: str, statement: syntax.Statement) -> None:
    assert section("trial", line) == syntax.Trial(HERE, (statement,))
    assert section("score", line) == syntax.Score(HERE, (statement,))


def test_epochs_last_repeat_and_fill() -> None:
    text = """epochal 1
task t:
    epochs:
        length: 1
        a: 1  ## first
        repeat b as i:
            c: 1
        rest: until end  ## last
"""
    (epochs,) = only_task(text).sections
    assert epochs == syntax.Epochs(
        HERE,
        (
            syntax.TrialLength(HERE, ONE),
            syntax.Epoch(HERE, ident("a"), ONE, "first"),
            syntax.Repeat(HERE, name("b"), ident("i"), (syntax.Epoch(HERE, ident("c"), ONE, ""),)),
            syntax.UntilEnd(HERE, ident("rest"), "last"),
        ),
    )


@pytest.mark.parametrize(
    ("line", "kind", "channel", "op", "value"),
    [
        ("x = 1", "drive", "x", "=", ONE),
        ("x += 1", "drive", "x", "+=", ONE),
        ("x -= 1", "drive", "x", "-=", ONE),
        ("x *= 1", "drive", "x", "*=", ONE),
        ("target x = 1", "target", "x", "=", ONE),
        ("weight = 1", "weight", None, "=", ONE),
        ("weight x *= 1", "weight", "x", "*=", ONE),
        ("ignore", "ignore", None, "=", None),
        ("ignore x", "ignore", "x", "=", None),
        ("noise x = 1", "noise", "x", "=", ONE),
    ],
)
def test_effects_change_inputs_targets_and_weights(
    line: str, kind: str, channel: str | None, op: str, value: syntax.Expr | None
) -> None:
    ref = None if channel is None else syntax.Ref(HERE, ident(channel), None)
    effect = syntax.Effect(HERE, syntax.EffectKind(kind), ref, op, value)
    assert section("during a", line) == syntax.During(HERE, (epoch_span("a"),), None, (effect,))


def test_an_effect_may_change_one_unit() -> None:
    during = section("during a", "x[other(b)] += 1")
    assert isinstance(during, syntax.During)
    other = syntax.Call(HERE, ident("other"), (syntax.Argument(HERE, None, name("b")),))
    assert during.effects[0].channel == syntax.Ref(HERE, ident("x"), other)


def test_a_during_block_has_spans_slices_and_a_guard() -> None:
    during = section("during a..b[1 : c], d[: 1] if not e", "ignore")
    assert isinstance(during, syntax.During)
    assert during.spans == (
        syntax.EpochSpan(HERE, ident("a"), ident("b"), syntax.Slice(HERE, ONE, name("c"))),
        syntax.EpochSpan(HERE, ident("d"), None, syntax.Slice(HERE, None, ONE)),
    )
    assert during.guard == syntax.Unary(HERE, "not", name("e"))


def test_a_taskset_lists_members_and_a_mix() -> None:
    text = """epochal 1
taskset s:  ## many
    member a = b
    member c = "p:f" with x = 1
    mix: {a, c} per trial
"""
    (item,) = well_parsed(text).items
    assert isinstance(item, syntax.Taskset)
    assert item.doc == "many"
    binding = syntax.Binding(HERE, None, ident("x"), ONE)
    assert item.sections[:2] == (
        syntax.Member(HERE, ident("a"), syntax.Path(HERE, "b", None), ()),
        syntax.Member(HERE, ident("c"), syntax.Path(HERE, "p:f", None), (binding,)),
    )
    mix = item.sections[2]
    assert isinstance(mix, syntax.Mix)
    assert mix.scope == ident("trial")


def test_an_experiment_has_fields_stages_and_measures() -> None:
    file = well_parsed((FILES / "everything.train").read_text("utf-8"))
    (item,) = file.items
    assert isinstance(item, syntax.Experiment)
    kinds = " ".join(type(part).__name__ for part in item.sections)
    assert kinds == "About Field Field Field Field Train Curriculum Evaluate"
    curriculum, evaluate = item.sections[-2:]
    assert isinstance(curriculum, syntax.Curriculum)
    assert isinstance(evaluate, syntax.Evaluate)
    stage = curriculum.items[1]
    assert isinstance(stage, syntax.Stage)
    assert [type(part).__name__ for part in stage.items] == ["Until", "BackTo", "Field", "Mix"]
    assert [len(measure.bindings) for measure in evaluate.measures] == [1, 0]


def test_doc_comments_above_a_line_and_behind_it_are_kept() -> None:
    text = """epochal 1
## One.
## Two.
task t:  ## Three.
    params:
        ## Not this one.

        # nor this
        x = 1
        ## Above.
        y = (1,  ## within
             2)  ## Behind.
"""
    task = only_task(text)
    (params,) = task.sections
    assert isinstance(params, syntax.Params)
    assert task.doc == "One.\nTwo.\nThree."
    assert [param.doc for param in params.params] == ["", "Above.\nwithin\nBehind."]


def test_comments_are_kept_with_their_places() -> None:
    text = "epochal 1  # one\n## two\n#three\n"
    comments = well_parsed(text).comments
    assert [(comment.text, comment.doc) for comment in comments] == [
        ("one", False),
        ("two", True),
        ("three", False),
    ]
    shown = [text[comment.span.start : comment.span.end] for comment in comments]
    assert shown == ["# one", "## two", "#three"]


def test_words_of_the_language_may_name_labels_and_channels_where_nothing_is_lost() -> None:
    text = """epochal 1
task t:
    inputs:
        set
        baseline
    epochs:
        baseline: 1 s
        measure: 1 s
    during baseline..measure:
        set = 1
        baseline = 1
"""
    assert len(only_task(text).sections) == 3
