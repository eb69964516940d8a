"""The input's part of the sums for all steps at once; backwards, the weights' gradients as one product over all steps."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def gates(x, h_prev, W_x, W_h, b):
    a = np.hstack([x, h_prev]) @ np.hstack([W_x, W_h]).T + b
    i, f, o, g = np.split(a, 4, axis=1)
    return np.stack([sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)])


def forward(x, h_0, c_0, W_x, W_h, b):
    from_input = x @ W_x.T + b
    h, c, found = h_0, c_0, []
    for a in from_input:
        parts = np.split(a + h @ W_h.T, 4, axis=-1)
        i, f, o = (sigmoid(part) for part in parts[:3])
        g = np.tanh(parts[3])
        c = f * c + i * g
        h = o * np.tanh(c)
        found.append([h, c, i, f, o, g])
    found = np.moveaxis(np.array(found), 1, 0)
    return found[0], found[1], found[2:]


def sums_of(dh, dc, c_prev, c, gates):
    i, f, o, g = gates
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    da = [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)]
    return np.hstack(da), dc * f


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    da, dc_prev = sums_of(dh, dc, c_prev, c, gates)
    D = x.shape[1]
    both, weights = da @ np.hstack([W_x, W_h]), da.T @ np.hstack([x, h_prev])
    return both[:, :D], both[:, D:], dc_prev, weights[:, :D], weights[:, D:], np.ones_like(da[:, 0]) @ da


def backward(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    before_h, before_c = np.concatenate([h_0[None], h[:-1]]), np.concatenate([c_0[None], c[:-1]])
    da, dh_next, dc_next = [], np.zeros_like(h_0), dc_T
    for t in range(len(x))[::-1]:
        one, dc_next = sums_of(dh[t] + dh_next, dc_next, before_c[t], c[t], gates[:, t])
        dh_next = one @ W_h
        da.append(one)
    da = np.stack(da[::-1])
    dW_x, dW_h = (np.tensordot(da, other, ([0, 1], [0, 1])) for other in (x, before_h))
    return da @ W_x, dh_next, dc_next, dW_x, dW_h, da.sum(axis=(0, 1))


def direct_path(f):
    return np.cumprod(f, axis=0)[-1]


def full_derivative(c_0, c, gates, W_h):
    before = np.concatenate([c_0[None], c[:-1]])
    J = np.stack([step_jacobian(c[t], before[t], gates[:, t], W_h) for t in range(len(c))])
    while len(J) > 1:
        pairs = J[1::2] @ J[: len(J) // 2 * 2 : 2]
        J = np.concatenate([pairs, J[-1:]]) if len(J) % 2 else pairs
    H = c_0.shape[1]
    return J[0, :, :H, :H]


def forget_bias(b, value=1.0):
    number = np.arange(len(b)) // (len(b) // 4)
    return np.where(number == 1, b.dtype.type(value), b)
