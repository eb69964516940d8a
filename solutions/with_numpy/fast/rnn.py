"""The vanilla recurrent network over a sequence, made for speed; ``activation`` chooses between tanh and ReLU."""

import numpy as np
from numpy import add, copyto, matmul, maximum, multiply, subtract, tanh

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast import memory
from solutions.with_numpy.fast.chunks import chunk_length, chunks_from_the_end
from solutions.with_numpy.fast.products import StepProduct
from solutions.with_numpy.fast.weights import WeightGradients, write_input_gradients
from solutions.with_numpy.padding import zero_padding

BLOCKS = ((0, 0),)
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
    h = memory.array(h_0.dtype, (T, *h_0.shape))
    matmul(x.reshape(T * N, D), W_x.T, out=h.reshape(T * N, -1))
    h += b
    step, product = StepProduct(W_h.T[None], N), memory.array(h_0.dtype, h_0.shape)
    h_prev, left, out = h_0, step.left(h_0[None]), step.out(product[None])
    for t, (h_t, left_of_next) in enumerate(zip(h, step.left(h[:, None]), strict=True)):
        matmul(left, step.weights, out=out)
        add(h_t, product, out=h_t)
        tanh(h_t, out=h_t) if activation == "tanh" else maximum(h_t, 0, out=h_t)
        if mask is not None:
            copyto(h_t, h_prev, where=~mask[t, :, None])
        h_prev, left = h_t, left_of_next
    return h


def write_slopes(slopes: FloatArray, h: FloatArray, activation: str) -> None:
    """The activation's derivative at each number, from what it gave, in place: 1 - h^2, or for a ReLU [h > 0]."""
    if activation == "tanh":
        multiply(h, h, out=slopes)
        subtract(1, slopes, out=slopes)
    else:
        np.greater(h, 0, out=slopes)


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
    T, length, dx = len(x), chunk_length(len(x), h_0.nbytes), np.empty(x.shape, x.dtype)
    step, (through, total) = StepProduct(W_h[None], len(h_0)), memory.arrays(h.dtype, h_0.shape, h_0.shape)
    sums, out = WeightGradients(1, BLOCKS, x, h_0, h, length), step.out(through[None])
    through[:] = 0
    for start, end in chunks_from_the_end(T, length):
        k, da = slice(start, end), sums.room(start, end)
        write_slopes(da[0], h[k], activation)
        if mask is not None:
            da *= mask[k, :, None]
        views = (view[::-1] for view in (range(start, end), dh[k], da[0], step.left(da.swapaxes(0, 1))))
        for t, dh_t, da_t, left in zip(*views, strict=True):
            add(dh_t, through, out=total)
            multiply(da_t, total, out=da_t)
            matmul(left, step.weights, out=out)
            if mask is not None:
                add(through, total, out=through, where=~mask[t, :, None])
        write_input_gradients(dx[k], da, BLOCKS, W_x)
        sums.add(start, end)
    dW_x, dW_h, db = sums.results()
    return dx, through.copy(), dW_x, dW_h, db[0]
