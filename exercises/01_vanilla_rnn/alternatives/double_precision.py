"""The arithmetic in double precision, whatever the inputs are; an array that is returned has their dtype, as the text asks."""

import numpy as np


def step(x, h_prev, W_x, W_h, b):
    x64, h64, W_x64, W_h64, b64 = (a.astype(np.float64) for a in (x, h_prev, W_x, W_h, b))
    return np.tanh(x64 @ W_x64.T + h64 @ W_h64.T + b64).astype(x.dtype)


def affine(h, W_y, b_y):
    return (h.astype(np.float64) @ W_y.T.astype(np.float64) + b_y.astype(np.float64)).astype(h.dtype)


def cross_entropy(y, targets, mask=None):
    y = y.astype(np.float64)
    log_sum = np.logaddexp.reduce(y, axis=-1)
    losses = log_sum - np.take_along_axis(y, targets[..., None], axis=-1)[..., 0]
    return losses.sum() if mask is None else losses[mask].sum()
