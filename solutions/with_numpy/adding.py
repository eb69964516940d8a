"""The adding problem: a task that is memory and nothing else."""

import numpy as np

from solutions.with_numpy.arrays import FloatArray


def adding_problem(rng: np.random.Generator, T: int, N: int) -> tuple[FloatArray, FloatArray]:
    """Sequences in which two numbers are marked, one in each half, and the sums of the two.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    T, N : int
        The number of steps, at least 2, and of sequences.

    Returns
    -------
    x : (T, N, 2) float32
        At each step a number, uniform from 0 to 1, and a mark: 1 at two steps, else 0.
    targets : (N,) float32
        The sum of the two marked numbers. Who always says 1 has the mean squared error 1/6.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997, in the form of Le, Jaitly and Hinton, "A simple way
    to initialize recurrent networks of rectified linear units", 2015.
    """
    x = np.zeros((T, N, 2), np.float32)
    x[:, :, 0] = rng.uniform(size=(T, N))
    columns, half = np.arange(N), T // 2
    first, second = rng.integers(half, size=N), rng.integers(half, T, size=N)
    x[first, columns, 1] = x[second, columns, 1] = 1
    return x, x[first, columns, 0] + x[second, columns, 0]
