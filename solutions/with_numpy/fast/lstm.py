"""The LSTM over a sequence, made for speed.

Each gate is an array (T, N, H) of its own, since arithmetic is fastest on memory that lies together. The factor inside the
sigmoid is folded into the weights of i, f and o. The bias is the weight of an input that is always 1. A step takes one
matrix product forward, of [h; 1; x], and one backward, to the gradients of h and x.
"""

import numpy as np
from numpy import add, copyto, divide, matmul, maximum, multiply, subtract, tanh

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast import memory
from solutions.with_numpy.fast.chunks import chunk_length, chunks_from_the_end
from solutions.with_numpy.fast.products import StepProduct
from solutions.with_numpy.fast.sigmoid import Sigmoid
from solutions.with_numpy.fast.weights import WeightGradients
from solutions.with_numpy.padding import zero_padding

BLOCKS = ((0, 0), (1, 1), (2, 2), (3, 3))
Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def joint_weights(W_x: FloatArray, W_h: FloatArray, b: FloatArray, factor: float) -> FloatArray:
    """The weights (4, H + 1 + D, H) that take [h; 1; x] to factor * a for i, f and o, and to a for g."""
    H = W_h.shape[1]
    W = np.concatenate([W_h, b[:, None], W_x], axis=1).reshape(4, H, -1)
    W[:3] *= factor
    return W.transpose(0, 2, 1)


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
    sigmoid = Sigmoid(dtype)
    step = StepProduct(joint_weights(W_x, W_h, b, sigmoid.factor), N)
    gates, h, c = memory.array(dtype, (4, T, N, H)), memory.array(dtype, (T, N, H)), memory.array(dtype, (T, N, H))
    joint, a, product = memory.arrays(dtype, (N, H + 1 + D), (4, N, H), (N, H))
    joint[:, H] = 1
    joint_h, joint_x, left, out = joint[:, :H], joint[:, H + 1 :], step.left(joint[None]), step.out(a)
    a_ifo, a_g, h_prev, c_prev = a[:3], a[3], h_0, c_0
    views = zip(x, h, c, gates[:3].swapaxes(0, 1), *gates, strict=True)
    with np.errstate(over="ignore"):  # where exp overflows, the gate is 0, as it should be
        for t, (x_t, h_t, c_t, ifo, i, f, o, g) in enumerate(views):
            copyto(joint_h, h_prev)
            copyto(joint_x, x_t)
            matmul(left, step.weights, out=out)
            sigmoid(a_ifo, ifo)
            tanh(a_g, out=g)
            multiply(f, c_prev, out=c_t)
            multiply(i, g, out=product)
            add(c_t, product, out=c_t)
            tanh(c_t, out=product)
            multiply(o, product, out=h_t)
            if mask is not None:
                copyto(c_t, c_prev, where=~mask[t, :, None])
                copyto(h_t, h_prev, where=~mask[t, :, None])
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
    maximum(o, np.finfo(o.dtype).tiny, out=spare)
    divide(h, spare, out=spare)
    multiply(h, spare, out=dc_dh)
    subtract(o, dc_dh, out=dc_dh)
    subtract(1, o, out=factors[2])
    multiply(factors[2], h, out=factors[2])
    multiply(g, i, out=factors[0])
    multiply(factors[0], g, out=factors[3])
    subtract(i, factors[3], out=factors[3])
    subtract(1, i, out=spare)
    multiply(factors[0], spare, out=factors[0])
    subtract(1, f, out=factors[1])
    multiply(factors[1], f, out=factors[1])
    multiply(factors[1][0], c_start, out=factors[1][0])
    multiply(factors[1][1:], c[:-1], out=factors[1][1:])


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
    (T, N, D), H, dtype, length = x.shape, h_0.shape[1], h_0.dtype, chunk_length(len(x), h_0.nbytes)
    step = StepProduct(np.concatenate([W_h, W_x], axis=1).reshape(4, H, H + D), N)
    products, back, dc, product, total, dc_dh, spare = memory.arrays(
        dtype, (4, N, H + D), (N, H + D), (N, H), (N, H), (N, H), (length, N, H), (length, N, H)
    )
    dx, through, to_x, out = np.empty(x.shape, x.dtype), back[:, :H], back[:, H:], step.out(products)
    sums = WeightGradients(4, BLOCKS, x, h_0, h, length)
    dc[:], back[:] = dc_T, 0
    for start, end in chunks_from_the_end(T, length):
        k, c_start = slice(start, end), c[start - 1] if start else c_0
        da, dc_dh_k = sums.room(start, end), dc_dh[: end - start]
        write_factors(da, dc_dh_k, gates[:, k], h[k], c[k], c_start, spare[: end - start])
        if mask is not None:
            da *= mask[k, :, None]
            dc_dh_k *= mask[k, :, None]
        views = (view[::-1] for view in (dh[k], dc_dh_k, gates[1, k], dx[k], step.left(da.swapaxes(0, 1)), *da))
        for t, (dh_t, dc_dh_t, f, dx_t, left, da_i, da_f, da_o, da_g) in enumerate(zip(*views, strict=True), 1 - end):
            add(dh_t, through, out=total)
            multiply(total, dc_dh_t, out=product)
            add(dc, product, out=dc)
            multiply(da_i, dc, out=da_i)
            multiply(da_f, dc, out=da_f)
            multiply(da_o, total, out=da_o)
            multiply(da_g, dc, out=da_g)
            matmul(left, step.weights, out=out)
            add.reduce(products, axis=0, out=back)
            copyto(dx_t, to_x)
            if mask is None:
                multiply(dc, f, out=dc)
            else:
                multiply(dc, f, out=dc, where=mask[-t, :, None])
                add(through, total, out=through, where=~mask[-t, :, None])
        sums.add(start, end)
    dW_x, dW_h, db = sums.results()
    return dx, through.copy(), dc.copy(), dW_x, dW_h, db.reshape(-1)
