"""Draws that leave out a member, that are rounded, and one for a whole batch.

Vectorised trials, printed by Epochal from source.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "draws",
    "hash": "task1:3110c7c904e7",
    "inputs": ("light",),
    "outputs": ("choice[left]", "choice[right]"),
    "epochs": {"show": (0, 1), "wait": (1, 2)},
    "labels": {
        "side": ("left", "right"), "hue": ("red", "green", "blue"),
        "other_hue": ("red", "green", "blue"), "wide": ("red", "green"), "way": ("left", "right"),
        "way2": ("left", "right"), "way3": ("left", "right"), "way4": ("left", "right"),
        "place": ("left", "right", "up", "down"), "place2": ("up", "down"),
        "bl": ("left", "right"), "bw": ("left", "right"),
    },
    "units": {
        "level": "", "first": "", "second": "", "third": "", "other_level": "", "rate": "Hz",
        "other_rate": "Hz", "heavy": "", "k": "", "k2": "", "k3": "", "k4": "", "many": "",
        "heavies": "", "q": "", "qs": "", "wait_time": "us", "either": "deg", "bt": "", "ba": "",
        "bn": "", "bs": "", "be": "", "bq": "us", "bu": "", "bk": "", "show": "us", "step": "us",
        "levels": "", "correct": "bool", "longest trial": "us",
    },
    "arguments": {"step": "step_", "levels": "levels"},
}

LIGHT = 0  # columns of the inputs
CHOICE = slice(0, 2)  # columns of the outputs
ODDS = (10, 20, 30)  # source.task:12
LEFT, RIGHT = range(2)  # labels of side
PAIRS = ((LEFT, 1), (RIGHT, 2), (LEFT, 3))  # source.task:11
SHOW, WAIT, PADDING = range(3)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, step_=100.0, levels=(1, 2, 4, 8)):
    """Draw the trial table, each (N_batch,): side (label), level, first, second, third,
    other_level, rate (Hz), other_rate (Hz), heavy, hue (label), other_hue (label), wide (label),
    way (label), k, way2 (label), k2, way3 (label), k3, way4 (label), k4, many (3 values), heavies
    (3 values), q, qs (2 values), wait_time (us), either (deg), place (label), place2 (label), bt,
    ba (3 values), bn (3 values), bs (3 values), bl (2 values, label), be (2 values), bq (us), bu
    (2 values), bw (label), bk, show (us), step (us).
    """
    step_ = us(step_)  # source.task:9
    levels = np.asarray(levels)  # source.task:10
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:21
    first = choice(draw.unit("var:first"), (1, 2, 3))  # source.task:23
    level = other_level = heavy = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:22
        level = renewed(level, choice(draw.unit("var:level", attempt), levels), again)
        # source.task:26
        other_level = renewed(
            other_level,
            np.array(levels)[
                except_index(
                    draw.unit("var:other_level", attempt), len(levels), row_of(levels, level)
                )
            ],
            again,
        )
        # source.task:29
        heavy = renewed(
            heavy,
            np.array((1, 2, 3))[
                weighted_except(
                    draw.unit("var:heavy", attempt), (1, 2, 5), row_of((1, 2, 3), first)
                )
            ],
            again,
        )
        # source.task:54
        again = np.logical_not((other_level > level) | (heavy > 1))
        if settled(again, attempt, "other_level > level or heavy > 1"):
            break
    # source.task:24
    second = np.array((1, 2, 3))[except_index(draw.unit("var:second"), 3, row_of((1, 2, 3), first))]
    # source.task:25
    third = np.array((1, 2, 3))[
        except_index(draw.unit("var:third"), 3, row_of((1, 2, 3), first + second))
    ]
    rate = np.array(ODDS)[weighted(draw.unit("var:rate"), (3, 1, 0.5))]  # source.task:27
    # source.task:28
    other_rate = np.array(ODDS)[
        weighted_except(draw.unit("var:other_rate"), (3, 1, 0.5), row_of(ODDS, rate))
    ]
    hue = weighted(draw.unit("var:hue"), (1, 2, 3))  # source.task:30
    other_hue = weighted_except(draw.unit("var:other_hue"), (1, 2, 3), hue)  # source.task:31
    wide = except_index(draw.unit("var:wide"), 2, hue)  # source.task:32
    way_k = way2_k2 = q = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        way_k = renewed(way_k, pick(draw.unit("var:way,k", attempt), 3), again)  # source.task:33
        way = np.array((LEFT, RIGHT, LEFT))[way_k]  # source.task:33
        k_ = np.array((1, 2, 3))[way_k]  # source.task:33
        # source.task:34
        way2_k2 = renewed(
            way2_k2,
            except_index(
                draw.unit("var:way2,k2", attempt),
                3,
                row_of(((LEFT, 1), (RIGHT, 2), (LEFT, 3)), way, k_),
            ),
            again,
        )
        way2 = np.array((LEFT, RIGHT, LEFT))[way2_k2]  # source.task:34
        k2 = np.array((1, 2, 3))[way2_k2]  # source.task:34
        # source.task:39
        q = renewed(q, quantize(uniform(draw.unit("var:q", attempt), 0, 1), 0.25), again)
        # source.task:55
        again = np.logical_not((way2 == way) | (q > 0))
        if settled(again, attempt, "way2 == way or q > 0"):
            break
    # source.task:35
    way3_k3 = except_index(
        draw.unit("var:way3,k3"), 3, row_of(((LEFT, 1), (RIGHT, 2), (LEFT, 3)), side, first)
    )
    way3 = np.array((LEFT, RIGHT, LEFT))[way3_k3]  # source.task:35
    k3 = np.array((1, 2, 3))[way3_k3]  # source.task:35
    u = draw.unit("var:way4,k4")  # source.task:36
    way4_k4 = np.where(side == LEFT, pick(u, 2), 2 + weighted(u, (2, 1)))  # source.task:36
    way4 = np.array((LEFT, RIGHT, RIGHT, RIGHT))[way4_k4]  # source.task:36
    k4 = np.array((1, 2, 5, 2))[way4_k4]  # source.task:36
    # source.task:37
    many = np.array((1, 2, 3))[
        except_index(draw.units("var:many", 3), 3, row_of((1, 2, 3), first[:, None]))
    ]
    # source.task:38
    heavies = np.array((1, 2, 3))[
        weighted_except(draw.units("var:heavies", 3), (1, 2, 5), row_of((1, 2, 3), first[:, None]))
    ]
    qs = quantize(normal(draw.units("var:qs", 2), 0, 2), (0.5 * first)[:, None])  # source.task:40
    # source.task:41
    wait_time = whole(
        quantize(truncnormal(draw, "var:wait_time", 400_000, 100_000, 250_000, 620_000), step_)
    )
    u = draw.unit("var:either")  # source.task:42
    # source.task:42
    either = quantize(np.where(side == LEFT, uniform(u, 0, 90), choice(u, (100, 217))), 30)
    u = draw.unit("var:place")  # source.task:43
    # source.task:43
    place = np.where(first == 1, pick(u, 2), np.array((2, 3))[weighted(u, (2, 1))])
    u = draw.unit("var:place2")  # source.task:44
    # source.task:44
    place2 = np.where(
        side == LEFT, except_index(u, 2, np.array((2, 3, 0, 1))[place]), np.array((1,))[pick(u, 1)]
    )
    bt = np.full(n, truncnormal(draw, "var:bt", 0, 1, -0.5, 0.5, once=True))  # source.task:45
    ba = np.full((n, 3), uniform(draw.once("var:ba", 3), 0, 1))  # source.task:46
    # source.task:47
    bn = np.full(
        (n, 3),
        truncnormal(
            draw, "var:bn", bt[:, None], 1, (bt - 1)[:, None], (bt + 1)[:, None], k=3, once=True
        ),
    )
    # source.task:48
    bs = np.full(
        (n, 3), np.array((10, 20, 30, 40))[permutation(draw.words("var:bs", 4)[None])[:, :3]]
    )
    bl = np.full((n, 2), permutation(draw.words("var:bl", 2)[None]))  # source.task:49
    # source.task:50
    be = np.full(
        (n, 2), np.array((1, 2, 3))[except_index(draw.once("var:be", 2), 3, row_of((1, 2, 3), 2))]
    )
    # source.task:51
    bq = np.full(
        n,
        whole(
            quantize(
                truncnormal(draw, "var:bq", 300_000, 50_000, 200_000, 400_000, once=True), 20_000
            ),
        ),
    )
    # source.task:52
    bu = np.full(
        (n, 2),
        np.where(
            (bt > 0)[:, None],
            uniform(draw.once("var:bu", 2), 0, ba[:, 0][:, None]),
            exponential(draw.once("var:bu", 2), 1, 0, 2),
        ),
    )
    # source.task:53
    bw_bk = np.full(
        n,
        except_index(
            draw.once("var:bw,bk"), 3, row_of(((LEFT, 1), (RIGHT, 2), (LEFT, 3)), LEFT, 1)
        ),
    )
    bw = np.array((LEFT, RIGHT, LEFT))[bw_bk]  # source.task:53
    bk = np.array((1, 2, 3))[bw_bk]  # source.task:53
    # source.task:58
    show = whole(quantize(uniform(draw.unit("epoch:show"), 100_000, 300_000), 50_000))
    return {
        "side": side,
        "level": level,
        "first": first,
        "second": second,
        "third": third,
        "other_level": other_level,
        "rate": rate,
        "other_rate": other_rate,
        "heavy": heavy,
        "hue": hue,
        "other_hue": other_hue,
        "wide": wide,
        "way": way,
        "k": k_,
        "way2": way2,
        "k2": k2,
        "way3": way3,
        "k3": k3,
        "way4": way4,
        "k4": k4,
        "many": many,
        "heavies": heavies,
        "q": q,
        "qs": qs,
        "wait_time": wait_time,
        "either": either,
        "place": place,
        "place2": place2,
        "bt": bt,
        "ba": ba,
        "bn": bn,
        "bs": bs,
        "bl": bl,
        "be": be,
        "bq": bq,
        "bu": bu,
        "bw": bw,
        "bk": bk,
        "show": show,
        "step": np.full(n, step_),
        "longest trial": np.full(n, whole(np.ceil(1_355_000 + 0.5 * step_))),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 3); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 3), np.int64)
    time = np.zeros_like(longest)
    stop[:, SHOW] = steps(time := time + trials["show"], dt)  # source.task:58
    stop[:, WAIT] = steps(time := time + (trials["wait_time"] + trials["bq"]), dt)  # source.task:59
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 1), targets and weights (N_batch, N_steps, 2), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    side = trials["side"]
    second = trials["second"]
    third = trials["third"]
    other_level = trials["other_level"]
    ba = trials["ba"]

    drive = np.zeros((n, 3, 1))
    target = np.zeros((n, 3, 2))
    weight = np.ones((n, 3, 2))
    weight[:, PADDING] = 0

    drive[:, SHOW, LIGHT] = second + third + other_level + row_sum(ba)  # source.task:62
    target[trial, SHOW, CHOICE.start + side] = 1  # source.task:63

    inputs = spread(drive, index, out[0])
    targets = spread(target, index, out[1])
    weights = spread(weight, index, out[2])
    return inputs, targets, weights


def generate(n, dt, seed, batch=0, stream=0, noise=True, out=None, **params):
    """Make one batch of n trials at dt ms; params are those of sample_trials.

    Returns inputs, targets and weights as in arrays, the inputs with their noise, and the trial
    table.
    """
    trials = sample_trials(n, seed, batch, stream, **params)
    inputs, targets, weights = arrays(trials, dt, out)
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 2): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:66
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], np.zeros(n, np.int64), stop[:, SHOW]))
        == trials["side"]
    )
    return {"correct": correct}


# Below stands what the functions above need, copied from Epochal's prelude.


Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Floats32 = NDArray[np.float32]
Array = NDArray[Any]
Number = float | Array  # one for the batch, or one a trial


def code(name: str) -> int:
    """Give a name as a 64-bit number, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def middles(words: Words) -> Floats:
    """Turn words into numbers in (0, 1), never 0 or 1: the middles of 2**52 equal cells."""
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


