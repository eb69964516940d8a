"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

from autograder.exercise.drawing import each

Generator = np.random.Generator


SIZES = range(3, 8)
START_SIGN, END_SIGN = 11, 12
CLIP_UNITS, DATE_UNITS, DATE_SIZE = 48, 64, 32


def huge_at_padding(inputs: dict, name: str) -> dict:
    """The same inputs with numbers at padding that are far beyond all others."""
    return inputs | {name: np.where(inputs["mask"][:, :, None], inputs[name], 1e30)}


def no_numbers_at_padding(inputs: dict, name: str) -> dict:
    """The same inputs with NaN, infinities and the largest numbers in turn at padding."""
    array = inputs[name]
    unbounded = np.resize([np.nan, np.inf, -np.inf, np.finfo(array.dtype).max], array.shape)
    return inputs | {name: np.where(inputs["mask"][:, :, None], array, unbounded)}


def in_sevenths(inputs: dict) -> dict:
    """The same inputs by 7, so that results with a few decimals are wrong ones."""
    return each(lambda array: array / 7, inputs)


def unequal(rng: Generator, N: int, longest: int) -> np.ndarray:
    """Lengths up to the longest, which occurs, as does a shorter one."""
    lengths = rng.integers(2, longest + 1, size=N)
    first, second = rng.permutation(N)[:2]
    lengths[first], lengths[second] = longest, rng.integers(1, longest)
    return lengths
