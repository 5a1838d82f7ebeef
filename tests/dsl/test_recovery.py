"""One run reports every mistake, and a broken line costs no other line."""

from written import codes, messages, parsed

from epochal.dsl import syntax
from epochal.dsl.limits import MAX_ERRORS

HEAD = "epochal 1\n\ntask t:\n"


def sections_of(text: str) -> tuple[syntax.Section, ...]:
    (task,) = parsed(text)[0].items
    assert isinstance(task, syntax.Task)
    return task.sections


def test_every_broken_line_is_reported() -> None:
    text = f"{HEAD}    params:\n        a = ,\n        b = 2\n        c 3\n        d = 4\n"
    _, found = parsed(text)
    assert [diagnostic.span.line for diagnostic in found if diagnostic.span] == [5, 7]


def test_lines_around_a_broken_one_are_kept_once_and_in_order() -> None:
    lines = "".join(
        f"        {name}\n" for name in ("a = 1", "b = 2", "c = ,", "d = 4", "e =", "f = 6")
    )
    (params,) = sections_of(f"{HEAD}    params:\n{lines}")
    assert isinstance(params, syntax.Params)
    assert [param.name.name for param in params.params] == ["a", "b", "d", "f"]


def test_the_words_of_broken_lines_are_kept() -> None:
    file, _ = parsed(f"{HEAD}    params:\n        a = f(b c)\n        d = 1\n")
    assert file.skipped == {"a", "f", "b", "c"}


def test_a_broken_header_takes_its_block_with_it() -> None:
    text = f"{HEAD}    stimuli:\n        a = 1\n        b ~ , c\n\n    params:\n        d = 1\n"
    file, found = parsed(text)
    assert [diagnostic.code for diagnostic in found] == ["E0124"]
    assert file.skipped == {"stimuli", "a", "b", "c"}
    assert len(sections_of(text)) == 1


def test_a_mended_header_keeps_its_block() -> None:
    text = f"{HEAD}    parms\n        d = 1\n"
    assert codes(text) == ["E0124", "E0122"]
    assert sections_of(text) == sections_of(f"{HEAD}    params:\n        d = 1\n")


def test_a_mended_line_is_parsed() -> None:
    broken = f"{HEAD}    inputs:\n        x = ring(3) nois white(0.1) basline0.2 rectifed\n"
    good = f"{HEAD}    inputs:\n        x: ring(3) noise white(0.1) rectified\n"
    assert codes(broken)[:2] == ["E0123", "E0124"]
    assert codes(good) == []


def test_all_mended_mistakes_of_a_line_are_reported() -> None:
    broken = f"{HEAD}    inputs:\n        x = ring(3) nois white(0.1) rectifed\n"
    good = f"{HEAD}    inputs:\n        x: ring(3) noise white(0.1) rectified\n"
    assert codes(broken) == ["E0123", "E0124", "E0124"]
    assert sections_of(broken) == sections_of(good)


def test_diagnostics_come_in_the_order_of_the_text() -> None:
    lines = ("a = 1 < 2 < 3", "b = 'x'", "c = ,")
    text = f"{HEAD}    params:\n" + "".join(f"        {line}\n" for line in lines)
    assert codes(text) == ["E0132", "E0113", "E0120"]


def test_at_most_twenty_mistakes_are_reported_and_the_last_says_so() -> None:
    text = HEAD + "    params:\n" + "        a = ,\n" * 30
    file, found = parsed(text)
    assert len(found) == MAX_ERRORS
    assert [note.message for note in found[-1].notes] == [
        "only the first 20 mistakes are shown; there may be more"
    ]
    assert file.skipped == {"a"}


def test_words_behind_the_last_mistake_are_skipped_and_not_lost() -> None:
    text = HEAD + "    params:\n" + "        a = ,\n" * 30 + "        late = 1\n"
    assert "late" in parsed(text)[0].skipped


def test_a_file_without_its_version_is_parsed_all_the_same() -> None:
    text = "task t:\n    params:\n        a = 1\n"
    file, found = parsed(text)
    (missing,) = found
    assert missing.code == "E0107"
    (fix,) = missing.fixes
    assert len(file.items) == 1
    assert codes(fix.replacement + text) == []


def test_texts_without_a_line_lack_their_version() -> None:
    assert codes("") == codes("\n\n") == codes("# only a comment\n") == ["E0107"]


def test_a_second_header_is_a_mistake() -> None:
    assert codes("epochal 1\nepochal 1\n") == ["E0124"]


def test_a_message_says_what_could_stand_there() -> None:
    assert messages("params", "a = 1 2") == [
        "found the number `2`, expected an operator, `within` or the end of the line"
    ]
    assert messages("params", "a b") == ["found the name `b`, expected `=`"]
    assert messages("epochs", "a: until 3") == ["found the number `3`, expected `end`"]
    assert messages("during a", "ignore = 3")[0].startswith("`ignore` is a word of the language")


def test_a_long_word_is_cut_in_messages() -> None:
    (message,) = messages("params", f"a = 1 {'x' * 5000}")
    assert len(message) < 300
