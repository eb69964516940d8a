"""A gated linear recurrence with a diagonal matrix: every unit multiplies its own old state by a factor that the input chooses.

The factors are the eigenvalues of the step. The blocks of W_x and b stand in the order i, a, n: input gate, factor, candidate.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.scan import scan


@takes(x="N D", h_prev="N H", W_x="3H D", b="3H")
def step(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, b: FloatArray, negative: bool = True) -> FloatArray:
    """One step.

    i = sigmoid(s_i),    n = s_n    with s = W_x x_t + b
    a = tanh(s_a / 2), from -1 to 1,  or with negative=False  a = sigmoid(s_a), from 0 to 1
    h_t = a * h_{t-1} + i * n

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The states after the step before.
    W_x : (3H, D)
        Weights from the input, in blocks i, a, n.
    b : (3H,)
        The bias, in the same blocks.
    negative : bool
        Whether a factor may be negative.

    Returns
    -------
    h : (N, H)
        The new states.

    tanh(s / 2) is 2 sigmoid(s) - 1: the same factor, stretched to twice its range.

    Source: De et al., "Griffin", 2024, for a diagonal recurrence with an input gate, without its scaling of the input; Grazzi
    et al., "Unlocking state-tracking in linear RNNs through negative eigenvalues", 2024, for the range of the factors.
    """
    s_i, s_a, n = np.split(x @ W_x.T + b, 3, axis=1)
    i, a = (1 + np.tanh(s_i / 2)) / 2, np.tanh(s_a / 2)
    return (a if negative else (1 + a) / 2) * h_prev + i * n


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray, negative: bool = True) -> FloatArray:
    """A whole sequence by a loop: the same step T times.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step.
    W_x : (3H, D)
        Weights from the input, in blocks i, a, n.
    b : (3H,)
        The bias, in the same blocks.
    negative : bool
        Whether a factor may be negative.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: see ``step``.
    """
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    h_prev = h_0
    for t in range(len(x)):
        h_prev = step(x[t], h_prev, W_x, b, negative)
        h[t] = h_prev
    return h


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward_scan(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray, negative: bool = True) -> FloatArray:
    """A whole sequence by a scan; the same numbers as ``forward``.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step.
    W_x : (3H, D)
        Weights from the input, in blocks i, a, n.
    b : (3H,)
        The bias, in the same blocks.
    negative : bool
        Whether a factor may be negative.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Factors may be negative and have no logarithm then, so this scan multiplies them: ``scan.scan``.

    Source: Martin and Cundy, "Parallelizing linear recurrent neural nets over sequence length", 2018.
    """
    s_i, s_a, n = np.split(x @ W_x.T + b, 3, axis=2)
    i, a = (1 + np.tanh(s_i / 2)) / 2, np.tanh(s_a / 2)
    return scan(a if negative else (1 + a) / 2, i * n, h_0)
