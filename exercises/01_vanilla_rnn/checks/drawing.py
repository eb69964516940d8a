"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

Generator = np.random.Generator


PAGE = "vanilla_rnn.html"


def small(rng: Generator, *shape: int) -> np.ndarray:
    """Normal numbers with two decimals: as exact on every machine as they are easy to read."""
    return np.round(rng.normal(size=shape), 2)
