"""The GRU that resets after the matrix product, over a sequence, made for speed."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast.chunks import chunk_length, chunks_from_the_end
from solutions.with_numpy.fast.weights import weight_gradients
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
    h, gates, products = np.empty((T, N, H), dtype), np.empty((4, T, N, H), dtype), np.empty((3, N, H), dtype)
    sign = np.array([-1, -1, 1], dtype)[:, None, None]  # of the sigmoid's exponential, folded into the weights
    blocks = np.ascontiguousarray((W_h.reshape(3, H, H) * sign).transpose(0, 2, 1))
    for block, (W, b_of_block) in enumerate(
        zip(W_x.reshape(3, H, D) * sign, b.reshape(3, H) * sign[:, 0], strict=True)
    ):
        np.matmul(x.reshape(T * N, D), W.T, out=gates[block].reshape(T * N, H))
        gates[block] += b_of_block
    h_prev = h_0
    with np.errstate(over="ignore"):  # where exp overflows, the gate is 0, as it should be
        for t in range(T):
            np.matmul(h_prev, blocks, out=products)
            (_, z, n, q), sigmoids = gates[:, t], gates[:2, t]
            np.add(sigmoids, products[:2], out=sigmoids)
            np.exp(sigmoids, out=sigmoids)
            np.add(sigmoids, 1, out=sigmoids)
            np.divide(1, sigmoids, out=sigmoids)
            np.add(products[2], b_hn, out=q)
            np.multiply(gates[0, t], q, out=products[0])
            np.add(n, products[0], out=n)
            np.tanh(n, out=n)
            old, new = (h_prev, n) if z_keeps else (n, h_prev)  # h = new + z * (old - new)
            h_t = np.subtract(old, new, out=h[t])
            np.multiply(h_t, z, out=h_t)
            np.add(h_t, new, out=h_t)
            if mask is not None:
                np.copyto(h_t, h_prev, where=~mask[t, :, None])
            h_prev = h_t
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
    np.copyto(keep, z) if z_keeps else np.subtract(1, z, out=keep)
    np.multiply(n, n, out=da_n)
    np.subtract(1, da_n, out=da_n)
    np.subtract(1, keep, out=spare)
    np.multiply(da_n, spare, out=da_n)
    np.multiply(da_n, r, out=dq)
    np.subtract(1, r, out=da_r)
    np.multiply(da_r, q, out=da_r)
    np.multiply(da_r, dq, out=da_r)
    np.subtract(h_start, n[0], out=da_z[0])
    np.subtract(h[:-1], n[1:], out=da_z[1:])
    np.multiply(da_z, keep if z_keeps else -keep, out=da_z)
    np.multiply(da_z, spare, out=da_z)


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
    blocks, through = W_h.reshape(3, H, H), np.zeros_like(h_0)
    da = np.empty_like(gates)  # da_r, da_z, dq, da_n: the first three reach h_{t-1} through W_h
    total, products, length = np.empty((N, H), dtype), np.empty((3, N, H), dtype), chunk_length(T, h_0.nbytes)
    keep_of_chunk, spare = np.empty((2, length, N, H), dtype)
    for start, end in chunks_from_the_end(T, length):
        k, keep, h_start = slice(start, end), keep_of_chunk[: end - start], h[start - 1] if start else h_0
        write_factors(da[:, k], keep, gates[:, k], h[k], h_start, z_keeps, spare[: end - start])
        if mask is not None:
            da[:, k] *= mask[k, :, None]
            np.copyto(keep, 1, where=~mask[k, :, None])
        for t in reversed(range(start, end)):
            np.add(dh[t], through, out=total)
            da_t = np.multiply(da[:, t], total, out=da[:, t])
            np.matmul(da_t[:3], blocks, out=products)
            np.multiply(total, keep[t - start], out=through)
            np.add(through, products[0], out=through)
            np.add(through, products[1], out=through)
            np.add(through, products[2], out=through)
    dx, dW_x, dW_h, sums = weight_gradients(da, BLOCKS, x, h_0, h, W_x)
    return dx, through, dW_x, dW_h, np.concatenate([sums[:2], sums[3:]]).reshape(-1), sums[2]
