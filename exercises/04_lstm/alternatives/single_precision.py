"""The arithmetic in single precision; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def single(*arrays):
    return [array.astype(np.float32) for array in arrays]


def gates(x, h_prev, W_x, W_h, b):
    x32, h32, U, V, b32 = single(x, h_prev, W_x, W_h, b)
    a = np.stack(np.split(x32 @ U.T + h32 @ V.T + b32, 4, axis=1))
    is_candidate = np.arange(4).reshape(4, 1, 1) == 3
    return np.where(is_candidate, np.tanh(a), 1 / (1 + np.exp(-a))).astype(x.dtype)


def step(x, h_prev, c_prev, W_x, W_h, b):
    opened = gates(x, h_prev, W_x, W_h, b)
    i, f, o, g, c_prev = single(*opened, c_prev)
    c = f * c_prev + i * g
    return (o * np.tanh(c)).astype(x.dtype), c.astype(x.dtype), opened


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    dh32, dc32, x32, h32, old, new, U, V = single(dh, dc, x, h_prev, c_prev, c, W_x, W_h)
    i, f, o, g = single(*gates)
    shown = np.tanh(new)
    dc32 = dc32 + dh32 * o * (1 - shown) * (1 + shown)
    da = [dc32 * g * i * (1 - i), dc32 * old * f * (1 - f), dh32 * shown * o * (1 - o), dc32 * i * (1 - g * g)]
    da = np.concatenate(da, axis=1)
    found = da @ U, da @ V, dc32 * f, da.T @ x32, da.T @ h32, da.sum(axis=0)
    return tuple(array.astype(x.dtype) for array in found)


def direct_path(f):
    return np.prod(f, axis=0, dtype=np.float32).astype(f.dtype)


def forget_bias(b, value=1.0):
    H = len(b) // 4
    return np.concatenate([b[:H], np.full(H, value, dtype=b.dtype), b[2 * H :]])
