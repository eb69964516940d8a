"""The arithmetic in double precision, whatever comes in; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def double(*arrays):
    return [array.astype(np.float64) for array in arrays]


def gates(x, h_prev, W_x, W_h, b):
    x64, h64, U, V, b64 = double(x, h_prev, W_x, W_h, b)
    a = np.stack(np.split(x64 @ U.T + h64 @ V.T + b64, 4, axis=1))
    is_candidate = np.arange(4).reshape(4, 1, 1) == 3
    return np.where(is_candidate, np.tanh(a), 1 / (1 + np.exp(-a))).astype(x.dtype)


def step(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = opened = gates(*double(x, h_prev, W_x, W_h, b))
    c = f * c_prev + i * g
    return (o * np.tanh(c)).astype(x.dtype), c.astype(x.dtype), opened.astype(x.dtype)


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    dh64, dc64, x64, h64, old, new, U, V = double(dh, dc, x, h_prev, c_prev, c, W_x, W_h)
    i, f, o, g = double(*gates)
    shown = np.tanh(new)
    dc64 = dc64 + dh64 * o * (1 - shown) * (1 + shown)
    da = [dc64 * g * i * (1 - i), dc64 * old * f * (1 - f), dh64 * shown * o * (1 - o), dc64 * i * (1 - g * g)]
    da = np.concatenate(da, axis=1)
    found = da @ U, da @ V, dc64 * f, da.T @ x64, da.T @ h64, da.sum(axis=0)
    return tuple(array.astype(x.dtype) for array in found)


def direct_path(f):
    return np.prod(f, axis=0, dtype=np.float64).astype(f.dtype)


def forget_bias(b, value=1.0):
    H = len(b) // 4
    return np.concatenate([b[:H], np.full(H, value, dtype=b.dtype), b[2 * H :]])
