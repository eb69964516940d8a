"""Every product as an einsum over weights with an axis for the blocks."""

import numpy as np


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    H = h_prev.shape[1]
    a = np.einsum("nd,khd->knh", x, W_x.reshape(3, H, -1)) + b.reshape(3, 1, H)
    s = np.einsum("nj,khj->knh", h_prev, W_h.reshape(3, H, H))
    made = np.empty((4, *h_prev.shape), dtype=h_prev.dtype)
    made[:2] = 0.5 + 0.5 * np.tanh(0.5 * (a[:2] + s[:2]))
    made[3] = s[2] + b_hn
    made[2] = np.tanh(a[2] + made[0] * made[3])
    share = made[1] if z_keeps else 1 - made[1]
    return share * h_prev + made[2] - share * made[2], made


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    H = h_prev.shape[1]
    W = W_h.reshape(3, H, H)
    a = np.einsum("nd,khd->knh", x, W_x.reshape(3, H, -1)) + b.reshape(3, 1, H)
    r, z = 0.5 + 0.5 * np.tanh(0.5 * (a[:2] + np.einsum("nj,khj->knh", h_prev, W[:2])))
    n = np.tanh(a[2] + np.einsum("nj,nj,hj->nh", r, h_prev, W[2]))
    written = 1 - z if z_keeps else z
    return h_prev + written * (n - h_prev), np.stack([r, z, n])


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    H = h_prev.shape[1]
    r, z, n, q = gates
    sign = 1 if z_keeps else -1
    written = 1 - z if z_keeps else z
    slopes = np.stack([r * (1 - r), z * (1 - z), 1 - n**2])
    da_n = dh * written * slopes[2]
    from_input = np.stack([da_n * q * slopes[0], sign * dh * (h_prev - n) * slopes[1], da_n])
    from_state = from_input.copy()
    from_state[2] *= r
    dx = np.einsum("knh,khd->nd", from_input, W_x.reshape(3, H, -1))
    dh_prev = dh - dh * written + np.einsum("knh,khj->nj", from_state, W_h.reshape(3, H, H))
    dW_x = np.einsum("knh,nd->khd", from_input, x).reshape(3 * H, -1)
    dW_h = np.einsum("knh,nj->khj", from_state, h_prev).reshape(3 * H, H)
    return dx, dh_prev, dW_x, dW_h, np.einsum("knh->kh", from_input).ravel(), np.einsum("nh->h", from_state[2])


def from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh):
    first, second = bias_ih.reshape(3, -1), bias_hh.reshape(3, -1)
    mask = np.array([[1], [1], [0]], dtype=second.dtype)
    return weight_ih + 0, weight_hh + 0, (first + mask * second).ravel(), second[2].copy()
