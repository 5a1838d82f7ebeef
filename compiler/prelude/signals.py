"""Signals: functions of the time within a span, drawn or made of others.

A process is laid out over the steps from the start of a span, (N_batch, N_steps), or
(N_batch, N_steps, n) where there are n independent ones.  A function of a signal works on the
flat list of steps that `flat_steps` makes, (N,) or (N, n), where k counts from 0 in each span.
"""

import math

import numpy as np

from epochal.compiler.prelude.portable import portable_exp, portable_log
from epochal.compiler.prelude.samplers import normal_quantile
from epochal.compiler.prelude.timeline import flat_steps, us
from epochal.compiler.prelude.words import Array, Draw, Floats, Ints, Number, middles


def event_words(draw: Draw, name: str, n_events: int, *size: int, attempt: int = 0) -> Floats:
    """Draw a number in (0, 1) for each event there may be: (N_batch, [n,] N_events).

    They are drawn 16 events at a time, `name:0`, `name:1`, .., so that N_events moves none.
    """
    k = 16 * math.prod(size)
    parts = [draw.each(f"{name}:{i}", k, attempt) for i in range(-(-n_events // 16))]
    u = [middles(words).reshape(draw.n, *size, 16) for words in parts]
    return np.concatenate(u, axis=-1)[..., :n_events]


def event_times(u: Floats, rate: Number, refractory: Number, over: Number, name: str) -> Floats:
    """Draw the times of events in us from the start, nan after the last: (N_batch, [n,] N_events).

    The gap before an event is the refractory time plus an exponential one of mean 1 / rate; the
    first event has no refractory time before it.  None comes at `over` or later.

    Parameters
    ----------
    u : (N_batch, [n,] N_events), from `event_words`.
    rate : in Hz, one number or (N_batch,); 0 gives no event.
    refractory, over : in us, one number or (N_batch,).
    name : of the process, for the error where N_events do not reach as far as `over`.
    """
    rate, refractory, over = (across(x, u.ndim) for x in (rate, refractory, over))
    mean = np.divide(1e6, rate, out=np.full(np.shape(rate), np.inf), where=rate > 0)
    gap = -mean * portable_log(1 - u)
    gap[..., 1:] += refractory
    time = np.cumsum(gap, axis=-1)
    if (time[..., -1:] + refractory < over).any():
        raise ValueError(
            f"{name} has more than {u.shape[-1]} events on a trial: compile the task with the rate "
            "and the times that it is to have"
        )
    return np.where(time < over, time, np.nan)


def at_events(time: Floats, height: Number) -> Floats:
    """Give every event its height; nan where there is none."""
    return np.where(np.isnan(time), np.nan, height)


def event_count(time: Floats) -> Ints:
    """Count the events of each trial: (N_batch,), or (N_batch, n) of n trains."""
    return np.asarray(np.isfinite(time).sum(axis=-1))


def pulses(
    time: Floats, height: Floats, width: Number, over: Number, n_steps: int, dt: float
) -> Floats:
    """Lay out a pulse at every event, in steps from the start of a span: (N_batch, N_steps[, n]).

    A pulse holds from the step nearest to its event to the one nearest to its end, at least one
    step, and always before the step of `over`.  Pulses that overlap add up.

    Parameters
    ----------
    time, height : (N_batch, [n,] N_events) in us, nan where there is no event.
    width, over : in us, one number or (N_batch,).
    dt : in ms.
    """
    width, over = across(width, time.ndim), across(over, time.ndim)
    last = nearest(over, dt)
    start = np.minimum(nearest(np.where(np.isnan(time), 0, time), dt), last - 1)
    stop = np.minimum(nearest(np.where(np.isnan(time), 0, time + width), dt), last)
    stop = np.where(np.isnan(time), start, np.maximum(stop, start + 1))
    event, step, _ = flat_steps(
        np.clip(start, 0, n_steps).ravel(), np.clip(stop, 0, n_steps).ravel()
    )
    train = event // time.shape[-1]
    size = time[..., 0].size
    x = np.bincount(train * n_steps + step, height.ravel()[event], size * n_steps)
    return np.moveaxis(np.asarray(x, np.float64).reshape(*time.shape[:-1], n_steps), -1, 1)


def step_normals(trials: dict[str, Array], name: str, n_steps: int, *size: int) -> Floats:
    """Draw a standard normal number for each step of each trial: (N_batch, N_steps[, n]).

    The trial table says which words each trial has; step k has those of attempt k.
    """
    row = trials["design row"]
    key = np.stack([trials[f"design {part}"] for part in ("seed", "batch", "stream")], axis=1)
    u = np.empty((len(row), n_steps, *size))
    for one in np.unique(key, axis=0):
        mine = (key == one).all(axis=1)
        seed, batch, stream = one.tolist()
        draw = Draw(int(row[mine].max()) + 1, seed, batch, stream)
        for k in range(n_steps):
            words = draw.words(name, draw.n * math.prod(size), k)
            u[mine, k] = middles(words).reshape(draw.n, *size)[row[mine]]
    return normal_quantile(u)


def ou(z: Floats, sd: Number, tau: Number, dt: float) -> Floats:
    """Ornstein-Uhlenbeck process of mean 0, exact at every dt: (N_batch, N_steps[, n]).

    It starts from its stationary law, and its autocorrelation is exp(-t / tau).

    Parameters
    ----------
    z : (N_batch, N_steps[, n]) standard normal.
    sd : stationary standard deviation; tau : in us; each one number or (N_batch,).
    """
    sd, tau = across(sd, z.ndim), across(tau, z.ndim)
    kept = portable_exp(-us(dt) / tau)
    x = sd * np.sqrt(1 - kept * kept) * z
    x[:, :1] = sd * z[:, :1]
    for k in range(1, z.shape[1]):
        x[:, k] += kept[:, 0] * x[:, k - 1]
    return x


def random_walk(z: Floats, sd: Number, dt: float) -> Floats:
    """Random walk from 0, of standard deviation sd after one second: (N_batch, N_steps[, n])."""
    step = across(sd, z.ndim) * np.sqrt(us(dt) / 1e6) * z
    step[:, :1] = 0
    return np.cumsum(step, axis=1)


def latch(x: Number, k: Ints, initial: Number) -> Floats:
    """Hold the last value of x in its span that was not 0; before the first, `initial`."""
    x = each_step(x, k)
    place = np.arange(len(k)).reshape(-1, *[1] * (x.ndim - 1))
    first = np.reshape(k == 0, place.shape)
    last = np.maximum.accumulate(np.where((x != 0) | first, place, 0), axis=0)
    held = np.take_along_axis(x, last, axis=0)
    return np.where(held != 0, held, initial)


def lag(x: Number, k: Ints, by: Number, dt: float) -> Floats:
    """Give x some time earlier in its span, 0 before the span; by is in us, dt in ms."""
    x = each_step(x, k)
    back = np.broadcast_to(nearest(np.asarray(by), dt), k.shape)
    earlier = x[np.maximum(np.arange(len(k)) - back, 0)]
    return np.where(np.reshape(back <= k, (-1, *[1] * (x.ndim - 1))), earlier, 0)


def integral(x: Number, k: Ints, dt: float) -> Floats:
    """Integrate x from the start of its span to the start of each step, over us."""
    laid, span = by_span(each_step(x, k), k)
    total = np.zeros_like(laid)
    np.cumsum(laid[:, :-1], axis=1, out=total[:, 1:])
    return total[span, k] * us(dt)


def ema(x: Number, k: Ints, tau: Number, dt: float) -> Floats:
    """Average x exponentially: tau dy / dt = x - y from y = 0, exact where x keeps still in steps.

    y is taken at the start of each step; tau is in us, one number or one a step, dt in ms.
    """
    x = each_step(x, k)
    rate = 1 - portable_exp(-us(dt) / np.asarray(tau, np.float64))
    rate = np.reshape(np.broadcast_to(rate, k.shape), (-1, *[1] * (x.ndim - 1)))
    (laid, span), (share, _) = by_span(x, k), by_span(rate, k)
    y = np.zeros_like(laid)
    for i in range(1, laid.shape[1]):
        y[:, i] = y[:, i - 1] + share[:, i - 1] * (laid[:, i - 1] - y[:, i - 1])
    return y[span, k]


def each_step(x: Number, k: Ints) -> Floats:
    """Give a value of its own to every step, also where all have one row: (N,) or (N, n)."""
    x = np.asarray(x, np.float64)
    return np.broadcast_to(x, (len(k), *x.shape[1:]))


def by_span(x: Floats, k: Ints) -> tuple[Floats, Ints]:
    """Lay values of flat steps out by their spans, (N_spans, N_steps[, n]), and number the spans.

    What lies past the end of a shorter span is 0.
    """
    span = np.cumsum(k == 0) - 1
    laid = np.zeros((np.count_nonzero(k == 0), k.max(initial=0) + 1, *x.shape[1:]))
    laid[span, k] = x
    return laid, span


def nearest(time: Number, dt: float) -> Ints:
    """Give the step nearest to a time in us, half up, which need not be whole."""
    return np.floor(np.asarray(time) / us(dt) + 0.5).astype(np.int64)


def across(x: Number, ndim: int) -> Floats:
    """Give numbers of trials, (N_batch,) or one for all, the axes of what they meet."""
    return np.asarray(x, np.float64).reshape(-1, *[1] * (ndim - 1))
