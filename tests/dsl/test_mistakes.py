"""The mistakes that people make are named for what they are."""

import pytest
from written import BLOCK, codes, messages, parsed, well_parsed


@pytest.mark.parametrize(
    ("block", "line", "code"),
    [
        ("params", "a = 500 msec", "E0130"),
        ("params", "a = 1 sec", "E0130"),
        ("params", "a = 1.5 hours", "E0130"),
        ("params", "a = 3 mV", "E0130"),
        ("params", "a = 3x", "E0130"),
        ("params", "a = 10 khz", "E0130"),
        ("params", "a = 30 degrees", "E0130"),
        ("params", "a = 30 percent", "E0130"),
        ("params", "a = 5.", "E0128"),
        ("params", "a = -.5", "E0128"),
        ("params", "a = 5. * 3", "E0128"),
        ("params", "a = b.5", "E0129"),
        ("params", "a = 1 if b else 0if c else 2", "E0129"),
        ("params", "a = 1within (0, 2)", "E0129"),
        ("inputs", "a baseline0.2", "E0129"),
        ("trial", "a == 3", "E0135"),
        ("trial", "a ~ b if c = 3 else d", "E0135"),
        ("trial", "require a = 3", "E0135"),
        ("during a if b = 3", "ignore", "E0135"),
        ("params", "a = b && c", "E0127"),
        ("params", "a = b || c", "E0127"),
        ("params", "a = !b", "E0127"),
        ("params", "a = b % 2", "E0127"),
        ("params", "a = (b + 1) % 2", "E0127"),
        ("params", "a = 5 % 2", "E0127"),
        ("params", "a = b ^ 2", "E0127"),
        ("params", "a = b; c = d", "E0127"),
        ("params", "a = b === c", "E0127"),
        ("params", "a = b => c", "E0127"),
        ("params", "a = b \\", "E0127"),
        ("params", "a = {b = 3}", "E0123"),
        ("params", "a: 3", "E0123"),
        ("params", "a = f(b: 3)", "E0123"),
        ("epochs", "a = 3 s", "E0123"),
        ("about", "title = 3", "E0123"),
        ("during a", "x: 3", "E0123"),
        ("inputs", "x = 3", "E0123"),
        ("inputs", "x = ring(3)", "E0123"),
        ("inputs", "x nois white(1)", "E0124"),
        ("during a", "weigth x = 3", "E0124"),
        ("during a", "tagret x[left] = 3", "E0124"),
        ("trial", "requre x > 3", "E0124"),
        ("epochs", "repaet 3 as i:", "E0124"),
        ("trial", "x ~ y pre batch", "E0124"),
        ("during a", "for i in x:", "E0126"),
        ("trial", "elif x:", "E0126"),
        ("trial", "else:", "E0126"),
        ("trial", "while x:", "E0126"),
        ("trial", "def f(x):", "E0126"),
        ("score", "return x", "E0126"),
        ("trial", "from x import y", "E0126"),
        ("trial", "during a:", "E0125"),
        ("epochs", "during a:", "E0125"),
        ("inputs", "outputs:", "E0125"),
        ("trial", "epochs:", "E0125"),
        ("epochs", "repeat: 3 s", "E0133"),
        ("epochs", "target: 3 s", "E0133"),
        ("inputs", "weight", "E0133"),
        ("inputs", "true", "E0133"),
        ("params", "ms = 3", "E0133"),
        ("params", "pi = 3", "E0133"),
        ("trial", "(a, not) ~ b", "E0133"),
        ("trial", "require = 3", "E0133"),
        ("epochs", "repeat 3 as s:", "E0133"),
        ("params", "a = 90 deg/s", "E0131"),
        ("params", "a = (1 + 2) / ms", "E0131"),
        ("params", "a = 1 < b < 3", "E0132"),
        ("params", "a = 1 < b < c <= d", "E0132"),
        ("params", "a = 'x'", "E0113"),
    ],
)
def test_a_mistake_has_its_own_code(block: str, line: str, code: str) -> None:
    assert code in codes(BLOCK.format(block=block, line=line))[:2]


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("a = 500 msec", "a = 500 ms"),
        ("a = 1 sec", "a = 1 s"),
        ("a = 10 khz", "a = 10 kHz"),
        ("a = 1.5 hours", "a = 90.0 min"),
        ("a = 30 Percent", "a = 30 %"),
        ("a = .5", "a = 0.5"),
        ("a = 5.", "a = 5.0"),
        ("a = 5. * 3", "a = 5.0 * 3"),
        ("a = b % 2", "a = mod(b, 2)"),
        ("a = 5 % 2", "a = mod(5, 2)"),
        ("a = f(b % g(2))", "a = f(mod(b, g(2)))"),
        ("a = b && c", "a = b and c"),
        ("a = !b", "a = not b"),
        ("a = b ^ 2", "a = b ** 2"),
        ("a = b <> c", "a = b != c"),
        ("a = 90 deg/s", "a = 90 deg/1 s"),
        ("a = 1 < b <= f(2) < c", "a = 1 < b and b <= f(2) and f(2) < c"),
        ("a == 3", "a = 3"),
        ("a: 3", "a = 3"),
        ("a = 1 withn (0, 2)", "a = 1 within (0, 2)"),
        ("a = 'x y'", 'a = "x y"'),
    ],
)
def test_a_fix_mends_its_line(line: str, mended: str) -> None:
    text = BLOCK.format(block="params", line=line)
    (found,) = parsed(text)[1]
    (fix,) = found.fixes
    fixed = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
    assert fixed == BLOCK.format(block="params", line=mended)
    well_parsed(fixed)


@pytest.mark.parametrize("line", ["a = b * c % 2", "a = b + c % d ** 2", "a = (b) % 2"])
def test_a_remainder_within_a_longer_expression_has_no_unsafe_fix(line: str) -> None:
    (found,) = parsed(BLOCK.format(block="params", line=line))[1]
    assert found.code == "E0127"
    assert found.fixes == ()


def test_brackets_make_a_comparison_of_comparisons() -> None:
    assert messages("params", "a = (1 < b) == (c < 3)") == []
    assert messages("params", "a = (b) < c") == []


def test_a_chain_is_reported_once_with_all_its_parts() -> None:
    assert messages("params", "a = 1 < b < c < 4") == [
        "comparisons do not chain: write `1 < b and b < c and c < 4`"
    ]


def test_a_model_does_not_belong_in_a_task() -> None:
    (found,) = parsed("epochal 1\ntask t:\n    model: ctrnn(units = 3)\n")[1]
    assert found.code == "E0125"
    assert ".train" in found.message


def test_a_word_that_touches_others_is_taken_whole() -> None:
    assert messages("inputs", "a rectifiedly") == [
        "unknown word `rectifiedly`: did you mean `rectified`?"
    ]


def test_a_header_may_lack_its_colon() -> None:
    text = "epochal 1\ntask b extends a with c = 1\n    params:\n        d = 1\n"
    file, found = parsed(text)
    assert [diagnostic.code for diagnostic in found] == ["E0122"]
    assert file == well_parsed(text.replace("c = 1", "c = 1:"))
