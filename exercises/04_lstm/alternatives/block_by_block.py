"""Each gate by itself, from its own block of the weights; lists of what each step gave."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def gates(x, h_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    result = []
    for number in range(4):
        block = slice(number * H, (number + 1) * H)
        a = np.dot(x, W_x[block].T) + np.dot(h_prev, W_h[block].T) + b[block]
        result.append(np.tanh(a) if number == 3 else 1 / (1 + np.exp(-a)))
    return np.array(result)


def step(x, h_prev, c_prev, W_x, W_h, b):
    opened = gates(x, h_prev, W_x, W_h, b)
    c = opened[1] * c_prev + opened[0] * opened[3]
    return np.tanh(c) * opened[2], c, opened


def forward(x, h_0, c_0, W_x, W_h, b):
    h, c, opened = [h_0], [c_0], []
    for x_t in x:
        h_t, c_t, opened_t = step(x_t, h[-1], c[-1], W_x, W_h, b)
        h.append(h_t)
        c.append(c_t)
        opened.append(opened_t)
    return np.stack(h[1:]), np.stack(c[1:]), np.stack(opened, axis=1)


def step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    squashed = np.tanh(c)
    total = dc + dh * o - dh * o * squashed * squashed
    parts = [
        total * g * (i - i * i),
        total * c_prev * (f - f * f),
        dh * squashed * (o - o * o),
        total * i * (1 - g) * (1 + g),
    ]
    H = c.shape[1]
    dx, dh_prev, rows_x, rows_h, rows_b = 0, 0, [], [], []
    for number, da in enumerate(parts):
        block = slice(number * H, (number + 1) * H)
        dx, dh_prev = dx + da @ W_x[block], dh_prev + da @ W_h[block]
        rows_x.append(da.T @ x)
        rows_h.append(da.T @ h_prev)
        rows_b.append(da.sum(axis=0))
    return [dx, dh_prev, total * f, np.concatenate(rows_x), np.concatenate(rows_h), np.concatenate(rows_b)]


def backward(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    dh_next, dc_next, steps = 0, dc_T, []
    for t in range(len(x) - 1, -1, -1):
        if t == 0:
            h_prev, c_prev = h_0, c_0
        else:
            h_prev, c_prev = h[t - 1], c[t - 1]
        found = step_backward(dh[t] + dh_next, dc_next, x[t], h_prev, c_prev, c[t], gates[:, t], W_x, W_h)
        dh_next, dc_next = found[1], found[2]
        steps.insert(0, found)
    return np.stack([one[0] for one in steps]), dh_next, dc_next, *(sum(one[k] for one in steps) for k in (3, 4, 5))


def direct_path(f):
    left = np.ones_like(f, shape=f.shape[1:])
    for gate in f:
        left = left * gate
    return left


def full_derivative(c_0, c, gates, W_h):
    H = c_0.shape[1]
    before = np.concatenate([c_0[None], c])
    product = step_jacobian(c[0], c_0, gates[:, 0], W_h)
    for t in range(1, len(c)):
        product = np.matmul(step_jacobian(c[t], before[t], gates[:, t], W_h), product)
    return product[:, :H, :H]


def forget_bias(b, value=1.0):
    i, _, o, g = np.split(b, 4)
    return np.concatenate([i, np.full_like(i, value), o, g])
