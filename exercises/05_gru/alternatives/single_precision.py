"""The arithmetic in single precision; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def single(*arrays):
    return [array.astype(np.float32) for array in arrays]


def opened(a):
    return 1 / (1 + np.exp(-a))


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    x32, h32, U, V, b32, second = single(x, h_prev, W_x, W_h, b, b_hn)
    a, s = np.split(x32 @ U.T + b32, 3, axis=1), np.split(h32 @ V.T, 3, axis=1)
    r, z, q = opened(a[0] + s[0]), opened(a[1] + s[1]), s[2] + second
    n = np.tanh(a[2] + r * q)
    keep = z if z_keeps else 1 - z
    return (keep * h32 + (1 - keep) * n).astype(x.dtype), np.stack([r, z, n, q]).astype(x.dtype)


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    x32, h32, U, V, b32 = single(x, h_prev, W_x, W_h, b)
    a, V = np.split(x32 @ U.T + b32, 3, axis=1), np.split(V.T, 3, axis=1)
    r, z = opened(a[0] + h32 @ V[0]), opened(a[1] + h32 @ V[1])
    n = np.tanh(a[2] + (r * h32) @ V[2])
    keep = z if z_keeps else 1 - z
    return (keep * h32 + (1 - keep) * n).astype(x.dtype), np.stack([r, z, n]).astype(x.dtype)


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    dh32, x32, h32, U, V = single(dh, x, h_prev, W_x, W_h)
    r, z, n, q = single(*gates)
    keep, sign = (z, np.float32(1)) if z_keeps else (1 - z, np.float32(-1))
    da_n = dh32 * (1 - keep) * (1 - n) * (1 + n)
    da_r, da_z = da_n * q * r * (1 - r), sign * dh32 * (h32 - n) * z * (1 - z)
    da_x, da_h = np.concatenate([da_r, da_z, da_n], axis=1), np.concatenate([da_r, da_z, da_n * r], axis=1)
    found = da_x @ U, dh32 * keep + da_h @ V, da_x.T @ x32, da_h.T @ h32, da_x.sum(axis=0), (da_n * r).sum(axis=0)
    return tuple(array.astype(x.dtype) for array in found)
