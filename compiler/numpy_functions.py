"""How functions of the language are called in NumPy, or in the prelude."""

OVER_TIME = frozenset(("time_mean", "time_last", "time_min", "time_max", "first_above", "rms"))

OVER_UNITS = {
    "only": "{}[:, 0]",
    "unit_mean": "{}.mean(axis={axis})",
    "unit_min": "{}.min(axis={axis})",
    "unit_max": "{}.max(axis={axis})",
    "argmax": "argmax_unit({})",
    "population_vector": "population_vector({})",
}

ENCODERS = ("bump", "vonmises", "cosine_tuning", "onehot", "opponent", "evidence")

OVER_RINGS = {
    "each_unit": "{0}",
    "side_by_side": "side_by_side({0})",
    "each_ring": "np.repeat({0}, {1}, axis=1)",
    "every_ring": "np.tile({0}, {1})",
}

OVER_ARRAY = {
    "array_sum": "row_sum({plain})",
    "array_mean": "row_sum({plain}) / {n}",
    "array_min": "{x}.min(axis=1)",
    "array_max": "{x}.max(axis=1)",
    "array_count": "{x}.sum(axis=1)",
    "array_any": "{x}.any(axis=1)",
    "array_all": "{x}.all(axis=1)",
}

OVER_KNOWN = {
    "array_sum": "known_sum",
    "array_mean": "known_mean",
    "array_min": "known_min",
    "array_max": "known_max",
}

FUNCTIONS = {
    "abs": "np.abs({})",
    "sqrt": "np.sqrt({})",
    "exp": "portable_exp({})",
    "log": "portable_log({})",
    "sin": "portable_sin(np.radians({}))",
    "cos": "portable_cos(np.radians({}))",
    "sign": "np.sign({})",
    "floor": "np.floor({})",
    "mod": "floor_mod({})",
    "clip": "np.clip({})",
    "rescale": "rescale({})",
    "wrap": "wrap({})",
    "angle_between": "angle_between({})",
    "largest": "np.max({})",
    "smallest": "np.min({})",
}