class Draw:
    """Draws for one batch of n trials.

    Each variable has its own block of Philox counters, so that no draw can move another.

    Parameters
    ----------
    n : number of trials.
    seed, batch, stream : integers in [0, 2**64).
    """

    def __init__(self, n: int, seed: int, batch: int, stream: int) -> None:
        self.n, self.batch = n, batch
        self.philox = np.random.Philox(key=np.array([seed, stream], np.uint64))
        self.state = self.philox.state

    def words(self, name: str, count: int, attempt: int = 0, batch: int | None = None) -> Words:
        """Draw 64-bit words, (count,); a redraw has the next attempt."""
        batch = self.batch if batch is None else batch
        counter = np.array([0, attempt, code(name), batch], np.uint64)
        self.state["state"]["counter"][:] = counter
        self.philox.state = self.state
        return self.philox.random_raw(count)

    def each(self, name: str, k: int, attempt: int = 0) -> Words:
        """Draw k words for each trial, (n, k)."""
        return self.words(name, self.n * k, attempt).reshape(self.n, k)

    def unit(self, name: str, attempt: int = 0) -> Floats:
        """Draw one number in (0, 1) a trial, (n,)."""
        return middles(self.each(name, 1, attempt)[:, 0])

    def units(self, name: str, k: int, attempt: int = 0) -> Floats:
        """Draw k numbers in (0, 1) a trial, (n, k)."""
        return middles(self.each(name, k, attempt))

    def once(self, name: str, k: int = 0, attempt: int = 0) -> Floats:
        """Draw one number in (0, 1) for the whole batch, (1,); with k an array, (1, k)."""
        u = middles(self.words(name, max(k, 1), attempt))
        return u[None] if k else u

    def turn(self, name: str, k: int) -> int:
        """Choose one of k levels for the whole batch; k successive batches have each once."""
        block, place = divmod(self.batch, k)
        return int(np.argsort(self.words(name, k, batch=block), kind="stable")[place])

    def design(self, cells: int) -> Ints:
        """Deal the cells of a balanced design, (n,): whole copies, the rest without replacement."""
        cell = np.argsort(self.words("design:cells", cells), kind="stable")
        place = np.argsort(self.each("design:order", 1)[:, 0], kind="stable")
        return cell[place % cells].astype(np.int64)


