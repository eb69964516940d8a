"""The minimal LSTM: gates and candidate look at the input alone, so that a scan computes all steps; one state, no output gate.

The blocks of W_x and b stand in the order i, f, g: input gate, forget gate, candidate.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.positive import log_positive, log_sigmoid, positive
from solutions.with_numpy.scan import scan_log


@takes(x="N D", h_prev="N H", W_x="3H D", b="3H")
def step(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """One step.

    i, f = sigmoid(a_i), sigmoid(a_f)    with a = W_x x_t + b
    h_t = f / (i + f) * h_{t-1} + i / (i + f) * g(a_g)

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The states after the step before; not negative.
    W_x : (3H, D)
        Weights from the input, in blocks i, f, g.
    b : (3H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (N, H)
        The new states, not negative either.

    The gates are divided by their sum, so that states do not grow with the length of the sequence. Computed is
    f / (i + f) = sigmoid(log f - log i), since both gates may round to 0. g makes the candidate positive: ``positive.positive``.

    Source: Feng et al., "Were RNNs all we needed?", 2024, section 3.2 and appendix B.
    """
    a_i, a_f, a_g = np.split(x @ W_x.T + b, 3, axis=1)
    keep = (1 + np.tanh((log_sigmoid(a_f) - log_sigmoid(a_i)) / 2)) / 2
    return keep * h_prev + (1 - keep) * positive(a_g)


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """A whole sequence by a loop: the same step T times.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step; not negative.
    W_x : (3H, D)
        Weights from the input, in blocks i, f, g.
    b : (3H,)
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


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward_scan(x: FloatArray, h_0: FloatArray, W_x: FloatArray, b: FloatArray) -> FloatArray:
    """A whole sequence by a scan over logarithms; the same numbers as ``forward``.

    f / (i + f) = sigmoid(d),    i / (i + f) = sigmoid(-d)    with d = log f - log i

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The states before the first step; not negative.
    W_x : (3H, D)
        Weights from the input, in blocks i, f, g.
    b : (3H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (T, N, H)
        The states after each step, without h_0.

    Source: Feng et al., "Were RNNs all we needed?", 2024, appendix B.
    """
    a_i, a_f, a_g = np.split(x @ W_x.T + b, 3, axis=2)
    d = log_sigmoid(a_f) - log_sigmoid(a_i)
    with np.errstate(divide="ignore"):  # the logarithm of a state that is 0
        log_h_0 = np.log(h_0)
    return scan_log(log_sigmoid(d), log_sigmoid(-d) + log_positive(a_g), log_h_0)
