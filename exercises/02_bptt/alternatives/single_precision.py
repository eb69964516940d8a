"""The arithmetic in single precision; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def step_backward(dh, x, h_prev, h, W_x, W_h):
    dh32, x32, p32, h32, W_x32, W_h32 = (a.astype(np.float32) for a in (dh, x, h_prev, h, W_x, W_h))
    da = dh32 * (1 - h32) * (1 + h32)
    found = da @ W_x32, da @ W_h32, da.T @ x32, da.T @ p32, da.sum(axis=0)
    return tuple(a.astype(x.dtype) for a in found)


def embed_backward(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=np.float32)
    for t in range(ids.shape[0]):
        for n in range(ids.shape[1]):
            dW_e[ids[t, n]] += dx[t, n]
    return dW_e.astype(dx.dtype)


def relative_error(a, b):
    a, b = a.astype(np.float32), b.astype(np.float32)
    scale = np.abs(np.stack([a, b])).max()
    return np.max(np.abs(a - b)) / scale if scale else 0


def truncation_error(truncated, full):
    lost, whole = (np.linalg.norm(a.astype(np.float32)) for a in (truncated - full, full))
    return lost / whole if whole else float(lost > 0)
