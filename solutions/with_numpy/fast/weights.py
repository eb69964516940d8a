"""What all cells do after their loop over the steps, backwards: sums over steps and sequences, as matrix products."""

from collections.abc import Sequence

import numpy as np

from solutions.with_numpy.arrays import FloatArray


def weight_gradients(
    da: FloatArray, blocks: Sequence[tuple[int, int]], x: FloatArray, h_0: FloatArray, h: FloatArray, W_x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The gradients that need no order of steps.

    dx_t = W_x^T da_t,    dW_x = sum over t of da_t x_t^T,    dW_h = sum over t of da_t h_{t-1}^T

    Parameters
    ----------
    da : (K, T, N, H)
        Gradients of the sums inside the gates.
    blocks : for each block of the weights a pair
        Which of the K gradients belongs to the block of W_x, and which to that of W_h.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    h : (T, N, H)
        The hidden states.
    W_x : (GH, D)
        Weights from the input, in G blocks.

    Returns
    -------
    dx : (T, N, D)
    dW_x : (GH, D)
    dW_h : (GH, H)
    sums : (K, H)
        The sums of da over steps and sequences, which the gradients of the biases are taken from.
    """
    (T, N, D), H = x.shape, h_0.shape[1]
    rows, inputs = da.reshape(-1, T * N, H), x.reshape(T * N, D)
    h_prev = h.reshape(T * N, H)[: (T - 1) * N]  # of every step but the first
    dW_x, dW_h = np.empty_like(W_x), np.empty((len(W_x), H), W_x.dtype)
    dx, part = np.empty_like(inputs), np.empty_like(inputs)
    for block, (to_input, to_state) in enumerate(blocks):
        k = slice(block * H, (block + 1) * H)
        np.matmul(rows[to_input].T, inputs, out=dW_x[k])
        np.matmul(rows[to_state][N:].T, h_prev, out=dW_h[k])
        np.add(dW_h[k], rows[to_state][:N].T @ h_0, out=dW_h[k])
        np.matmul(rows[to_input], W_x[k], out=part if block else dx)
        if block:
            np.add(dx, part, out=dx)
    return dx.reshape(T, N, D), dW_x, dW_h, np.ones(T * N, da.dtype) @ rows
