"""The GRU that resets after the matrix product, over a sequence, made for speed."""

import numpy as np
from numpy import add, copyto, matmul, multiply, subtract, tanh

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast import memory
from solutions.with_numpy.fast.chunks import chunk_length, chunks_from_the_end
from solutions.with_numpy.fast.products import StepProduct
from solutions.with_numpy.fast.sigmoid import Sigmoid
from solutions.with_numpy.fast.weights import WeightGradients, write_input_gradients
from solutions.with_numpy.padding import zero_padding

BLOCKS = ((0, 0), (1, 1), (3, 2))  # of da_r, da_z, dq and da_n: the candidate's input gets da_n, its state dq
Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@takes(x="T N D", h_0="N H", W_x="3H D", W_h="3H H", b="3H", b_hn="H", mask="optional bool T N")
def forward(
    x: FloatArray, h_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, b_hn: FloatArray,
    z_keeps: bool = True, mask: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """The states and gates of a whole sequence, as ``gru.forward`` gives them.

    Parameters
    ----------
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    W_x : (3H, D)
        Weights from the input, in blocks r, z, n.
    W_h : (3H, H)
        Weights from the hidden state, in the same blocks.
    b : (3H,)
        The bias, in the same blocks.
    b_hn : (H,)
        The candidate's second bias, inside the product with r.
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.
    mask : (T, N) booleans, or None
        True where a step counts; elsewhere the state stays as it was. None counts every step.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step.
    gates : (4, T, N, H)
        r, z, n and q at each step.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """
    x = x if mask is None else zero_padding(x, mask)
    (T, N, D), H, dtype = x.shape, h_0.shape[1], h_0.dtype
    h, gates = memory.array(dtype, (T, N, H)), memory.array(dtype, (4, T, N, H))
    sigmoid = Sigmoid(dtype)
    factor = np.array([sigmoid.factor, sigmoid.factor, 1], dtype)[:, None, None]  # folded into the weights
    for block, (W, b_of_block) in enumerate(
        zip(W_x.reshape(3, H, D) * factor, b.reshape(3, H) * factor[:, 0], strict=True)
    ):
        matmul(x.reshape(T * N, D), W.T, out=gates[block].reshape(T * N, H))
        gates[block] += b_of_block
    step = StepProduct((W_h.reshape(3, H, H) * factor).transpose(0, 2, 1), N)
    products, bias = memory.arrays(dtype, (3, N, H), (N, H))
    bias[:] = b_hn
    a_rz, product, out = products[:2], products[0], step.out(products)
    h_prev, left = h_0, step.left(h_0[None])
    views = zip(h, step.left(h[:, None]), gates[:2].swapaxes(0, 1), *gates, strict=True)
    with np.errstate(over="ignore"):  # where exp overflows, the gate is 0, as it should be
        for t, (h_t, left_of_next, rz, r, z, n, q) in enumerate(views):
            matmul(left, step.weights, out=out)
            add(rz, a_rz, out=a_rz)
            sigmoid(a_rz, rz)
            add(products[2], bias, out=q)
            multiply(r, q, out=product)
            add(n, product, out=n)
            tanh(n, out=n)
            old, new = (h_prev, n) if z_keeps else (n, h_prev)  # h = new + z * (old - new)
            subtract(old, new, out=h_t)
            multiply(h_t, z, out=h_t)
            add(h_t, new, out=h_t)
            if mask is not None:
                copyto(h_t, h_prev, where=~mask[t, :, None])
            h_prev, left = h_t, left_of_next
    return h, gates


def write_factors(
    factors: FloatArray, keep: FloatArray, gates: FloatArray, h: FloatArray, h_start: FloatArray, z_keeps: bool,
    spare: FloatArray,
) -> None:  # fmt: skip
    """What of the gradients of a chunk is to be multiplied by dh, in place: of da_r, da_z, dq and da_n, and of dh_prev.

    factors = [da_n q r (1 - r), +-(h_{t-1} - n) z (1 - z), da_n r, da_n],    with da_n = (1 - keep) (1 - n^2)

    ``h_start`` is the hidden state before the chunk.
    """
    r, z, n, q = gates
    da_r, da_z, dq, da_n = factors
    copyto(keep, z) if z_keeps else subtract(1, z, out=keep)
    multiply(n, n, out=da_n)
    subtract(1, da_n, out=da_n)
    subtract(1, keep, out=spare)
    multiply(da_n, spare, out=da_n)
    multiply(da_n, r, out=dq)
    subtract(1, r, out=da_r)
    multiply(da_r, q, out=da_r)
    multiply(da_r, dq, out=da_r)
    subtract(h_start, n[0], out=da_z[0])
    subtract(h[:-1], n[1:], out=da_z[1:])
    multiply(da_z, keep if z_keeps else -keep, out=da_z)
    multiply(da_z, spare, out=da_z)


@takes(
    dh="T N H", x="T N D", h_0="N H", h="T N H", gates="4 T N H", W_x="3H D", W_h="3H H", mask="optional bool T N"
)  # fmt: skip
def backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
    z_keeps: bool = True, mask: BoolArray | None = None,
) -> Gradients:  # fmt: skip
    """The gradients of a whole sequence, as ``gru.backward`` gives them.

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
    gates : (4, T, N, H)
        r, z, n and q, as ``forward`` returned them.
    W_x : (3H, D)
        Weights from the input, in blocks r, z, n.
    W_h : (3H, H)
        Weights from the hidden state, in the same blocks.
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.
    mask : (T, N) booleans, or None
        The one that ``forward`` was given.

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dW_x : (3H, D)
    dW_h : (3H, H)
    db : (3H,)
    db_hn : (H,)
        The gradients with respect to the arguments of ``forward``.

    Source: derived from the equations of ``gru.step``; tested against torch.nn.GRU.
    """
    x = x if mask is None else zero_padding(x, mask)
    (T, N, H), dtype = h.shape, h.dtype
    step, length, dx = StepProduct(W_h.reshape(3, H, H), N), chunk_length(T, h_0.nbytes), np.empty(x.shape, x.dtype)
    through, total, products, keep, spare = memory.arrays(
        dtype, (N, H), (N, H), (3, N, H), (length, N, H), (length, N, H)
    )
    sums, out = WeightGradients(4, BLOCKS, x, h_0, h, length), step.out(products)
    through[:] = 0
    for start, end in chunks_from_the_end(T, length):
        k, keep_k, h_start = slice(start, end), keep[: end - start], h[start - 1] if start else h_0
        da = sums.room(start, end)  # da_r, da_z, dq and da_n: the first three reach h_{t-1} through W_h
        write_factors(da, keep_k, gates[:, k], h[k], h_start, z_keeps, spare[: end - start])
        if mask is not None:
            da *= mask[k, :, None]
            copyto(keep_k, 1, where=~mask[k, :, None])
        views = (view[::-1] for view in (dh[k], keep_k, step.left(da[:3].swapaxes(0, 1)), *da))
        for dh_t, keep_t, left, *da_t in zip(*views, strict=True):
            add(dh_t, through, out=total)
            for da_of_gate in da_t:
                multiply(da_of_gate, total, out=da_of_gate)
            matmul(left, step.weights, out=out)
            multiply(total, keep_t, out=through)
            for product in products:
                add(through, product, out=through)
        write_input_gradients(dx[k], da, BLOCKS, W_x)
        sums.add(start, end)
    dW_x, dW_h, db = sums.results()
    return dx, through.copy(), dW_x, dW_h, np.concatenate([db[:2], db[3:]]).reshape(-1), db[2]
