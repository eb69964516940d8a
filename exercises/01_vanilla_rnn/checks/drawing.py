"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

Generator = np.random.Generator


# What the text promises of every function, with what breaks it.
STAYS = {"float32 stays float32, float64 stays float64": "dtype not kept"}
ALWAYS = {
    "A function never writes to its inputs": "writes to its inputs",
    "is calculated in float64 throughout": "single precision inside",
    "nothing is rounded": "rounded",
}


def small(rng: Generator, *shape: int) -> np.ndarray:
    """Normal numbers with two decimals: as exact on every machine as they are easy to read."""
    return np.round(rng.normal(size=shape), 2)
