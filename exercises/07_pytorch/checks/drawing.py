"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

from autograder.exercise.drawing import in_dtype

SIZES = (2, 5, 6, 7, 8)  # no axis can stand in for the blocks


def single(inputs: dict) -> dict:
    return in_dtype(inputs, np.float32)
