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


def symmetric(rng: Generator, eigenvalues: np.ndarray) -> np.ndarray:
    """A matrix with these eigenvalues, equal to its transpose to the last digit."""
    Q = orthogonal(rng, len(eigenvalues))
    half = Q * eigenvalues @ Q.T / 2
    return half + half.T


def opposite_signs(rng: Generator, H: int) -> np.ndarray:
    """Eigenvalues of a symmetric matrix: the most negative is the largest in size, and one is positive."""
    return np.concatenate(
        [-rng.uniform(1.5, 2.5, size=1), rng.uniform(0.5, 1.0, size=1), rng.uniform(-1, 1, size=H - 2)]
    )


def orthogonal(rng: Generator, H: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(H, H)))[0]
