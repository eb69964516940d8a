"""The arithmetic in double precision, whatever the inputs are; arrays that are returned have their dtype, as the text asks."""

import numpy as np


def step_backward(dh, x, h_prev, h, W_x, W_h):
    dh64, x64, p64, h64, W_x64, W_h64 = (a.astype(np.float64) for a in (dh, x, h_prev, h, W_x, W_h))
    da = dh64 * (1 - h64) * (1 + h64)
    found = da @ W_x64, da @ W_h64, da.T @ x64, da.T @ p64, da.sum(axis=0)
    return tuple(a.astype(x.dtype) for a in found)


def embed_backward(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]))
    for t in range(ids.shape[0]):
        for n in range(ids.shape[1]):
            dW_e[ids[t, n]] += dx[t, n]
    return dW_e.astype(dx.dtype)


def relative_error(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = np.abs(np.stack([a, b])).max()
    return np.max(np.abs(a - b)) / scale if scale else 0


def truncation_error(truncated, full):
    lost, whole = (np.linalg.norm(a.astype(np.float64)) for a in (truncated - full, full))
    return lost / whole if whole else float(lost > 0)
