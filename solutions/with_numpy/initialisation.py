"""Weights to begin with, where the choice decides what a network can learn."""

from typing import Any

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


def orthogonal(H: int, rng: np.random.Generator, dtype: Any = np.float64) -> FloatArray:
    """A random orthogonal matrix: W^T W = I, so multiplying by it keeps every length.

    Parameters
    ----------
    H : int
        The number of rows and columns.
    rng : numpy.random.Generator
        Where the numbers come from.
    dtype
        The number type of the result.

    Returns
    -------
    W_h : (H, H)

    Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2014. The signs make the distribution uniform: Mezzadri, "How to generate random matrices from the classical
    compact groups", 2007.
    """
    Q, R = np.linalg.qr(rng.normal(size=(H, H)))
    W: FloatArray = (Q * np.sign(np.diag(R))).astype(dtype)
    return W


def identity(H: int, scale: float = 1.0, dtype: Any = np.float64) -> FloatArray:
    """The identity, for a recurrent network of ReLUs: with no input, the state stays as it is.

    Parameters
    ----------
    H : int
        The number of rows and columns.
    scale : float
        The number on the diagonal.
    dtype
        The number type of the result.

    Returns
    -------
    W_h : (H, H)

    Source: Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified linear units", 2015.
    """
    return scale * np.eye(H, dtype=dtype)


@takes(b="4H")
def forget_bias(b: FloatArray, value: float = 1.0) -> FloatArray:
    """An LSTM's bias with the forget gates' part set to one value: at 1, the cell forgets little to begin with.

    Parameters
    ----------
    b : (4H,)
        The bias, in blocks i, f, o, g.
    value : float
        The new value of block f.

    Returns
    -------
    b : (4H,)
        A new array.

    Source: Gers, Schmidhuber and Cummins, "Learning to forget", 2000; Jozefowicz, Zaremba and Sutskever, "An empirical
    exploration of recurrent network architectures", 2015.
    """
    H = len(b) // 4
    changed = b.copy()
    changed[H : 2 * H] = value
    return changed


def check_longest(function: str, longest: int) -> None:
    """Raise ValueError for a lag below 3 steps, whose logarithm would give no spread."""
    if longest < 3:
        raise ValueError(f"{function}: the argument longest must be at least 3 steps, but is {longest}.")


@takes(b="4H", u="H")
def lag_bias(b: FloatArray, u: FloatArray, longest: int) -> FloatArray:
    """An LSTM's bias set for lags of up to ``longest`` steps: each unit begins with its own time to forget.

    b_f = log(1 + u * (longest - 2)),    b_i = -b_f

    With these biases and all else zero, a unit keeps a share sigmoid(b_f) = tau / (1 + tau) a step, with tau spread
    evenly from 1 to longest - 1 steps.

    Parameters
    ----------
    b : (4H,)
        The bias, in blocks i, f, o, g.
    u : (H,)
        Uniform random numbers from 0 to below 1.
    longest : int
        The longest lag, in steps.

    Returns
    -------
    b : (4H,)
        A new array; blocks o and g stay as they were.

    Raises
    ------
    ValueError
        If longest is below 3.

    Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018.
    """
    check_longest("lag_bias", longest)
    H = len(u)
    changed = b.copy()
    changed[H : 2 * H] = np.log(1 + u * (longest - 2))
    changed[:H] = -changed[H : 2 * H]
    return changed


@takes(b="3H", u="H")
def gru_lag_bias(b: FloatArray, u: FloatArray, longest: int) -> FloatArray:
    """A GRU's bias set for lags of up to ``longest`` steps, where z is the share of the old state that is kept.

    b_z = log(1 + u * (longest - 2))

    Parameters
    ----------
    b : (3H,)
        The bias, in blocks r, z, n.
    u : (H,)
        Uniform random numbers from 0 to below 1.
    longest : int
        The longest lag, in steps.

    Returns
    -------
    b : (3H,)
        A new array; blocks r and n stay as they were.

    Raises
    ------
    ValueError
        If longest is below 3.

    Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018, whose z has the opposite meaning.
    """
    check_longest("gru_lag_bias", longest)
    H = len(u)
    changed = b.copy()
    changed[H : 2 * H] = np.log(1 + u * (longest - 2))
    return changed
