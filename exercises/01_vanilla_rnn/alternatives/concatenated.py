"""One product of the state and the input side by side, and no call of step in forward."""

import numpy as np


def step(x, h_prev, W_x, W_h, b):
    return np.tanh(np.hstack([h_prev, x]) @ np.hstack([W_h, W_x]).T + b)


def forward(x, h_0, W_x, W_h, b):
    T, N, _ = x.shape
    from_inputs = x.reshape(T * N, -1) @ W_x.T + b
    h = np.empty((T + 1, N, len(b)), dtype=h_0.dtype)
    h[0] = h_0
    for t, row in enumerate(from_inputs.reshape(T, N, -1)):
        np.tanh(row + h[t] @ W_h.T, out=h[t + 1])
    return h[1:]


def embed(ids, W_e):
    return (np.arange(len(W_e)) == ids[..., None]).astype(W_e.dtype) @ W_e


def cross_entropy(y, targets, mask=None):
    y = y.reshape(-1, y.shape[-1])
    t = targets.ravel()
    largest = y.max(axis=1)
    losses = np.log(np.exp(y - largest[:, None]).sum(axis=1)) + largest - y[np.arange(len(t)), t]
    return losses.sum(where=True if mask is None else mask.ravel())
