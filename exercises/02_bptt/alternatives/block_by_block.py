"""Truncated backpropagation as full backpropagation of each block by itself; lists of what each step gave."""

import numpy as np


def step_backward(dh, x, h_prev, h, W_x, W_h):
    da_T = np.transpose(dh * (1 - h**2))
    return [(W_x.T @ da_T).T, (W_h.T @ da_T).T, np.dot(da_T, x), np.dot(da_T, h_prev), da_T.sum(axis=1)]


def backward(dh, x, h_0, h, W_x, W_h):
    steps, dh_next = [], np.zeros_like(h_0)
    for t in reversed(range(len(x))):
        if t == 0:
            found = step_backward(dh[0] + dh_next, x[0], h_0, h[0], W_x, W_h)
        else:
            found = step_backward(dh[t] + dh_next, x[t], h[t - 1], h[t], W_x, W_h)
        steps.insert(0, found)
        dh_next = found[1]
    dx, handed, dW_x, dW_h, db = zip(*steps, strict=True)
    return np.stack(dx), handed[0], sum(dW_x), sum(dW_h), sum(db)


def embed_backward(dx, ids, vocabulary_size):
    dW_e = np.zeros_like(dx, shape=(vocabulary_size, dx.shape[-1]))
    for word, gradient in zip(ids.flat, dx.reshape(ids.size, -1), strict=True):
        dW_e[word] += gradient
    return dW_e


def numerical_gradient(function, array, step=1e-5):
    gradient = []
    for place in range(array.size):
        values = []
        for sign in (1, -1):
            moved = array.copy()
            moved.reshape(-1)[place] += sign * step
            values.append(function(moved))
        gradient.append((values[0] - values[1]) / step / 2)
    return np.reshape(gradient, array.shape)


def truncated_backward(dh, x, h_0, h, W_x, W_h, k):
    found, state = [], h_0
    for start in range(0, len(x), k):
        block = slice(start, start + k)
        found.append(backward(dh[block], x[block], state, h[block], W_x, W_h))
        state = h[block][-1]
    dx = np.concatenate([one[0] for one in found])
    return [dx, found[0][1], *(sum(one[place] for one in found) for place in (2, 3, 4))]


def truncation_error(truncated, full):
    if not np.any(full):
        return int(np.any(truncated))
    return np.linalg.norm((truncated - full).ravel()) / np.linalg.norm(full.ravel())
