"""The LSTM over a sequence, made for speed.

Each gate is an array (T, N, H) of its own, since arithmetic is fastest on memory that lies together. The sign of the
sigmoid's exponential is folded into the weights of i, f and o. The bias is the weight of an input that is always 1.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast.chunks import chunk_length, chunks_from_the_end
from solutions.with_numpy.fast.weights import weight_gradients
from solutions.with_numpy.padding import zero_padding

BLOCKS = ((0, 0), (1, 1), (2, 2), (3, 3))
Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def joint_weights(W_x: FloatArray, W_h: FloatArray, b: FloatArray) -> FloatArray:
    """The weights (4, H + D + 1, H) that take [h; x; 1] to -a for i, f and o, and to a for g."""
    H = W_h.shape[1]
    W = np.concatenate([W_h, W_x, b[:, None]], axis=1).reshape(4, H, -1)
    W[:3] *= -1
    return np.ascontiguousarray(W.transpose(0, 2, 1))


def activate(a: FloatArray) -> None:
    """In place: i, f, o = 1 / (1 + exp(-a)) and g = tanh(a), from what ``joint_weights`` made."""
    sigmoids = a[:3]
    np.exp(sigmoids, out=sigmoids)
    np.add(sigmoids, 1, out=sigmoids)
    np.divide(1, sigmoids, out=sigmoids)
    np.tanh(a[3], out=a[3])


@takes(x="T N D", h_0="N H", c_0="N H", W_x="4H D", W_h="4H H", b="4H", mask="optional bool T N")
def forward(
    x: FloatArray, h_0: FloatArray, c_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray,
    mask: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """The states and gates of a whole sequence, as ``lstm.forward`` gives them.

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

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to
    forget", 2000.
    """
    x = x if mask is None else zero_padding(x, mask)
    (T, N, D), H, dtype = x.shape, h_0.shape[1], h_0.dtype
    W, joint, product = joint_weights(W_x, W_h, b), np.ones((N, H + D + 1), dtype), np.empty((N, H), dtype)
    gates, h, c = np.empty((4, T, N, H), dtype), np.empty((T, N, H), dtype), np.empty((T, N, H), dtype)
    joint_h, joint_x = joint[:, :H], joint[:, H:-1]
    h_prev, c_prev = h_0, c_0
    with np.errstate(over="ignore"):  # where exp overflows, the gate is 0, as it should be
        for t in range(T):
            joint_h[:], joint_x[:] = h_prev, x[t]
            i, f, o, g = a = gates[:, t]
            np.matmul(joint, W, out=a)
            activate(a)
            c_t, h_t = c[t], h[t]
            np.multiply(f, c_prev, out=c_t)
            np.multiply(i, g, out=product)
            np.add(c_t, product, out=c_t)
            np.tanh(c_t, out=product)
            np.multiply(o, product, out=h_t)
            if mask is not None:
                np.copyto(c_t, c_prev, where=~mask[t, :, None])
                np.copyto(h_t, h_prev, where=~mask[t, :, None])
            h_prev, c_prev = h_t, c_t
    return h, c, gates


def write_factors(
    factors: FloatArray, dc_dh: FloatArray, gates: FloatArray, h: FloatArray, c: FloatArray, c_start: FloatArray,
    spare: FloatArray,
) -> None:  # fmt: skip
    """What of the gradients of a chunk does not depend on later steps, in place.

    factors = [g i (1 - i), c_{t-1} f (1 - f), h (1 - o), i (1 - g^2)],    dc_dh = o (1 - tanh(c)^2) = o - h^2 / o

    The last form saves a tanh; where o is 0, h is too. ``c_start`` is the cell state before the chunk.
    """
    i, f, o, g = gates
    np.maximum(o, np.finfo(o.dtype).tiny, out=spare)
    np.divide(h, spare, out=spare)
    np.multiply(h, spare, out=dc_dh)
    np.subtract(o, dc_dh, out=dc_dh)
    np.subtract(1, o, out=factors[2])
    np.multiply(factors[2], h, out=factors[2])
    np.multiply(g, i, out=factors[0])
    np.multiply(factors[0], g, out=factors[3])
    np.subtract(i, factors[3], out=factors[3])
    np.subtract(1, i, out=spare)
    np.multiply(factors[0], spare, out=factors[0])
    np.subtract(1, f, out=factors[1])
    np.multiply(factors[1], f, out=factors[1])
    np.multiply(factors[1][0], c_start, out=factors[1][0])
    np.multiply(factors[1][1:], c[:-1], out=factors[1][1:])


@takes(
    dh="T N H", dc_T="N H", x="T N D", h_0="N H", c_0="N H", h="T N H", c="T N H", gates="4 T N H", W_x="4H D",
    W_h="4H H", mask="optional bool T N",
)  # fmt: skip
def backward(
    dh: FloatArray, dc_T: FloatArray, x: FloatArray, h_0: FloatArray, c_0: FloatArray, h: FloatArray, c: FloatArray,
    gates: FloatArray, W_x: FloatArray, W_h: FloatArray, mask: BoolArray | None = None,
) -> Gradients:  # fmt: skip
    """The gradients of a whole sequence, as ``lstm.backward`` gives them.

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
    mask : (T, N) booleans, or None
        The one that ``forward`` was given.

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
    x = x if mask is None else zero_padding(x, mask)
    (T, N, H), dtype = h.shape, h.dtype
    blocks, da, dc, through = W_h.reshape(4, H, H), np.empty_like(gates), dc_T.copy(), np.zeros_like(h_0)
    total, product, products = np.empty((N, H), dtype), np.empty((N, H), dtype), np.empty((4, N, H), dtype)
    length = chunk_length(T, h_0.nbytes)
    dc_dh_of_chunk, spare = np.empty((2, length, N, H), dtype)
    for start, end in chunks_from_the_end(T, length):
        k, dc_dh, c_start = slice(start, end), dc_dh_of_chunk[: end - start], c[start - 1] if start else c_0
        write_factors(da[:, k], dc_dh, gates[:, k], h[k], c[k], c_start, spare[: end - start])
        if mask is not None:
            da[:, k] *= mask[k, :, None]
            dc_dh *= mask[k, :, None]
        for t in reversed(range(start, end)):
            da_t, f = da[:, t], gates[1, t]
            da_if, da_o, da_g = da_t[:2], da_t[2], da_t[3]
            np.add(dh[t], through, out=total)
            np.multiply(total, dc_dh[t - start], out=product)
            np.add(dc, product, out=dc)
            np.multiply(da_if, dc, out=da_if)
            np.multiply(da_o, total, out=da_o)
            np.multiply(da_g, dc, out=da_g)
            np.matmul(da_t, blocks, out=products)
            np.add.reduce(products, axis=0, out=through)
            if mask is None:
                np.multiply(dc, f, out=dc)
            else:
                np.multiply(dc, f, out=dc, where=mask[t, :, None])
                np.add(through, total, out=through, where=~mask[t, :, None])
    dx, dW_x, dW_h, sums = weight_gradients(da, BLOCKS, x, h_0, h, W_x)
    return dx, through, dc, dW_x, dW_h, sums.reshape(-1)
