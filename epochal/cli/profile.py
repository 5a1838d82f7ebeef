"""From command-line options to a training profile, and a profile in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from epochal.cli.stages import describe_stages
from epochal.runtime.config import (
    Adam,
    Ctrnn,
    Model,
    Optimizer,
    Profile,
    Rmsprop,
    Sgd,
    time_constant,
)

_OPTIMIZERS: dict[type[Optimizer], str] = {Adam: "Adam", Sgd: "SGD", Rmsprop: "RMSprop"}

Options = Mapping[str, float | int | None]


def profile_of(
    model: Options,
    training: Options,
    rate: float | None,
    accuracy: float | None,
    base: Profile | None = None,
) -> Profile:
    """Change a profile, by default the built-in one, by the options that were given.

    Raises
    ------
    ValueError
        A value is not allowed; the message names it.
    """
    base = base or Profile()
    changed = base.training
    if rate is not None:
        changed = replace(changed, optimizer=replace(changed.optimizer, rate=rate))
    if accuracy is not None:
        changed = replace(changed, stop=replace(changed.stop, accuracy=accuracy))
    for name in _given(model):
        if not hasattr(base.model, name):
            message = f"{base.model.__struct_config__.tag} has no {name}: leave it out"
            raise ValueError(message)
    return Profile(
        model=replace(base.model, **_given(model)), training=replace(changed, **_given(training))
    )


def _given(options: Options) -> dict[str, float | int]:
    return {name: value for name, value in options.items() if value is not None}


def describe_profile(
    name: str,
    session: int,
    profile: Profile,
    seeds: Sequence[int],
    folder: Path,
    stages: Sequence[str] = (),
) -> str:
    """Say in some lines what will be trained, how and into which folder.

    ``session`` is the number of trials in one sequence, ``stages`` are those of a curriculum.
    """
    training = profile.training
    what = "trials" if session == 1 else f"sequences of {session} trials"
    return "\n".join(
        (
            f"training {name} into {folder} (Ctrl-C stops and saves)",
            f"  model     {describe_model(profile.model)}",
            f"  training  {_OPTIMIZERS[type(training.optimizer)]} at "
            f"{training.optimizer.rate:g}, {training.batch} {what} an update, "
            f"at most {training.updates} updates, dt {training.dt:g} ms, {_listed(seeds)}",
            *((f"  stages    {describe_stages(stages, training)}",) if stages else ()),
        )
    )


def describe_model(model: Model) -> str:
    """Say in a line what a network is."""
    kind = model.__struct_config__.tag
    parts = [f"{kind}, {model.units} {getattr(model, 'activation', '')} units".replace("  ", " ")]
    tau = time_constant(model)
    if tau is not None:
        parts.append(f"tau {tau:g} ms")
    parts.append(f"recurrent noise {model.noise:g}")
    if isinstance(model, Ctrnn) and model.dale is not None:
        parts.append(f"Dale's law with {model.dale:.0%} excitatory")
    return ", ".join(parts)


def _listed(seeds: Sequence[int]) -> str:
    """Name seeds, those in a row by the first and the last."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {', '.join(map(str, seeds))}"
