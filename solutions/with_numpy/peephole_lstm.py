"""The LSTM whose gates also see the cell state, through peepholes; blocks i, f, o, g, and p in the order i, f, o.

Source of all functions: Gers and Schmidhuber, "Recurrent nets that time and count", 2000; Greff et al., "LSTM: a search
space odyssey", 2017.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.padding import hold, zero_padding

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@takes(x="N D", h_prev="N H", c_prev="N H", W_x="4H D", W_h="4H H", b="4H", p="3 H")
def step(
    x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray,
    p: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """One step: the input and forget gates see the old cell state, the output gate sees the new one.

    a = W_x x_t + W_h h_{t-1} + b,  in blocks i, f, o, g
    i, f = sigmoid(a_i + p_i * c_{t-1}), sigmoid(a_f + p_f * c_{t-1})
    c_t = f * c_{t-1} + i * g,  with g = tanh(a_g)
    h_t = o * tanh(c_t),  with o = sigmoid(a_o + p_o * c_t)

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
    p : (3, H)
        The peepholes of i, f and o: one weight for each unit.

    Returns
    -------
    h : (N, H)
        The new hidden states.
    c : (N, H)
        The new cell states.
    gates : (4, N, H)
        i, f, o and g, which the backward pass needs.
    """
    a_i, a_f, a_o, a_g = np.split(x @ W_x.T + h_prev @ W_h.T + b, 4, axis=1)
    i = (1 + np.tanh((a_i + p[0] * c_prev) / 2)) / 2
    f = (1 + np.tanh((a_f + p[1] * c_prev) / 2)) / 2
    g = np.tanh(a_g)
    c = f * c_prev + i * g
    o = (1 + np.tanh((a_o + p[2] * c) / 2)) / 2
    return o * np.tanh(c), c, np.stack([i, f, o, g])


@takes(
    x="T N D", h_0="N H", c_0="N H", W_x="4H D", W_h="4H H", b="4H", p="3 H", mask="optional bool T N"
)  # fmt: skip
def forward(
    x: FloatArray, h_0: FloatArray, c_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, p: FloatArray,
    mask: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """The same step T times.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0, c_0 : (N, H)
        The hidden and cell states before the first step.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    b : (4H,)
        The bias, in the same blocks.
    p : (3, H)
        The peepholes of i, f and o.
    mask : (T, N) booleans, or None
        True where a step counts; elsewhere the states stay as they were. None counts every step.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step.
    c : (T, N, H)
        The cell states after each step.
    gates : (4, T, N, H)
        i, f, o and g at each step.
    """
    x = x if mask is None else zero_padding(x, mask)
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    c, gates = np.empty_like(h), np.empty((4, *h.shape), dtype=h.dtype)
    h_prev, c_prev = h_0, c_0
    for t in range(len(x)):
        h_new, c_new, gates[:, t] = step(x[t], h_prev, c_prev, W_x, W_h, b, p)
        h_prev, c_prev = hold(mask, t, h_new, h_prev), hold(mask, t, c_new, c_prev)
        h[t], c[t] = h_prev, c_prev
    return h, c, gates


@takes(
    dh="N H", dc="N H", x="N D", h_prev="N H", c_prev="N H", c="N H", gates="4 N H", W_x="4H D", W_h="4H H", p="3 H"
)  # fmt: skip
def step_backward(
    dh: FloatArray, dc: FloatArray, x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, c: FloatArray,
    gates: FloatArray, W_x: FloatArray, W_h: FloatArray, p: FloatArray,
) -> Gradients:  # fmt: skip
    """The gradients of one step, from the gradients of its two results.

    da_o = dh * tanh(c_t) * o (1 - o)
    dc' = dc + dh * o * (1 - tanh(c_t)^2) + da_o * p_o
    dc_prev = dc' * f + da_i * p_i + da_f * p_f
    dp = [da_i * c_{t-1}, da_f * c_{t-1}, da_o * c_t],  summed over the sequences; the rest is as in an LSTM

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to h_t, over every path.
    dc : (N, H)
        The gradient with respect to c_t over the paths that do not go through h_t.
    x : (N, D)
        The inputs of this step.
    h_prev, c_prev : (N, H)
        The hidden and cell states before it.
    c : (N, H)
        The cell states after it.
    gates : (4, N, H)
        i, f, o and g, as ``step`` returned them.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    p : (3, H)
        The peepholes of i, f and o.

    Returns
    -------
    dx : (N, D)
    dh_prev, dc_prev : (N, H)
    dW_x : (4H, D)
    dW_h : (4H, H)
    db : (4H,)
    dp : (3, H)
        The gradients with respect to the arguments of ``step``.
    """
    i, f, o, g = gates
    tanh_c = np.tanh(c)
    da_o = dh * tanh_c * o * (1 - o)
    dc = dc + dh * o * (1 - tanh_c**2) + da_o * p[2]
    da_i, da_f, da_g = dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2)
    da = np.concatenate([da_i, da_f, da_o, da_g], axis=1)
    dp = np.stack([da_i * c_prev, da_f * c_prev, da_o * c]).sum(axis=1)
    dc_prev = dc * f + da_i * p[0] + da_f * p[1]
    return da @ W_x, da @ W_h, dc_prev, da.T @ x, da.T @ h_prev, da.sum(axis=0), dp


@takes(
    dh="T N H", dc_T="N H", x="T N D", h_0="N H", c_0="N H", h="T N H", c="T N H", gates="4 T N H", W_x="4H D",
    W_h="4H H", p="3 H", mask="optional bool T N",
)  # fmt: skip
def backward(
    dh: FloatArray, dc_T: FloatArray, x: FloatArray, h_0: FloatArray, c_0: FloatArray, h: FloatArray, c: FloatArray,
    gates: FloatArray, W_x: FloatArray, W_h: FloatArray, p: FloatArray, mask: BoolArray | None = None,
) -> Gradients:  # fmt: skip
    """Backpropagation through time.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone.
    dc_T : (N, H)
        The gradient with respect to the last cell states, from whatever uses them after the sequence.
    x : (T, N, D)
        The inputs.
    h_0, c_0 : (N, H)
        The states before the first step.
    h, c : (T, N, H)
        The states, as ``forward`` returned them.
    gates : (4, T, N, H)
        i, f, o and g, as ``forward`` returned them.
    W_x : (4H, D)
        Weights from the input, in blocks i, f, o, g.
    W_h : (4H, H)
        Weights from the hidden state, in the same blocks.
    p : (3, H)
        The peepholes of i, f and o.
    mask : (T, N) booleans, or None
        The one that ``forward`` was given.

    Returns
    -------
    dx : (T, N, D)
    dh_0, dc_0 : (N, H)
    dW_x : (4H, D)
    dW_h : (4H, H)
    db : (4H,)
    dp : (3, H)
        The gradients with respect to the arguments of ``forward``.
    """
    x = x if mask is None else zero_padding(x, mask)
    dx, dh_next, dc_next, none = np.empty_like(x), np.zeros_like(h_0), dc_T.copy(), np.zeros_like(h_0)
    sums = [np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[:, 0]), np.zeros_like(p)]
    for t in reversed(range(len(x))):
        h_prev, c_prev = (h[t - 1], c[t - 1]) if t > 0 else (h_0, c_0)
        dh_t = dh[t] + dh_next
        through = hold(mask, t, dh_t, none), hold(mask, t, dc_next, none)
        gradients = step_backward(*through, x[t], h_prev, c_prev, c[t], gates[:, t], W_x, W_h, p)
        dx[t] = gradients[0]
        dh_next, dc_next = hold(mask, t, gradients[1], dh_t), hold(mask, t, gradients[2], dc_next)
        sums = [total + gradient for total, gradient in zip(sums, gradients[3:], strict=True)]
    return dx, dh_next, dc_next, sums[0], sums[1], sums[2], sums[3]
