"""Task files of any length, for how costs grow with them."""

from __future__ import annotations

from pathlib import Path

_HEAD = """epochal 1

task long:
    about:
        title: "A benchmark: a file of many statements"
        version: "1.0.0"
        license: "CC0-1.0"

    params:
{params}

    inputs:
        fixation
        motion[left, right] noise white(0.1, at = 20 ms)

    outputs:
        choice[left, right]

    trial:
        side ~ balanced({{left, right}})
{trial}

    epochs:
        fix: 300 ms
        stimulus: 1 s
        response: 500 ms

    during stimulus:
{during}

    during response:
        target choice[side] = 1

    score:
        answer = argmax(choice @ response)
        correct = answer == side
"""


def long_task(lines: int) -> str:
    """Write a task of about so many lines: parameters, variables and statements in equal parts."""
    n = max(1, (lines - 31) // 3)
    params = (f"        p{i} = {0.001 * (i % 7 + 1):.3f} within (0, 1)" for i in range(n))
    trial = (f"        v{i} ~ uniform(0, p{i})" for i in range(n))
    during = (f"        motion[side] += v{i} / {i + 1}" for i in range(n))
    parts = {"params": params, "trial": trial, "during": during}
    return _HEAD.format(**{name: "\n".join(part) for name, part in parts.items()})


def many_statements(statements: int) -> str:
    """Write a task of two inputs and so many statements about them."""
    lines = []
    for i in range(statements):
        lines.append(f"    during stimulus[{10 * (i % 50)} ms : {10 * (i % 50) + 300} ms]:")
        lines.append(f"        motion[{('left', 'right')[i % 2]}] += 0.01")
    text = _HEAD.format(
        params="        p = 0.5", trial="        v = p", during="        motion = v"
    )
    return text.replace("    during response:", "\n".join(lines) + "\n\n    during response:")


def write(folder: Path, text: str) -> str:
    """Write a task into a folder; give its path."""
    path = folder / "benchmark.task"
    path.write_text(text)
    return str(path)