# Wichura (1988), algorithm AS241, PPND16: the ratio of two polynomials in each of three regions.
WICHURA_MID = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
WICHURA_NEAR = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
WICHURA_FAR = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def whole(x: ArrayLike) -> Ints:
    """Round to the nearest whole number, halves to even."""
    return np.asarray(np.rint(x)).astype(np.int64)


def uniform(u: Floats, low: Number, high: Number) -> Floats:
    """Draw uniformly between low and high."""
    return low + (high - low) * u


def pick(u: Floats, k: Number) -> Ints:
    """Draw a position 0 to k - 1, each as likely."""
    return np.floor(u * k).astype(np.int64)


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


def weighted(u: Floats, weights: ArrayLike) -> Ints:
    """Draw a position in proportion to its weight, in the shape of u.

    The weights are (k,), or (N_batch, k) where they differ from trial to trial.
    """
    below = np.cumsum(np.asarray(weights, np.float64), axis=-1)
    level = np.asarray(u * below[..., -1])  # under the last sum, since u is under 1
    return np.asarray((below <= level[..., None]).sum(axis=-1), np.int64)


def exponential(u: Floats, mean: Number, low: Number = 0.0, high: Number = np.inf) -> Floats:
    """Draw low plus an exponential of this mean, given that the sum is at most high."""
    mass = 1 - portable_exp(np.divide(low - high, mean))
    return np.clip(low - mean * portable_log(1 - u * mass), low, high)


