"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

from autograder.exercise.drawing import in_dtype

Generator = np.random.Generator

# What the text promises of every function, and of those that return arrays.
ALWAYS = {
    "what is float64 is not computed in single precision": "single precision inside",
    "A function never writes to its inputs": "writes to its inputs",
}
OF_ARRAYS = {**ALWAYS, "float32 stays float32, float64 stays float64": "dtype not kept"}


def narrow(inputs: dict) -> dict:
    """The same inputs in single precision."""
    return in_dtype(inputs, np.float32)


def orthogonal(rng: Generator, H: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(H, H)))[0]
