"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

from autograder.exercise.drawing import each, in_dtype

SIZES = (2, 5, 6, 7, 8)  # no axis can stand in for the blocks


def single(inputs: dict) -> dict:
    return in_dtype(inputs, np.float32)


def no_numbers_at(places: np.ndarray, array: np.ndarray) -> np.ndarray:
    """The array with NaN, infinities and the largest numbers in turn at these places, in all that stands there."""
    unbounded = np.resize([np.nan, np.inf, -np.inf, np.finfo(array.dtype).max], array.shape)
    return np.where(places[..., None], unbounded, array).astype(array.dtype)


def in_sevenths(inputs: dict) -> dict:
    """The same inputs by 7, so that results with a few decimals are wrong ones."""
    return each(lambda array: array / 7, inputs)
