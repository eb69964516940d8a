"""Long short-term memory: the gates, one step, the loop over a sequence, and their gradients.

The blocks of W_x, W_h and b stand in the order i, f, o, g: input gate, forget gate, output gate, candidate.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@takes(x="N D", h_prev="N H", W_x="4H D", W_h="4H H", b="4H")
def gates(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray) -> FloatArray:
    """The three gates and the candidate of one step.

    i, f, o = sigmoid(W_x x_t + W_h h_{t-1} + b),  blocks i, f and o
    g = tanh(W_x x_t + W_h h_{t-1} + b),           block g

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states after the step before.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    b : (4H,)
        The bias, in the same blocks.

    Returns
    -------
    gates : (4, N, H)
        i, f and o, from 0 to 1, and the candidate g, from -1 to 1. ``i, f, o, g = gates`` takes them apart.

    The sigmoid is computed as (1 + tanh(a / 2)) / 2, which is the same and cannot overflow.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; the forget gate is from Gers, Schmidhuber and
    Cummins, "Learning to forget", 2000.
    """
    a = x @ W_x.T + h_prev @ W_h.T + b
    a = a.reshape(len(x), 4, -1).swapaxes(0, 1)
    sigmoids = (1 + np.tanh(a[:3] / 2)) / 2
    return np.concatenate([sigmoids, np.tanh(a[3:])])


@takes(x="N D", h_prev="N H", c_prev="N H", W_x="4H D", W_h="4H H", b="4H")
def step(
    x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One step: forget, write, read.

    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states after the step before.
    c_prev : (N, H)
        The cell states after the step before.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    b : (4H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (N, H)
        The new hidden states.
    c : (N, H)
        The new cell states.
    gates : (4, N, H)
        i, f, o and g, which the backward pass needs.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to
    forget", 2000.
    """
    i, f, o, g = activations = gates(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    return h, c, activations


@takes(x="T N D", h_0="N H", c_0="N H", W_x="4H D", W_h="4H H", b="4H")
def forward(
    x: FloatArray, h_0: FloatArray, c_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The LSTM over a whole sequence: the same step, with the same weights, T times.

    h_t, c_t = step(x_t, h_{t-1}, c_{t-1}, W_x, W_h, b)    for t = 1, ..., T

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    c_0 : (N, H)
        The cell states before the first step.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    b : (4H,)
        The bias, in the same blocks.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step, without h_0.
    c : (T, N, H)
        The cell states after each step, without c_0.
    gates : (4, T, N, H)
        i, f, o and g at each step.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to
    forget", 2000.
    """
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    c, activations = np.empty_like(h), np.empty((4, *h.shape), dtype=h.dtype)
    h_prev, c_prev = h_0, c_0
    for t in range(len(x)):
        h_prev, c_prev, activations[:, t] = step(x[t], h_prev, c_prev, W_x, W_h, b)
        h[t], c[t] = h_prev, c_prev
    return h, c, activations


@takes(
    dh="N H", dc="N H", x="N D", h_prev="N H", c_prev="N H", c="N H", gates="4 N H", W_x="4H D", W_h="4H H"
)  # fmt: skip
def step_backward(
    dh: FloatArray, dc: FloatArray, x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, c: FloatArray,
    gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
) -> Gradients:  # fmt: skip
    """The gradients of one step, from the gradients of its two results.

    dc' = dc + dh * o * (1 - tanh(c_t)^2),    dc_prev = dc' * f
    da_i = dc' * g * i (1 - i),    da_f = dc' * c_{t-1} * f (1 - f)
    da_o = dh * tanh(c_t) * o (1 - o),    da_g = dc' * i * (1 - g^2)
    dx = W_x^T da,    dh_prev = W_h^T da
    dW_x = da x_t^T,  dW_h = da h_{t-1}^T,  db = da,  each summed over the sequences

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to h_t, over every path.
    dc : (N, H)
        The gradient with respect to c_t over the paths that do not go through h_t.
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states before it.
    c_prev : (N, H)
        The cell states before it.
    c : (N, H)
        The cell states after it.
    gates : (4, N, H)
        i, f, o and g, as ``step`` returned them.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.

    Returns
    -------
    dx : (N, D)
    dh_prev : (N, H)
    dc_prev : (N, H)
    dW_x : (4H, D)
    dW_h : (4H, H)
    db : (4H,)
        The gradients with respect to the arguments of ``step``.

    Source: Greff et al., "LSTM: a search space odyssey", 2017, without the peepholes.
    """
    i, f, o, g = gates
    tanh_c = np.tanh(c)
    dc = dc + dh * o * (1 - tanh_c**2)
    da_i = dc * g * i * (1 - i)
    da_f = dc * c_prev * f * (1 - f)
    da_o = dh * tanh_c * o * (1 - o)
    da_g = dc * i * (1 - g**2)
    da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)
    return da @ W_x, da @ W_h, dc * f, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@takes(
    dh="T N H", dc_T="N H", x="T N D", h_0="N H", c_0="N H", h="T N H", c="T N H", gates="4 T N H", W_x="4H D", W_h="4H H"
)  # fmt: skip
def backward(
    dh: FloatArray, dc_T: FloatArray, x: FloatArray, h_0: FloatArray, c_0: FloatArray, h: FloatArray, c: FloatArray,
    gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
) -> Gradients:  # fmt: skip
    """Backpropagation through time: the gradients of a whole sequence, from the last step to the first.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone, not through later steps.
    dc_T : (N, H)
        The gradient with respect to the last cell states, from whatever uses them after the sequence; often zero.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    c_0 : (N, H)
        The cell states before the first step.
    h : (T, N, H)
        The hidden states, as ``forward`` returned them.
    c : (T, N, H)
        The cell states, as ``forward`` returned them.
    gates : (4, T, N, H)
        i, f, o and g, as ``forward`` returned them.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dc_0 : (N, H)
    dW_x : (4H, D)
    dW_h : (4H, H)
    db : (4H,)
        The gradients with respect to the arguments of ``forward``.

    Source: Greff et al., "LSTM: a search space odyssey", 2017, without the peepholes.
    """
    dx, dh_next, dc_next = np.empty_like(x), np.zeros_like(h_0), dc_T
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[:, 0])
    for t in reversed(range(len(x))):
        h_prev, c_prev = (h[t - 1], c[t - 1]) if t > 0 else (h_0, c_0)
        gradients = step_backward(dh[t] + dh_next, dc_next, x[t], h_prev, c_prev, c[t], gates[:, t], W_x, W_h)
        dx[t], dh_next, dc_next = gradients[:3]
        dW_x, dW_h, db = dW_x + gradients[3], dW_h + gradients[4], db + gradients[5]
    return dx, dh_next, dc_next.copy(), dW_x, dW_h, db
