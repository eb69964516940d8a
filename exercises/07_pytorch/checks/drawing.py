"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

from autograder.exercise.drawing import each, in_dtype

SIZES = (2, 5, 6, 7, 8)  # no axis can stand in for the blocks


def single(inputs: dict) -> dict:
    return in_dtype(inputs, np.float32)


def in_sevenths(inputs: dict) -> dict:
    """The same inputs by 7, so that results with a few decimals are wrong ones."""
    return each(lambda array: array / 7, inputs)
