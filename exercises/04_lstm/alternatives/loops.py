"""Loops over the sequences, with outer products as one would write them by hand; results filled in place."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def gates(x, h_prev, W_x, W_h, b):
    N, H = h_prev.shape
    result = np.empty((4, N, H), dtype=x.dtype)
    for n in range(N):
        a = W_x @ x[n] + W_h @ h_prev[n] + b
        result[:3, n] = (1 / (1 + np.exp(-a[: 3 * H]))).reshape(3, H)
        result[3, n] = np.tanh(a[3 * H :])
    return result


def step(x, h_prev, c_prev, W_x, W_h, b):
    opened = gates(x, h_prev, W_x, W_h, b)
    h, c = np.empty_like(h_prev), np.empty_like(c_prev)
    for n in range(len(x)):
        for j in range(h.shape[1]):
            i, f, o, g = opened[:, n, j]
            c[n, j] = f * c_prev[n, j] + i * g
            h[n, j] = o * np.tanh(c[n, j])
    return h, c, opened


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    dx, dh_prev, dc_prev = np.zeros_like(x), np.zeros_like(h_prev), np.zeros_like(c_prev)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(len(W_h), dtype=x.dtype)
    for n in range(len(x)):
        i, f, o, g = gates[:, n]
        read = np.tanh(c[n])
        total = dc[n] + dh[n] * o * (1 - read**2)
        do, di, df, dg = dh[n] * read, total * g, total * c_prev[n], total * i
        da = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        dc_prev[n] = total * f
        dx[n], dh_prev[n] = W_x.T @ da, W_h.T @ da
        dW_x += np.outer(da, x[n])
        dW_h += np.outer(da, h_prev[n])
        db += da
    return dx, dh_prev, dc_prev, dW_x, dW_h, db


def backward(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    dx, dW_x, dW_h, db = np.zeros_like(x), 0 * W_x, 0 * W_h, 0 * W_h[:, 0]
    dh_t, dc_t = np.zeros_like(h_0), dc_T.copy()
    t = len(x) - 1
    while t >= 0:
        dh_t = dh_t + dh[t]
        before = (h[t - 1], c[t - 1]) if t else (h_0, c_0)
        dx[t], dh_t, dc_t, *weights = step_backward(dh_t, dc_t, x[t], *before, c[t], gates[:, t], W_x, W_h)
        dW_x += weights[0]
        dW_h += weights[1]
        db += weights[2]
        t -= 1
    return dx, dh_t, dc_t, dW_x, dW_h, db


def direct_path(f):
    T, N, H = f.shape
    d = np.ones((N, H), dtype=f.dtype)
    for t in range(T):
        for n in range(N):
            for j in range(H):
                d[n, j] *= f[t, n, j]
    return d


def full_derivative(c_0, c, gates, W_h):
    T, N, H = c.shape
    result = np.empty((N, H, H), dtype=c.dtype)
    for n in range(N):
        one = slice(n, n + 1)
        product = np.eye(2 * H, dtype=c.dtype)
        for t in range(T):
            before = c[t - 1, one] if t > 0 else c_0[one]
            product = step_jacobian(c[t, one], before, gates[:, t, one], W_h)[0] @ product
        result[n] = product[:H, :H]
    return result


def forget_bias(b, value=1.0):
    H = b.size // 4
    new = np.empty_like(b)
    for k in range(b.size):
        new[k] = value if H <= k < 2 * H else b[k]
    return new
