"""The gated recurrent unit that resets after the matrix product, as PyTorch and cuDNN do, and its gradients.

The blocks of W_x, W_h and b stand in the order r, z, n: reset gate, update gate, candidate. ``gru_reset_before`` holds
the convention of the first paper. In the literature z has two meanings. Here ``z_keeps=True`` means that z is the share of
the old state that is kept (Cho et al., 2014, and PyTorch); ``z_keeps=False`` that it is the share of the candidate that is
written (Chung et al., 2014).
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


@takes(x="N D", h_prev="N H", W_x="3H D", W_h="3H H", b="3H", b_hn="H")
def step(
    x: FloatArray, h_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, b_hn: FloatArray,
    z_keeps: bool = True,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """One step, with the reset gate after the matrix product.

    r, z = sigmoid(W_x x_t + W_h h_{t-1} + b),  blocks r and z
    q = W_hn h_{t-1} + b_hn
    n = tanh(W_xn x_t + b_n + r * q)
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
    b_hn : (H,)
        The candidate's second bias, inside the product with r. It cannot be merged with the first.
    z_keeps : bool
        Whether z is the share of the old state or that of the candidate.

    Returns
    -------
    h : (N, H)
        The new hidden states.
    gates : (4, N, H)
        r, z, n and q, which the backward pass needs.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014; the reset after the product is
    that of cuDNN and of torch.nn.GRU.
    """
    a, q = np.split(x @ W_x.T + b, 3, axis=1), np.split(h_prev @ W_h.T, 3, axis=1)
    r = (1 + np.tanh((a[0] + q[0]) / 2)) / 2
    z = (1 + np.tanh((a[1] + q[1]) / 2)) / 2
    q_n = q[2] + b_hn
    n = np.tanh(a[2] + r * q_n)
    keep = z if z_keeps else 1 - z
    h = keep * h_prev + (1 - keep) * n
    return h, np.stack([r, z, n, q_n])


@takes(x="T N D", h_0="N H", W_x="3H D", W_h="3H H", b="3H", b_hn="H")
def forward(
    x: FloatArray, h_0: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray, b_hn: FloatArray,
    z_keeps: bool = True,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """The GRU over a whole sequence: the same step, with the same weights, T times.

    h_t = step(x_t, h_{t-1}, W_x, W_h, b, b_hn)    for t = 1, ..., T

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

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step, without h_0.
    gates : (4, T, N, H)
        r, z, n and q at each step.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """
    h = np.empty((len(x), *h_0.shape), dtype=h_0.dtype)
    gates = np.empty((4, *h.shape), dtype=h.dtype)
    h_prev = h_0
    for t in range(len(x)):
        h_prev, gates[:, t] = step(x[t], h_prev, W_x, W_h, b, b_hn, z_keeps)
        h[t] = h_prev
    return h, gates


@takes(dh="N H", x="N D", h_prev="N H", gates="4 N H", W_x="3H D", W_h="3H H")
def step_backward(
    dh: FloatArray, x: FloatArray, h_prev: FloatArray, gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
    z_keeps: bool = True,
) -> Gradients:  # fmt: skip
    """The gradients of one step, from the gradient of its result.

    dz = dh * (h_{t-1} - n),  with the opposite sign for z_keeps=False
    da_n = dh * (1 - z) * (1 - n^2),  with z in place of 1 - z for z_keeps=False
    da_r = da_n * q * r (1 - r),    da_z = dz * z (1 - z),    dq = da_n * r
    dx = W_x^T [da_r, da_z, da_n],    dh_prev = dh * z + W_h^T [da_r, da_z, dq]

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to h_t, over every path.
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states before it.
    gates : (4, N, H)
        r, z, n and q, as ``step`` returned them.
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
    db_hn : (H,)
        The gradients with respect to the arguments of ``step``.

    Source: derived from the equations of ``step``; tested against torch.nn.GRU.
    """
    r, z, n, q = gates
    keep, sign = (z, 1) if z_keeps else (1 - z, -1)
    da_n = dh * (1 - keep) * (1 - n**2)
    da_z = sign * dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * q * r * (1 - r)
    da_x = np.concatenate([da_r, da_z, da_n], axis=1)
    da_h = np.concatenate([da_r, da_z, da_n * r], axis=1)
    dh_prev = dh * keep + da_h @ W_h
    return da_x @ W_x, dh_prev, da_x.T @ x, da_h.T @ h_prev, da_x.sum(axis=0), (da_n * r).sum(axis=0)


@takes(dh="T N H", x="T N D", h_0="N H", h="T N H", gates="4 T N H", W_x="3H D", W_h="3H H")
def backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, gates: FloatArray, W_x: FloatArray, W_h: FloatArray,
    z_keeps: bool = True,
) -> Gradients:  # fmt: skip
    """Backpropagation through time: the gradients of a whole sequence, from the last step to the first.

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

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dW_x : (3H, D)
    dW_h : (3H, H)
    db : (3H,)
    db_hn : (H,)
        The gradients with respect to the arguments of ``forward``.

    Source: derived from the equations of ``step``; tested against torch.nn.GRU.
    """
    dx, dh_next = np.empty_like(x), np.zeros_like(h_0)
    sums = [np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(W_h[:, 0]), np.zeros_like(h_0[0])]
    for t in reversed(range(len(x))):
        h_prev = h[t - 1] if t > 0 else h_0
        gradients = step_backward(dh[t] + dh_next, x[t], h_prev, gates[:, t], W_x, W_h, z_keeps)
        dx[t], dh_next = gradients[:2]
        sums = [total + gradient for total, gradient in zip(sums, gradients[2:], strict=True)]
    return dx, dh_next, sums[0], sums[1], sums[2], sums[3]


@takes(weight_ih="3H D", weight_hh="3H H", bias_ih="3H", bias_hh="3H")
def from_pytorch(
    weight_ih: FloatArray, weight_hh: FloatArray, bias_ih: FloatArray, bias_hh: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The parameters of PyTorch's GRU as ours; both have the blocks r, z, n.

    b = [b_ih_r + b_hh_r, b_ih_z + b_hh_z, b_ih_n],    b_hn = b_hh_n

    Parameters
    ----------
    weight_ih : (3H, D)
        PyTorch's weights from the input.
    weight_hh : (3H, H)
        PyTorch's weights from the hidden state.
    bias_ih : (3H,)
        PyTorch's first bias.
    bias_hh : (3H,)
        PyTorch's second bias. In the block n it stands inside the product with r.

    Returns
    -------
    W_x : (3H, D)
    W_h : (3H, H)
    b : (3H,)
    b_hn : (H,)
        What ``step`` takes; new arrays.

    Source: the documentation of torch.nn.GRU.
    """
    H = weight_hh.shape[1]
    b = bias_ih.copy()
    b[: 2 * H] += bias_hh[: 2 * H]
    return weight_ih.copy(), weight_hh.copy(), b, bias_hh[2 * H :].copy()
