"""No task is too much: what is too large is refused at once, and what is not is done soon."""

import time

import pytest
from compiled import codes, judged, task

from epochal.dsl.limits import MAX_ITEMS, MAX_NAME, MAX_SHOWN
from epochal.dsl.parser import parse
from epochal.dsl.render import in_order, render
from epochal.dsl.span import Source


def lines(text: str, n: int) -> str:
    return "\n".join(text.format(i=i) for i in range(n))


def repeated(epochs: str, during: dict[str, str] | None = None) -> str:
    """Write a task whose epochs are repeated 1000 times."""
    body = "".join(f"            {line}\n" for line in epochs.splitlines())
    text = task(epochs="wait_: 1 ms", during=during)
    return text.replace("        wait_: 1 ms\n", f"        repeat 1000 as i:\n{body}")


FACTORS = lines("x{i} ~ balanced({{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}})", 12)
FIVE = lines("x{i} ~ balanced({{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}})", 5)
SLICES = {f"wait[{i} us :]": "light += 1" for i in range(250)}
SOME_SLICES = {f"wait[{i} us :]": "light += 1" for i in range(50)}
LIST = "list[3] ~ uniform(0, 1)"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (task(epochs="repeat 1000000000 as i:\n    wait: 1 ms"), "E0426"),
        (repeated(lines("wait{i}: 1 us", 1000)), "E0503"),
        (repeated(lines("repeat 1000 as i{i}:\n    wait{i}: 1 us", 10)), "E0427"),
        (task(epochs=lines("wait{i}: 1 us", 6000)), "E0503"),
        (task(during=SLICES), "E0503"),
        (
            repeated("wait: 1 ms", SOME_SLICES),
            "E0503",
        ),
        (task(trial=f"x ~ {{{', '.join(map(str, range(20_000)))}}}"), "E0367"),
        (task(trial=f"x ~ {{{', '.join(f'a{i}' for i in range(20_000))}}}"), "E0367"),
        (task(inputs=f"light[{', '.join(f'a{i}' for i in range(10_000))}]"), "E0502"),
        (task(inputs=lines("light{i}: ring(9000)", 1000)), "E0502"),
        (task(trial="x[1e9] ~ uniform(0, 1)"), "E0502"),
        (task(trial="x = sum(range(100000000))"), "E0502"),
        (task(trial="x ~ permutation(100000000)"), "E0502"),
        (task(trial="n = 100000000\nx[n] = 1"), "E0502"),
        (task(trial=lines("x{i}[9000] ~ uniform(0, 1)", 100)), "E0502"),
        (task(trial=FACTORS), "E0501"),
        (task(trial=f"{FACTORS}\nrequire x1 > x2"), "E0501"),
        (
            task(trial=f"{FIVE}\nrequire x0 + x1 + x2 + x3 + x4 > 3"),
            "E0501",
        ),
        (
            task(trial=f"x ~ integers(0, 1e19)\n{LIST}\ny = list[mod(x, 3)]"),
            "E0321",
        ),
        (
            task(trial=f"x = 99999999999999999999\n{LIST}\ny = list[mod(x * 7, 3)]"),
            "E0504",
        ),
        (task(trial="x ~ integers(0, 1000000)\ny = x * x * x * x"), "E0504"),
        (task(trial="x ~ uniform(0 s, 1e90 s)"), "E0504"),
        (task(trial="x ~ uniform(0, 1e90)\ny = x * 1 s"), "E0504"),
        (task(trial="x ~ {a: 1e300, b: 1}"), "E0504"),
        (task(trial="x ~ {a: 0, b: 0}"), "E0354"),
        (task(trial="x ~ {a: -1, b: 2}"), "E0354"),
        (task(params="p = 3", trial="x ~ {a: p, b: 1 - p}"), "E0354"),
        (task(trial="x" * (MAX_NAME + 1) + " = 1"), "E0369"),
        (task(trial="x ~ {" + "x" * (MAX_NAME + 1) + "}"), "E0369"),
    ],
    ids=range(29),
)
def test_what_is_too_much_is_refused_at_once(text: str, code: str) -> None:
    start = time.perf_counter()
    assert code in codes(text)
    assert time.perf_counter() - start < 10


def test_a_chain_of_parents_has_an_end() -> None:
    for n, code in ((100, []), (101, ["E0368"]), (250, ["E0368"])):
        chain = "\n".join(f"task c{i} extends c{i + 1} with x = 1" for i in range(n))
        base = task(params="x = 0", trial="y = x").replace("task small", f"{chain}\n\ntask c{n}")
        assert codes(base) == code


def test_a_file_holds_so_many_tasks_and_no_more() -> None:
    text = "epochal 1\n" + lines("task t{i} extends u with x = 1", MAX_ITEMS + 5)
    file, found = parse(Source("many", text))
    assert file is not None
    assert len(file.items) == MAX_ITEMS
    assert [(one.code, one.span.line if one.span else 0) for one in found] == [
        ("E0106", MAX_ITEMS + 2)
    ]


def test_two_tasks_of_one_name_are_an_error() -> None:
    text = task()
    assert codes(text + "\n" + text.split("\n", 2)[2]) == ["E0212"]


def test_ten_thousand_mistakes_are_shown_soon_and_in_short() -> None:
    text = task(trial=lines("x{i} = y{i}", 10_000))
    start = time.perf_counter()
    _, found = judged(text)
    shown = render(found, {"test.task": text}, color=False)
    assert time.perf_counter() - start < 20
    assert len(found) == 10_000
    assert shown.count("error[E0201]") == MAX_SHOWN
    assert "and 9900 more like these, which are not shown" in shown


def test_no_warning_hides_an_error() -> None:
    text = task(params=lines("x{i} = 1", 300), trial="y = nothing")
    _, found = judged(text)
    assert [one.code for one in in_order(found) if one.is_error] == ["E0201"]
    many = task(trial=lines("n{i} ~ integers(0, 1)\nx{i} = 1 / n{i}", 300) + "\nz ~ poisson(5)")
    assert "E0208" in {one.code for one in in_order(judged(many)[1])}
