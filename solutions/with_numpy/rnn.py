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


@takes(dh="N H", x="N D", h_prev="N H", h="N H", W_x="H D", W_h="H H")
def step_backward(
    dh: FloatArray, x: FloatArray, h_prev: FloatArray, h: FloatArray, W_x: FloatArray, W_h: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """The gradients of one step, from the gradient of its result.

    With a_t = W_x x_t + W_h h_{t-1} + b and h_t = tanh(a_t):

    da = dh * (1 - h_t^2)
    dx = W_x^T da,    dh_prev = W_h^T da
    dW_x = da x_t^T,  dW_h = da h_{t-1}^T,  db = da,  each summed over the sequences

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to this step's result, over every path.
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states before it.
    h : (N, H)
        Its result, as ``step`` returned it.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.

    Returns
    -------
    dx : (N, D)
    dh_prev : (N, H)
    dW_x : (H, D)
    dW_h : (H, H)
    db : (H,)
        The gradients with respect to the arguments of ``step``.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.2.
    """
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@takes(dh="T N H", x="T N D", h_0="N H", h="T N H", W_x="H D", W_h="H H")
def backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, W_x: FloatArray, W_h: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Backpropagation through time: the gradients of a whole sequence, from the last step to the first.

    The hidden state h_t reaches the loss in two ways, directly and through h_{t+1}; the two gradients add up. The weights
    are the same at every step, so their gradients add up over the steps.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone, not through later steps.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    h : (T, N, H)
        The hidden states, as ``forward`` returned them.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dW_x : (H, D)
    dW_h : (H, H)
    db : (H,)
        The gradients with respect to the arguments of ``forward``.

    Source: Werbos, "Backpropagation through time: what it does and how to do it", 1990.
    """
    dx, dh_next = np.empty_like(x), np.zeros_like(h_0)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(len(W_h), dtype=W_h.dtype)
    for t in reversed(range(len(x))):
        h_prev = h[t - 1] if t > 0 else h_0
        gradients = step_backward(dh[t] + dh_next, x[t], h_prev, h[t], W_x, W_h)
        dx[t], dh_next = gradients[:2]
        dW_x, dW_h, db = dW_x + gradients[2], dW_h + gradients[3], db + gradients[4]
    return dx, dh_next, dW_x, dW_h, db
