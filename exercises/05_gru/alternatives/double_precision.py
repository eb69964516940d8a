"""The arithmetic in double precision whatever comes in; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def double(*arrays):
    return [array.astype(np.float64) for array in arrays]


def opened(a):
    return 1 / (1 + np.exp(-a))


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    x64, h64, U, V, b64, second = double(x, h_prev, W_x, W_h, b, b_hn)
    a, s = np.split(x64 @ U.T + b64, 3, axis=1), np.split(h64 @ V.T, 3, axis=1)
    r, z, q = opened(a[0] + s[0]), opened(a[1] + s[1]), s[2] + second
    n = np.tanh(a[2] + r * q)
    keep = z if z_keeps else 1 - z
    return (keep * h64 + (1 - keep) * n).astype(x.dtype), np.stack([r, z, n, q]).astype(x.dtype)


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    x64, h64, U, V, b64 = double(x, h_prev, W_x, W_h, b)
    a, V = np.split(x64 @ U.T + b64, 3, axis=1), np.split(V.T, 3, axis=1)
    r, z = opened(a[0] + h64 @ V[0]), opened(a[1] + h64 @ V[1])
    n = np.tanh(a[2] + (r * h64) @ V[2])
    keep = z if z_keeps else 1 - z
    return (keep * h64 + (1 - keep) * n).astype(x.dtype), np.stack([r, z, n]).astype(x.dtype)


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    dh64, x64, h64, U, V = double(dh, x, h_prev, W_x, W_h)
    r, z, n, q = double(*gates)
    keep, sign = (z, 1) if z_keeps else (1 - z, -1)
    da_n = dh64 * (1 - keep) * (1 - n) * (1 + n)
    da_r, da_z = da_n * q * r * (1 - r), sign * dh64 * (h64 - n) * z * (1 - z)
    da_x, da_h = np.concatenate([da_r, da_z, da_n], axis=1), np.concatenate([da_r, da_z, da_n * r], axis=1)
    found = da_x @ U, dh64 * keep + da_h @ V, da_x.T @ x64, da_h.T @ h64, da_x.sum(axis=0), (da_n * r).sum(axis=0)
    return tuple(array.astype(x.dtype) for array in found)
