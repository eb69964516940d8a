"""Loops over the sequences, with outer products as one would write them by hand; results filled in place."""

import numpy as np


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    N, H = h_prev.shape
    h, made = np.empty_like(h_prev), np.empty((4, N, H), dtype=h_prev.dtype)
    for k in range(N):
        a, s = W_x @ x[k] + b, W_h @ h_prev[k]
        r = 1 / (1 + np.exp(-a[:H] - s[:H]))
        z = 1 / (1 + np.exp(-a[H : 2 * H] - s[H : 2 * H]))
        q = s[2 * H :] + b_hn
        n = np.tanh(a[2 * H :] + r * q)
        for j in range(H):
            old, new = (z[j], 1 - z[j]) if z_keeps else (1 - z[j], z[j])
            h[k, j] = old * h_prev[k, j] + new * n[j]
        made[:, k] = r, z, n, q
    return h, made


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    N, H = h_prev.shape
    h, made = np.empty_like(h_prev), np.empty((3, N, H), dtype=h_prev.dtype)
    for k in range(N):
        a = W_x @ x[k] + b
        r, z = (1 / (1 + np.exp(-a[: 2 * H] - W_h[: 2 * H] @ h_prev[k]))).reshape(2, H)
        n = np.tanh(a[2 * H :] + W_h[2 * H :] @ (r * h_prev[k]))
        h[k] = z * h_prev[k] + (1 - z) * n if z_keeps else (1 - z) * h_prev[k] + z * n
        made[:, k] = r, z, n
    return h, made


def forward(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    T, (N, H) = len(x), h_0.shape
    h, made = np.zeros((T, N, H), dtype=x.dtype), np.zeros((4, T, N, H), dtype=x.dtype)
    t = 0
    while t < T:
        h[t], made[:, t] = step(x[t], h_0 if t == 0 else h[t - 1], W_x, W_h, b, b_hn, z_keeps)
        t += 1
    return h, made


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    N = len(x)
    dx, dh_prev, dW_x, dW_h = np.zeros_like(x), np.zeros_like(h_prev), np.zeros_like(W_x), np.zeros_like(W_h)
    db, db_hn = np.zeros_like(W_x[:, 0]), np.zeros_like(h_prev[0])
    for k in range(N):
        r, z, n, q = gates[:, k]
        keep, slope = (z, z * (1 - z)) if z_keeps else (1 - z, -z * (1 - z))
        da_n = dh[k] * (1 - keep) * (1 - n**2)
        da_z = dh[k] * (h_prev[k] - n) * slope
        da_r = da_n * q * r * (1 - r)
        by_input, by_state = np.concatenate([da_r, da_z, da_n]), np.concatenate([da_r, da_z, da_n * r])
        dx[k] = W_x.T @ by_input
        dh_prev[k] = dh[k] * keep + W_h.T @ by_state
        dW_x += np.outer(by_input, x[k])
        dW_h += np.outer(by_state, h_prev[k])
        db += by_input
        db_hn += da_n * r
    return dx, dh_prev, dW_x, dW_h, db, db_hn


def from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh):
    H = len(bias_ih) // 3
    b, b_hn = np.zeros_like(bias_ih), np.zeros_like(bias_ih[:H])
    for j in range(3 * H):
        b[j] = bias_ih[j] + bias_hh[j] if j < 2 * H else bias_ih[j]
    for j in range(H):
        b_hn[j] = bias_hh[2 * H + j]
    return np.array(weight_ih), np.array(weight_hh), b, b_hn