def normal(u: Floats, mean: Number, sd: Number) -> Floats:
    """Draw from the normal law."""
    return mean + sd * normal_quantile(u)


def normal_quantile(u: Floats) -> Floats:
    """Quantile of the standard normal law, to 1e-15 (Wichura 1988, AS241)."""
    q = u - 0.5
    s = np.sqrt(-portable_log(np.minimum(u, 1 - u)))
    mid = q * polynomial_ratio(WICHURA_MID, 0.180625 - q * q)
    near = polynomial_ratio(WICHURA_NEAR, s - 1.6)
    far = polynomial_ratio(WICHURA_FAR, s - 5)
    tail = np.where(s <= 5, near, far)
    return np.where(np.abs(q) <= 0.425, mid, np.where(q < 0, -tail, tail))


def polynomial_ratio(
    coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Floats
) -> Floats:
    """Ratio of two polynomials in x, their coefficients from the constant up."""
    top, bottom = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(coefficients[0][::-1], coefficients[1][::-1], strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def truncnormal(
    draw: Draw,
    name: str,
    mean: Number,
    sd: Number,
    low: Number,
    high: Number,
    attempt: int = 0,
    k: int = 0,
    once: bool = False,
) -> Floats:
    """Draw from the normal law given low <= x <= high, (n,), by redrawing up to 20,000 times.

    An attempt of a `require` above it has redraws of its own.  With k it draws an array, (n, k);
    with once, one row for the whole batch.
    """
    n = 1 if once else draw.n
    x = np.full((n, k) if k else n, np.nan)
    for redraw in range(20_000 * attempt, 20_000 * (attempt + 1)):
        inside = (x >= low) & (x <= high)
        if inside.all():
            return x
        if once:
            u = draw.once(name, k, redraw)
        else:
            u = draw.units(name, k, redraw) if k else draw.unit(name, redraw)
        x = np.where(inside, x, normal(u, mean, sd))
    raise ValueError(f"{name}: 20,000 normal draws of some trial all left [low, high]")


def quantize(x: Number, step: Number) -> Floats:
    """Round x to the nearest multiple of step, halves to the even one."""
    return np.asarray(np.rint(np.divide(x, step)) * step)


def except_index(u: Floats, k: Number, taken: Ints) -> Ints:
    """Draw a position 0 to k - 1 other than `taken`, each as likely; of others all are possible."""
    inside = (taken >= 0) & (taken < k)
    i = pick(u, k - inside)
    return i + (inside & (i >= taken))


def weighted_except(u: Floats, weights: ArrayLike, taken: Ints) -> Ints:
    """Draw a position in proportion to its weight, that of `taken` counted as 0."""
    weights = np.asarray(weights, np.float64)
    own = np.arange(weights.shape[-1]) == np.asarray(taken)[..., None]
    return weighted(u, np.where(own, 0, weights))


def permutation(words: Words) -> Ints:
    """Shuffle the positions 0 to k - 1 in each of n rows, (n, k), by as many random words."""
    return np.argsort(words, axis=1, kind="stable").astype(np.int64)


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10


def portable_log(x: Number) -> Floats:
    """Natural logarithm, the same bits everywhere; -inf at 0, nan below."""
    x = np.asarray(x, np.float64)
    ordinary = (x > 0) & (x < np.inf)
    m, e = np.frexp(np.where(ordinary, x, 1.0))
    small = m < 0.7071067811865476
    m, e = np.where(small, 2 * m, m), e - small
    s = (m - 1) / (m + 1)  # log(m) = 2 artanh(s), |s| < 0.172
    z = s * s
    series = np.zeros_like(s)
    for k in range(21, 0, -2):
        series = series * z + 1 / k
    edge = np.where(x == 0, -np.inf, np.where(x < 0, np.nan, x))
    return np.where(ordinary, 2 * s * series + e * LN2_LOW + e * LN2_HIGH, edge)


def portable_exp(x: Number) -> Floats:
    """Exponential, the same bits everywhere; 0 below -746, inf above 709.78."""
    x = np.asarray(x, np.float64)
    inside = np.fmin(np.fmax(x, -746.0), 709.782712893384)  # nan becomes a number here
    k = np.rint(inside * 1.4426950408889634)
    r = inside - k * LN2_HIGH - k * LN2_LOW
    series = np.ones_like(r)
    for j in range(13, 0, -1):
        series = 1 + series * r / j
    value = np.ldexp(series, k.astype(np.int32))
    return np.where(np.isnan(x), x, np.where(x > 709.782712893384, np.inf, value))


def us(ms: ArrayLike) -> Ints:
    """Whole microseconds of a time in ms."""
    return whole(np.multiply(ms, 1000.0))


def steps(time: Ints, dt: float) -> Ints:
    """Give the number of steps of dt ms nearest to a time in us, half up."""
    step = round(1000 * dt)  # whole microseconds
    return (time + step // 2) // step


def segment_lengths(stop: Ints) -> Ints:
    """Count the steps of each segment, (N_batch, S), from the step at which each stops."""
    length = stop.copy()
    length[:, 1:] -= stop[:, :-1]
    return length


def segment_index(length: Ints) -> Ints:
    """Say in which segment each step lies, (N_batch, N_steps), from lengths (N_batch, S) in steps.

    Segment s of a trial is number trial * S + s; every trial has the same total length.  Raises
    ValueError where a length is negative: arguments may stretch a trial beyond its longest.
    """
    if (length < 0).any():
        raise ValueError(
            "a trial lasts longer than the longest, or an epoch less than 0: compile the task with "
            "the parameters that it is to have"
        )
    return np.repeat(np.arange(length.size), length.ravel()).reshape(len(length), -1)


def spread(rows: Floats, index: Ints, out: Floats32 | None = None) -> Floats32:
    """Hold each segment's row for the steps of that segment: (N_batch, N_steps, C) float32.

    NumPy copies rows of 1, 2, 4 or 8 columns three times faster than others, so that 3 columns
    stand in memory as 4, and 5, 6 or 7 as 8.

    Parameters
    ----------
    rows : (N_batch, S, C), one row a segment.
    index : (N_batch, N_steps), from `segment_index`.
    out : array of the same shape to fill and return, fastest when it came from here.
    """
    n_batch, n_segments, n_columns = rows.shape
    width = 4 if n_columns == 3 else 8 if 4 < n_columns < 8 else n_columns
    table = np.zeros((n_batch * n_segments, width), np.float32)
    table[:, :n_columns] = rows.reshape(-1, n_columns)
    if out is not None and width == n_columns:
        return np.take(table, index, axis=0, out=out, mode="clip")
    full = full_rows(out, (*index.shape, width))
    np.take(table, index, axis=0, out=full, mode="clip")
    if out is None:
        return full[:, :, :n_columns]
    if out.base is not full.base:
        out[...] = full[:, :, :n_columns]
    return out


def full_rows(out: Floats32 | None, shape: tuple[int, ...]) -> Floats32:
    """Give the whole rows behind an array that `spread` made, or new ones."""
    flat = None if out is None else out.base
    if out is not None and isinstance(flat, np.ndarray) and flat.shape == (math.prod(shape),):
        full = flat.reshape(shape)
        if full[:, :, : out.shape[2]].__array_interface__ == out.__array_interface__:
            return full
    return np.empty(math.prod(shape), np.float32).reshape(shape)


def row_of(rows: Any, *keys: Number) -> Ints:
    """Say which of some rows (k,), or (k, m) for m keys, equals the keys: (N_batch,); -1 if none.

    The first of equal rows is meant.
    """
    columns = np.asarray(rows).reshape(len(rows), -1).T
    same = np.asarray(True)
    for key, column in zip(keys, columns, strict=True):
        same = same & (np.asarray(key)[..., None] == column)
    return np.where(same.any(axis=-1), same.argmax(axis=-1), -1)


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


def in_span(x: Array, start: Ints, stop: Ints) -> Bools:
    """Say which steps of x lie in the span, (N_batch, N_steps, 1)."""
    step = np.arange(x.shape[1])
    return ((step >= start[:, None]) & (step < stop[:, None]))[:, :, None]


def span_mean(x: Array, start: Ints, stop: Ints) -> Floats:
    """Mean over the span, (N_batch, N_units)."""
    inside = in_span(x, start, stop)
    total = np.sum(x, axis=1, dtype=np.float64, where=inside)
    length = inside.sum(axis=1)
    return np.where(length > 0, total / np.maximum(length, 1), np.nan)


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))


ATTEMPTS = 100


def renewed(old: Array | None, new: Array, again: Bools) -> Array:
    """Take new values where `again` says so, (N_batch,); at the first attempt take all."""
    if old is None:
        return new
    return np.where(again.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def settled(again: Bools, attempt: int, what: str) -> bool:
    """Say whether no trial needs another attempt; raise ValueError after the last attempt."""
    if not again.any():
        return True
    if attempt + 1 == ATTEMPTS:
        raise ValueError(
            f"{again.sum()} of {len(again)} trials still break `require {what}` after {ATTEMPTS} "
            "attempts: loosen it, or draw so that it holds more often"
        )
    return False
