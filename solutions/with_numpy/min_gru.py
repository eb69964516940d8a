"""The minimal GRU: gate and candidate look at the input alone, so that a scan computes all steps.

The blocks of W_x and b stand in the order z, n: update gate, candidate. As in its paper, z is the share of the candidate.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.positive import log_positive, log_sigmoid, positive
from solutions.with_numpy.scan import scan_log


@takes(x="N D", h_prev="N H", W_x="2H D", b="2H")
def step(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """One step.

    z = sigmoid(a_z),    n = g(a_n)    with a = W_x x_t + b
    h_t = (1 - z) * h_{t-1} + z * n

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The states after the step before; not negative.
    W_x : (2H, D)
        Weights from the input, in blocks z, n.
    b : (2H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (N, H)
        The new states, not negative either.

    g makes the candidate positive: ``positive.positive``.

    Source: Feng et al., "Were RNNs all we needed?", 2024, section 3.1 and appendix B.
    """
    a_z, a_n = np.split(x @ W_x.T + b, 2, axis=1)
    z = (1 + np.tanh(a_z / 2)) / 2
    return (1 - z) * h_prev + z * positive(a_n)


@takes(x="T N D", h_0="N H", W_x="2H D", b="2H")
def forward(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """A whole sequence by a loop: the same step T times.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step; not negative.
    W_x : (2H, D)
        Weights from the input, in blocks z, n.
    b : (2H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: Feng et al., "Were RNNs all we needed?", 2024.
    """
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    h_prev = h_0
    for t in range(len(x)):
        h_prev = step(x[t], h_prev, W_x, b)
        h[t] = h_prev
    return h


@takes(x="T N D", h_0="N H", W_x="2H D", b="2H")
def forward_scan(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """A whole sequence by a scan over logarithms; the same numbers as ``forward``.

    log(1 - z) = log sigmoid(-a_z),    log(z * n) = log sigmoid(a_z) + log g(a_n)

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step; not negative.
    W_x : (2H, D)
        Weights from the input, in blocks z, n.
    b : (2H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: Feng et al., "Were RNNs all we needed?", 2024, appendix B.
    """
    a_z, a_n = np.split(x @ W_x.T + b, 2, axis=2)
    with np.errstate(divide="ignore"):  # the logarithm of a state that is 0
        log_h_0 = np.log(h_0)
    return scan_log(log_sigmoid(-a_z), log_sigmoid(a_z) + log_positive(a_n), log_h_0)
