"""PsychRNN: its own task and its own ``train()``, one update at a time.

``train()`` asks a generator for a batch when the last update is done, so that the generator is
where one update ends and the next begins: nothing of PsychRNN is rewritten or left out.  Of its
settings only reports are switched off (``loss_epoch`` runs the network once more every so many
updates), and in `step` its clipping, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
from psychrnn.backend.models.basic import Basic
from psychrnn.tasks.perceptual_discrimination import PerceptualDiscrimination

from benchmarks.peers.protocol import serve

DT, TAU = 10, 100
NEVER = 10**12
Draw = Callable[[], object]


class Training:
    """One training, on a thread of its own; each call lets it do one update."""

    def __init__(self, task: PerceptualDiscrimination, draw: Draw, units: int, **more: object):
        self._draw = draw
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._error: BaseException | None = None
        settings: dict[str, object] = {
            "training_iters": NEVER,
            "loss_epoch": NEVER,
            "verbosity": False,
        }
        settings |= {"save_training_weights_epoch": NEVER, "clip_grads": more.pop("clip", True)}
        params = {**task.get_task_params(), "name": "peer", "N_rec": units, **more}
        thread = threading.Thread(target=self._train, args=(params, settings), daemon=True)
        thread.start()
        self._wait()

    def __call__(self) -> None:
        """Do one update, with its batch."""
        self._go.release()
        self._wait()

    def _wait(self) -> None:
        self._done.acquire()
        if self._error is not None:
            raise self._error

    def _train(self, params: dict[str, object], settings: dict[str, object]) -> None:
        try:
            Basic(params).train(self._batches(), settings)
        except BaseException as error:
            self._error = error
            self._done.release()

    def _batches(self) -> Iterator[object]:
        yield self._draw()  # it looks at one for its size
        while True:
            self._done.release()
            self._go.acquire()
            yield self._draw()


def task_of(batch: int, steps: int) -> PerceptualDiscrimination:
    """Its own two-alternative task, of so many steps of 10 ms."""
    return PerceptualDiscrimination(dt=DT, tau=TAU, T=steps * DT, N_batch=batch)


def batch(batch: int, steps: int) -> Callable[[], object]:
    """Prepare a batch of trials, from its own generator."""
    batches = task_of(batch, steps).batch_generator()
    return lambda: next(batches)


def step(units: int, batch: int, steps: int) -> Callable[[], object]:
    """Prepare an update of Basic without noise, Dale's law or clipping, always on one batch."""
    task = task_of(batch, steps)
    one = next(task.batch_generator())
    return Training(task, lambda: one, units, clip=False)


def update(
    units: int, batch: int, steps: int, noise: float = 0.0, dale: float = 0.0
) -> Callable[[], object]:
    """Prepare an update of Basic with its data, as ``train()`` does it, clipping too."""
    task = task_of(batch, steps)
    batches = task.batch_generator()
    more = {"rec_noise": noise, **({"dale_ratio": dale} if dale else {})}
    return Training(task, lambda: next(batches), units, **more)


def first_update(units: int, batch: int, steps: int) -> Callable[[], object]:
    """Everything from a new task to the end of the first update; once in a process."""

    def begin() -> None:
        np.random.seed(0)
        update(units, batch, steps)()

    return begin


if __name__ == "__main__":
    actions = (batch, step, update, first_update)
    serve({one.__name__: one for one in actions}, ("PsychRNN", "tensorflow", "numpy"))
