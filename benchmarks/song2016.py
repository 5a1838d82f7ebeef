"""The excitatory-inhibitory network of Song et al. 2016: what its runs reached.

After ``epochal train tasks/song2016/rdm_ei.train``, which trains three seeds into runs/rdm_ei,

    python -m benchmarks.song2016 runs/rdm_ei

keeps in ``tests/peers/recorded/song2016_rdm_ei.json`` how accuracy rose, whether the weights in
force obey Dale's law, and what was measured.  ``python -m benchmarks.song2016`` prints the tables
of docs/results.md from that, and draws ``docs/rdm_ei.svg``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawing import BLUE, GREEN, GREY, ORANGE, Drawing, linear
from epochal.runtime.rundir import METRICS, Run, read_run
from epochal.runtime.weights import effective, make_masks

HERE = Path(__file__).parent.parent
RECORDED, FIGURE = HERE / "tests/peers/recorded/song2016_rdm_ei.json", HERE / "docs/rdm_ei.svg"

Network = dict[str, Any]


def reached(run: Run) -> Network:
    """Say what one run reached."""
    record = run.record
    lines = map(json.loads, (run.folder / METRICS).read_text().splitlines())
    measures = json.loads((run.folder / "measures.json").read_bytes())
    checks = {one["update"]: one["accuracy"] for one in lines if one["accuracy"] is not None}
    return {
        "seed": record.seed,
        "updates": record.updates,
        "trials": record.updates * record.profile.training.batch,
        "seconds": round(record.seconds),
        "ended": record.reason,
        "checks": [round(accuracy, 4) for accuracy in checks.values()],
        **weights_of(run),
        "right": _curve(measures["psychometric"]),
        "correct": _curve(measures["by_coherence"]),
    }


def weights_of(run: Run) -> Network:
    """Say whether weights in force obey Dale's law, and how large and sparse they became."""
    model, task = run.record.profile.model, run.record.task
    masks = make_masks(model, task.n_in, task.n_out, run.connectivity)
    W = effective(run.weights, masks)
    assert masks.sign is not None
    obeyed = (W["W_rec"] * masks.sign >= 0).all() and (W["W_in"] >= 0).all()
    reads = (W["W_out"] >= 0).all() and not W["W_out"][:, masks.sign < 0].any()
    between = ~np.eye(model.units, dtype=bool)
    return {
        "dale": bool(obeyed and reads and not W["W_rec"].diagonal().any()),
        "radius": round(float(np.abs(np.linalg.eigvals(W["W_rec"])).max()), 3),
        "zero": round(float((W["W_rec"][between] == 0).mean()), 3),
    }


def _curve(measure: Network) -> dict[str, float]:
    return {one["condition"][0]: round(one["accuracy"], 4) for one in measure["groups"]}


def rows(networks: Sequence[Network]) -> list[str]:
    """Lay out the tables: a line for each network, then for each coherence."""
    lines = [
        f"| {one['seed']} | {one['updates']:,} | {one['trials']:,} | {one['seconds']} | "
        f"{np.mean(one['checks'][-5:]):.1%} | {'yes' if one['dale'] else 'no'} | "
        f"{one['radius']:.2f} | {one['zero']:.1%} |"
        for one in networks
    ]
    for kind in ("correct", "right"):
        for coherence in networks[0][kind]:
            cells = (f"{one[kind][coherence]:.1%}" for one in networks)
            lines.append(f"| {float(coherence):.1%} | {' | '.join(cells)} |")
    return lines


def figure(networks: Sequence[Network]) -> str:
    """Draw how accuracy rose, and the psychometric functions."""
    made = Drawing(720, 300, "Random-dot motion in networks of excitatory and inhibitory units")
    colors = (BLUE, ORANGE, GREEN)
    most = max(len(one["checks"]) for one in networks) - 1
    update, level = linear(0, most * 500, 60, 340), linear(0.45, 1, 240, 20)
    strength, right = linear(-0.52, 0.52, 430, 700), linear(0, 1, 240, 20)
    made.line(60, level(0.85), 340, level(0.85), GREY, 1)
    made.text(64, level(0.85) - 5, "85%, in the mean of five", color=GREY)
    made.line(430, right(0.5), 700, right(0.5), "#dddddd", 1)
    made.line(strength(0), 20, strength(0), 240, "#dddddd", 1)
    for one, color in zip(networks, colors, strict=True):
        made.path([(update(500 * i), level(y)) for i, y in enumerate(one["checks"])], color)
        curve = [(strength(float(x)), right(y)) for x, y in one["right"].items()]
        made.path(curve, color)
        for x, y in curve:
            made.dot(x, y, color, 2.5)
    _axes(made)
    for count in range(0, most * 500 + 1, 5000):
        made.text(update(count), 258, f"{count:,}", "middle", GREY)
    for value in (0.5, 0.75, 1):
        made.text(54, level(value) + 4, f"{value:.0%}", "end", GREY)
        made.text(424, right(2 * value - 1) + 4, f"{2 * value - 1:.0%}", "end", GREY)
    for value in (-0.512, -0.256, 0, 0.256, 0.512):
        made.text(strength(value), 258, f"{value:.1%}", "middle", GREY)
    return made.svg()


def _axes(made: Drawing) -> None:
    for left, end, below, above in (
        (60, 340, "updates of 20 trials", "correct, of 1,100 fresh trials"),
        (430, 700, "coherence, to the right", "answers to the right"),
    ):
        made.line(left, 240, end, 240, GREY, 1)
        made.line(left, 20, left, 240, GREY, 1)
        made.text((left + end) / 2, 280, below, "middle")
        made.text(left + 6, 16, above)


def main(folders: Sequence[str]) -> None:
    """Keep what runs reached, where a folder is named; then print and draw what was kept."""
    if folders:
        found = [reached(read_run(path)) for path in sorted(Path(folders[0]).glob("seed-*"))]
        lines = ",\n".join(f"  {json.dumps(one)}" for one in found)
        RECORDED.write_text(f"[\n{lines}\n]\n")
    networks = json.loads(RECORDED.read_bytes())
    print("\n".join(rows(networks)))
    FIGURE.write_text(figure(networks))


if __name__ == "__main__":
    main(sys.argv[1:])
