"""A compiled task, ready to make trials."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from epochal.compiler import ir
from epochal.compiler.describe import describe
from epochal.compiler.describe_set import describe_set
from epochal.compiler.ir_json import encode
from epochal.compiler.prelude.session import first_steps
from epochal.compiler.sizes import width
from epochal.compiler.types import is_signal
from epochal.runtime.batch import Batch, Column, Float, Stream
from epochal.runtime.chance import chance_level
from epochal.runtime.errors import TrialError
from epochal.runtime.load_module import Trialmaker
from epochal.runtime.spread import spread_of
from epochal.runtime.values import Value, as_text

MOST_BYTES = 4 * 2**30
"""How much memory the arrays of one batch may take."""

MOST_BINDINGS = 64
"""How many bindings of its parameters a task keeps compiled; the oldest goes first."""

Rebind = Callable[[Mapping[str, str]], "Task"]
"""Compile a task anew with some of its parameters bound to expressions of the language."""


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """A compiled task; `epochal.load` makes one.

    Attributes
    ----------
    ir : compiler.ir.Task or compiler.ir.Taskset
        The intermediate representation, every name resolved.
    source : str
        The text of the file.
    module_source : str
        The NumPy module that makes the trials, as text.
    values : mapping of str to str
        What each parameter is bound to, in the language.
    hash : str
        Task hash: what the file means, its own parameter values included, in one word.
    longest : int
        The longest a trial can be, in us.
    """

    ir: ir.Program
    source: str
    module_source: str
    values: Mapping[str, str]
    hash: str
    longest: int
    module: Trialmaker
    rebind: Rebind
    _bound: dict[tuple[tuple[str, str], ...], Task] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Name the task, its hash, its sizes and its parameters, on one line."""
        bound = "".join(f", {name} = {value}" for name, value in self.values.items())
        return f"<Task {self.name} {self.hash}: {self.n_in} inputs, {self.n_out} outputs{bound}>"

    def _repr_svg_(self) -> str | None:
        """Draw a trial, for notebooks; None where Matplotlib is not installed."""
        if find_spec("matplotlib") is None:
            return None
        from epochal.runtime.canvas import as_bytes
        from epochal.runtime.draw_trials import trials_figure
        from epochal.runtime.preview import preview

        return as_bytes(trials_figure(preview(self, 1)), "svg").decode()

    @property
    def name(self) -> str:
        """Name of the task."""
        return self.ir.name

    @property
    def ir_json(self) -> bytes:
        """The IR as JSON."""
        return encode(self.ir)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input units, one a column."""
        return self.module.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output units, one a column."""
        return self.module.outputs

    @property
    def n_in(self) -> int:
        """Number of inputs, N_in."""
        return len(self.inputs)

    @property
    def n_out(self) -> int:
        """Number of outputs, N_out."""
        return len(self.outputs)

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Labels of the columns and scores that hold positions."""
        return self.module.labels

    @property
    def units(self) -> Mapping[str, str]:
        """Units of the columns of the trial table and of the scores."""
        return self.module.units

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the parameters; in a set of tasks those of a member are ``member.param``."""
        return tuple(types_of(self.ir))

    @property
    def session(self) -> int:
        """Number of trials in one sequence: 1, or those of a session."""
        session = self.ir.session if isinstance(self.ir, ir.Task) else None
        return session.trials if session is not None else 1

    @property
    def spread(self) -> int:
        """Number of batches that a measure takes at least: 1, or more where batches differ."""
        return spread_of(self.ir)

    def n_steps(self, dt: float) -> int:
        """Count the steps of a batch at dt ms."""
        step = round(dt * 1000)
        return self.session * ((self.longest + step // 2) // step)

    def n_bytes(self, n: int, dt: float) -> int:
        """Count the bytes of a batch of n at dt ms: arrays, tables of segments, trial table."""
        of_step, of_trial = self._bytes
        return n * (self.n_steps(dt) * of_step + self.session * of_trial)

    @cached_property
    def _bytes(self) -> tuple[int, int]:
        """Bytes of one step of a sequence, and bytes of one trial beside its steps."""
        n_segments = max(b for _, b in self.module.epochs.values()) + 1
        units = self.n_in + 2 * self.n_out
        of_trial = 8 * n_segments * units + 8 * width(self.ir)
        return 4 * units + 8 * self._n_signals, of_trial

    def batch(
        self,
        n: int,
        *,
        dt: float = 20.0,
        seed: int = 0,
        batch: int = 0,
        stream: Stream = Stream.TRAIN,
        noise: bool = True,
        out: tuple[Float, Float, Float] | None = None,
        **params: Value,
    ) -> Batch:
        """Make n trials; the same arguments give the same trials, on every machine.

        Parameters
        ----------
        n : int
            Number of trials, N_batch; in a task that has sessions, number of sequences.
        dt : float
            Length of a step in ms.
        seed, batch : int
            From 0 to 2**64 - 1.  Batches of one seed are independent.
        stream : Stream
            Training, evaluation, test or lock; streams never overlap.
        noise : bool
            Whether inputs get their noise.
        out : tuple of three arrays, optional
            Inputs, targets and weights of an earlier batch of the same size, to be filled anew.
        **params
            Parameters to rebind for this batch: numbers are in ms, Hz and deg, a text is an
            expression of the language.  One named like an argument is bound by `with_params`.

        Raises
        ------
        ValueError
            A number is out of range, or the batch is too large for memory; TrialError where the
            trials cannot be made: a requirement does not hold, or an extern fails.
        CompileError
            A parameter does not exist or leaves its bounds.
        """
        task = self.with_params(**params) if params else self
        task.check_size(n, dt)
        for name, value in (("seed", seed), ("batch", batch)):
            if not 0 <= operator.index(value) < 2**64:
                raise ValueError(f"{name} = {value} is not allowed: it is from 0 to 2**64 - 1")
        n = operator.index(n)
        if out is not None:
            task._check_arrays(out, n, dt)
        module = task.module
        place = int(seed), int(batch), int(Stream(stream))
        try:
            made = module.generate(n, dt, *place, noise, out)
        except ValueError as error:
            raise TrialError(f"{task.name}: {error}") from error
        inputs, targets, weights, trials = made
        lengths, epochs = task._lengths_and_epochs(module.timeline(trials, dt), n)
        return Batch(inputs, targets, weights, trials, lengths, epochs, dt)

    def _lengths_and_epochs(
        self, timeline: NDArray[np.int64], n: int
    ) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
        """Say how many steps each sequence has, and which each epoch of each trial."""
        stops = np.zeros((len(timeline), timeline.shape[1] + 1), np.int64)
        stops[:, 1:] = timeline
        edges = stops[:, self._edges]
        epochs = {name: edges[:, 2 * i : 2 * i + 2] for i, name in enumerate(self.module.epochs)}
        own = edges[:, 1::2].max(axis=1)
        if self.session == 1:
            return own, epochs
        origin = first_steps(own, self.session)[:, None]
        epochs = {name: span + origin for name, span in epochs.items()}
        return own.reshape(n, -1).sum(axis=1), epochs

    @cached_property
    def _edges(self) -> list[int]:
        """The columns of the padded timeline between which each epoch lies, first and last."""
        return [column for edges in self.module.epochs.values() for column in edges]

    def score(self, outputs: Float, batch: Batch) -> Mapping[str, Column]:
        """Score outputs (N_batch, N_steps, N_out): each (N_trials,), arrays (N_trials, n)."""
        if outputs.shape != batch.targets.shape:
            raise ValueError(
                f"outputs have shape {outputs.shape}, the batch asks for {batch.targets.shape}"
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.module.score(outputs, batch.trials, batch.dt)

    def with_params(self, /, **params: Value) -> Task:
        """Bind parameters anew; the task is compiled and checked again, once for each binding.

        Raises
        ------
        CompileError
            A parameter does not exist, has another type or leaves its bounds.
        TypeError
            A value has no counterpart in the language.
        """
        kinds = types_of(self.ir, bare=True)
        texts = {name: as_text(name, value, kinds.get(name)) for name, value in params.items()}
        key = tuple(sorted(texts.items()))
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = self.rebind(texts)
            if len(self._bound) > MOST_BINDINGS:
                del self._bound[next(iter(self._bound))]
        return bound

    def describe(self) -> str:
        """Tell in plain English what the task is."""
        chance = chance_level(self)
        if isinstance(self.ir, ir.Taskset):
            return describe_set(self.ir, self.values, self.longest, chance)
        return describe(self.ir, self.values, self.longest, chance)

    def check_size(self, n: int, dt: float) -> None:
        """Refuse a batch that has no trials, no steps, or no room in memory.

        Raises
        ------
        ValueError
            The message says which, and what to do.
        """
        if operator.index(n) < 1:
            raise ValueError(f"n = {n} is not allowed: a batch has 1 trial or more")
        if not (math.isfinite(dt) and dt >= 0.001 and round(dt * 1000) == dt * 1000):
            raise ValueError(f"dt = {dt} is not allowed: it is a time in ms, whole microseconds")
        if self.n_steps(dt) < 1:
            raise ValueError(f"dt = {dt} is not allowed: no trial lasts longer than half of it")
        size = self.n_bytes(n, dt)
        if size > MOST_BYTES:
            what = "trials" if self.session == 1 else "sequences"
            raise ValueError(
                f"{n} {what} of {self.n_steps(dt)} steps need {size / 2**30:.1f} GiB, more than "
                f"{MOST_BYTES / 2**30:.0f} GiB: make several batches (batch=0, 1, ..), or use a "
                "longer dt"
            )

    @property
    def _n_signals(self) -> int:
        """Count the processes that are laid out over the steps of a trial, in double precision."""
        members = [self.ir] if isinstance(self.ir, ir.Task) else [m.task for m in self.ir.members]
        return max(
            sum(
                max(v.definition.size, 1)
                for v in task.variables
                if is_signal(v.types[0]) and isinstance(v.definition, ir.Drawn)
            )
            for task in members
        )

    def _check_arrays(self, out: tuple[Float, Float, Float], n: int, dt: float) -> None:
        """Refuse arrays that a batch does not fit into."""
        for name, array, units in zip(
            ("inputs", "targets", "weights"), out, (self.n_in, self.n_out, self.n_out), strict=True
        ):
            shape = n, self.n_steps(dt), units
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(
                    f"out: {name} are {array.dtype} of shape {array.shape}, and the batch needs "
                    f"float32 of shape {shape}"
                )


def types_of(program: ir.Program, *, bare: bool = False) -> dict[str, ir.Type]:
    """Give the type of each parameter by name; ``bare`` adds those of members without the member.

    A bare name is the set's own parameter, or else that of the first member that has it.
    """
    found = {param.name: param.type for param in program.params}
    if isinstance(program, ir.Taskset):
        for member in program.members:
            for param in member.task.params:
                found[f"{member.name}.{param.name}"] = param.type
        for member in program.members if bare else ():
            for param in member.task.params:
                found.setdefault(param.name, param.type)
    return found
