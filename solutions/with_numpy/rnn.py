"""The vanilla recurrent network: one step, and the loop over a sequence."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(x="N D", h_prev="N H", W_x="H D", W_h="H H", b="H")
def step(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray) -> FloatArray:
    """One step of the vanilla recurrent network.

    h_t = tanh(W_x x_t + W_h h_{t-1} + b)    (1)

    Parameters
    ----------
    x : (N, D)
        The inputs of this step, one row for each of the N sequences.
    h_prev : (N, H)
        The hidden states after the step before.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.
    b : (H,)
        The bias.

    Returns
    -------
    h : (N, H)
        The new hidden states.

    Source: Elman, "Finding structure in time", 1990.
    """
    return np.tanh(x @ W_x.T + h_prev @ W_h.T + b)


@takes(x="T N D", h_0="N H", W_x="H D", W_h="H H", b="H")
def forward(x: FloatArray, h_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray) -> FloatArray:
    """The vanilla recurrent network over a whole sequence: the same step, with the same weights, T times.

    h_t = step(x_t, h_{t-1}, W_x, W_h, b)    for t = 1, ..., T    (2)

    Parameters
    ----------
    x : (T, N, D)
        The inputs; x[t] holds those of one step for all N sequences.
    h_0 : (N, H)
        The hidden states before the first step.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.
    b : (H,)
        The bias.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step, without h_0.

    Source: Elman, "Finding structure in time", 1990.
    """
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    h_prev = h_0
    for t in range(len(x)):
        h_prev = step(x[t], h_prev, W_x, W_h, b)
        h[t] = h_prev
    return h
