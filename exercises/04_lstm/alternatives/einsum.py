"""Every product as an einsum; the columns of the derivative by themselves, without any Jacobian of 2H rows."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def gates(x, h_prev, W_x, W_h, b):
    H = W_h.shape[1]
    a = np.einsum("nd,khd->knh", x, W_x.reshape(4, H, -1)) + np.einsum("nj,khj->knh", h_prev, W_h.reshape(4, H, H))
    a = a + b.reshape(4, 1, H)
    a[:3] *= 0.5
    result = np.tanh(a)
    result[:3] = 0.5 * result[:3] + 0.5
    return result


def forward(x, h_0, c_0, W_x, W_h, b):
    T, N, _ = x.shape
    H = h_0.shape[1]
    found = np.zeros((6, T, N, H), dtype=x.dtype)
    h, c = h_0, c_0
    for t in range(T):
        h, c, found[2:, t] = step(x[t], h, c, W_x, W_h, b)
        found[0, t], found[1, t] = h, c
    return found[0], found[1], found[2:]


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    H = c.shape[1]
    whole = dc + dh * o / np.cosh(c) ** 2
    da = np.stack([whole * g, whole * c_prev, dh * np.tanh(c), whole * i])
    da[:3] *= gates[:3] * (1 - gates[:3])
    da[3] *= 1 - g**2
    W_x, W_h = W_x.reshape(4, H, -1), W_h.reshape(4, H, H)
    dx, dh_prev = np.einsum("knh,khd->nd", da, W_x), np.einsum("knh,khj->nj", da, W_h)
    dW_x, dW_h = np.einsum("knh,nd->khd", da, x), np.einsum("knh,nj->khj", da, h_prev)
    return dx, dh_prev, f * whole, dW_x.reshape(4 * H, -1), dW_h.reshape(4 * H, H), np.einsum("knh->kh", da).ravel()


def direct_path(f):
    return np.multiply.reduce(f)


def full_derivative(c_0, c, gates, W_h):
    N, H = c_0.shape
    W = W_h.reshape(4, H, H)
    dc, dh = np.zeros((N, H, H), dtype=c.dtype) + np.eye(H, dtype=c.dtype), np.zeros((N, H, H), dtype=c.dtype)
    for t in range(len(c)):
        i, f, o, g = gates[:, t]
        before = c_0 if t == 0 else c[t - 1]
        slopes = np.stack([i * (1 - i), f * (1 - f), o * (1 - o), 1 - g * g])
        di, df, do, dg = np.einsum("knh,khj,njm->knhm", slopes, W, dh)
        dc = f[..., None] * dc + before[..., None] * df + g[..., None] * di + i[..., None] * dg
        dh = np.tanh(c[t])[..., None] * do + (o / np.cosh(c[t]) ** 2)[..., None] * dc
    return dc


def forget_bias(b, value=1.0):
    blocks = b.reshape(4, -1).copy()
    blocks[1] = value
    return blocks.ravel()
