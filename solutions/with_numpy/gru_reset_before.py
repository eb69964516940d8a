"""The gated recurrent unit of the first paper, which resets before the matrix product; blocks r, z, n.

``z_keeps`` is explained in ``gru``, which holds the convention of PyTorch and cuDNN.

Source of all functions: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.padding import hold, zero_padding

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@takes(x="N D", h_prev="N H", W_x="3H D", W_h="3H H", b="3H")
def step(
    x: FloatArray, h_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, z_keeps: bool = True
) -> tuple[FloatArray, FloatArray]:
    """One step, with the reset gate before the matrix product.

    r, z = sigmoid(W_x x_t + W_h h_{t-1} + b),  blocks r and z
    n = tanh(W_xn x_t + W_hn (r * h_{t-1}) + b_n)
    h_t = z * h_{t-1} + (1 - z) * n,  or with z_keeps=False  h_t = (1 - z) * h_{t-1} + z * n

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states after the step before.
    W_x : (3H, D)
        Weights from the input, in blocks r, z, n.
    W_h : (3H, H)
        Weights from the hidden state, in the same blocks.
    b : (3H,)
        The bias, in the same blocks.
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.

    Returns
    -------
    h : (N, H)
        The new hidden states.
    gates : (3, N, H)
        r, z and n, which the backward pass needs.
    """
    H = h_prev.shape[1]
    a = x @ W_x.T + b
    rz = (1 + np.tanh((a[:, : 2 * H] + h_prev @ W_h[: 2 * H].T) / 2)) / 2
    r, z = rz[:, :H], rz[:, H:]
    n = np.tanh(a[:, 2 * H :] + (r * h_prev) @ W_h[2 * H :].T)
    keep = z if z_keeps else 1 - z
    h = keep * h_prev + (1 - keep) * n
    return h, np.stack([r, z, n])


@takes(x="T N D", h_0="N H", W_x="3H D", W_h="3H H", b="3H", mask="optional bool T N")
def forward(
    x: FloatArray, h_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, z_keeps: bool = True,
    mask: BoolArray | None = None,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """The same step T times.

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
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.
    mask : (T, N) booleans, or None
        True where a step counts; elsewhere the state stays as it was. None counts every step.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step.
    gates : (3, T, N, H)
        r, z and n at each step.
    """
    x = x if mask is None else zero_padding(x, mask)
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    gates = np.empty((3, *h.shape), dtype=h.dtype)
    h_prev = h_0
    for t in range(len(x)):
        new, gates[:, t] = step(x[t], h_prev, W_x, W_h, b, z_keeps)
        h[t] = h_prev = hold(mask, t, new, h_prev)
    return h, gates


@takes(dh="N H", x="N D", h_prev="N H", gates="3 N H", W_x="3H D", W_h="3H H")
def step_backward(
    dh: FloatArray, x: FloatArray, h_prev: FloatArray, gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
    z_keeps: bool = True,
) -> Gradients:  # fmt: skip
    """The gradients of one step, from the gradient of its result.

    da_n = dh * (1 - z) * (1 - n^2),    da_z = dh * (h_{t-1} - n) * z (1 - z)
    ds = W_hn^T da_n,  with s = r * h_{t-1};    da_r = ds * h_{t-1} * r (1 - r)
    dh_prev = dh * z + ds * r + W_hr^T da_r + W_hz^T da_z

    With z_keeps=False, z and 1 - z change places and da_z changes its sign.

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to h_t, over every path.
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states before it.
    gates : (3, N, H)
        r, z and n, as ``step`` returned them.
    W_x : (3H, D)
        Weights from the input, in blocks r, z, n.
    W_h : (3H, H)
        Weights from the hidden state, in the same blocks.
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.

    Returns
    -------
    dx : (N, D)
    dh_prev : (N, H)
    dW_x : (3H, D)
    dW_h : (3H, H)
    db : (3H,)
        The gradients with respect to the arguments of ``step``.
    """
    r, z, n = gates
    gated, candidate = W_h[: 2 * z.shape[1]], W_h[2 * z.shape[1] :]
    keep, sign = (z, 1) if z_keeps else (1 - z, -1)
    da_n = dh * (1 - keep) * (1 - n**2)
    ds = da_n @ candidate
    da_rz = np.concatenate([ds * h_prev * r * (1 - r), sign * dh * (h_prev - n) * z * (1 - z)], axis=1)
    da = np.concatenate([da_rz, da_n], axis=1)
    dh_prev = dh * keep + ds * r + da_rz @ gated
    dW_h = np.concatenate([da_rz.T @ h_prev, da_n.T @ (r * h_prev)])
    return da @ W_x, dh_prev, da.T @ x, dW_h, da.sum(axis=0)


@takes(
    dh="T N H", x="T N D", h_0="N H", h="T N H", gates="3 T N H", W_x="3H D", W_h="3H H", mask="optional bool T N"
)  # fmt: skip
def backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
    z_keeps: bool = True, mask: BoolArray | None = None,
) -> Gradients:  # fmt: skip
    """Backpropagation through time.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    h : (T, N, H)
        The hidden states, as ``forward`` returned them.
    gates : (3, T, N, H)
        r, z and n, as ``forward`` returned them.
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
        The gradients with respect to the arguments of ``forward``.
    """
    x = x if mask is None else zero_padding(x, mask)
    dx, dh_next, none = np.empty_like(x), np.zeros_like(h_0), np.zeros_like(h_0)
    sums = [np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[:, 0])]
    for t in reversed(range(len(x))):
        h_prev = h[t - 1] if t > 0 else h_0
        dh_t = dh[t] + dh_next
        gradients = step_backward(hold(mask, t, dh_t, none), x[t], h_prev, gates[:, t], W_x, W_h, z_keeps)
        dx[t], dh_next = gradients[0], hold(mask, t, gradients[1], dh_t)
        sums = [total + gradient for total, gradient in zip(sums, gradients[2:], strict=True)]
    return dx, dh_next, sums[0], sums[1], sums[2]
