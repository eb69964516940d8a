"""The vanilla recurrent network over a sequence, made for speed; ``activation`` chooses between tanh and ReLU."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast.weights import weight_gradients
from solutions.with_numpy.padding import zero_padding

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def check_activation(function: str, activation: str) -> None:
    """Raise ValueError for an activation that is neither "tanh" nor "relu"."""
    if activation not in ("tanh", "relu"):
        raise ValueError(f"{function}: the argument activation must be 'tanh' or 'relu', but is {activation!r}.")


@takes(x="T N D", h_0="N H", W_x="H D", W_h="H H", b="H", mask="optional bool T N")
def forward(
    x: FloatArray, h_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, activation: str = "tanh",
    mask: BoolArray | None = None,
) -> FloatArray:  # fmt: skip
    """The hidden states of a whole sequence, as ``rnn.forward`` gives them.

    h_t = tanh(W_x x_t + W_h h_{t-1} + b)

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.
    b : (H,)
        The bias.
    activation : "tanh" or "relu"
        What is taken of the sum.
    mask : (T, N) booleans, or None
        True where a step counts; elsewhere the state stays as it was. None counts every step.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step.

    Raises
    ------
    ValueError
        If the activation is another word.

    Source: Elman, "Finding structure in time", 1990.
    """
    check_activation("forward", activation)
    x = x if mask is None else zero_padding(x, mask)
    T, N, D = x.shape
    h = np.empty((T, *h_0.shape), dtype=h_0.dtype)
    np.matmul(x.reshape(T * N, D), W_x.T, out=h.reshape(T * N, -1))
    h += b
    h_prev, product, recurrent = h_0, np.empty_like(h_0), np.ascontiguousarray(W_h.T)
    for t in range(T):
        np.matmul(h_prev, recurrent, out=product)
        h_t = np.add(h[t], product, out=h[t])
        np.tanh(h_t, out=h_t) if activation == "tanh" else np.maximum(h_t, 0, out=h_t)
        if mask is not None:
            np.copyto(h_t, h_prev, where=~mask[t, :, None])
        h_prev = h_t
    return h


@takes(
    dh="T N H", x="T N D", h_0="N H", h="T N H", W_x="H D", W_h="H H", mask="optional bool T N"
)  # fmt: skip
def backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, W_x: FloatArray, W_h: FloatArray,
    activation: str = "tanh", mask: BoolArray | None = None,
) -> Gradients:  # fmt: skip
    """The gradients of a whole sequence, as ``rnn.backward`` gives them.

    da_t = (dh_t + W_h^T da_{t+1}) * (1 - h_t^2),  for a ReLU with [h_t > 0] as the factor
    dW_x = sum over t of da_t x_t^T,    dW_h = sum over t of da_t h_{t-1}^T

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
    activation : "tanh" or "relu"
        The one that ``forward`` was given.
    mask : (T, N) booleans, or None
        The one that ``forward`` was given.

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dW_x : (H, D)
    dW_h : (H, H)
    db : (H,)
        The gradients with respect to the arguments of ``forward``.

    Raises
    ------
    ValueError
        If the activation is another word.

    Source: Werbos, "Backpropagation through time: what it does and how to do it", 1990.
    """
    check_activation("backward", activation)
    x = x if mask is None else zero_padding(x, mask)
    T = len(x)
    da = 1 - h * h if activation == "tanh" else (h > 0).astype(h.dtype)
    if mask is not None:
        da *= mask[..., None]
    through = np.zeros_like(h_0)
    total = np.empty_like(h_0)
    for t in reversed(range(T)):
        np.add(dh[t], through, out=total)
        np.multiply(da[t], total, out=da[t])
        np.matmul(da[t], W_h, out=through)
        if mask is not None:
            np.add(through, total, out=through, where=~mask[t, :, None])
    dx, dW_x, dW_h, sums = weight_gradients(da[None], ((0, 0),), x, h_0, h, W_x)
    return dx, through, dW_x, dW_h, sums[0]
