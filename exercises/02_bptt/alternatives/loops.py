"""Loops over the sequences, with outer products as one would write them by hand; results filled in place."""

import math

import numpy as np


def step_backward(dh, x, h_prev, h, W_x, W_h):
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(h[0])
    for n in range(len(x)):
        da = dh[n] * (1 - h[n] * h[n])
        dx[n] = W_x.T @ da
        dh_prev[n] = W_h.T @ da
        dW_x += np.outer(da, x[n])
        dW_h += np.outer(da, h_prev[n])
        db += da
    return dx, dh_prev, dW_x, dW_h, db


def backward(dh, x, h_0, h, W_x, W_h):
    T = len(x)
    dx = np.zeros_like(x)
    dh_next = np.zeros_like(h_0)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(h[0, 0])
    t = T - 1
    while t >= 0:
        before = h_0 if t == 0 else h[t - 1]
        dx[t], dh_next, one, two, three = step_backward(dh[t] + dh_next, x[t], before, h[t], W_x, W_h)
        dW_x += one
        dW_h += two
        db += three
        t -= 1
    return dx, dh_next, dW_x, dW_h, db


def embed_backward(dx, ids, vocabulary_size):
    T, N, D = dx.shape
    dW_e = np.zeros((vocabulary_size, D), dtype=dx.dtype)
    for t in range(T):
        for n in range(N):
            for d in range(D):
                dW_e[ids[t, n], d] += dx[t, n, d]
    return dW_e


def relative_error(a, b):
    difference, scale = 0.0, 0.0
    for p, q in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True):
        difference, scale = max(difference, abs(p - q)), max(scale, abs(p), abs(q))
    return difference / scale if scale > 0 else 0.0


def truncated_backward(dh, x, h_0, h, W_x, W_h, k):
    T = len(x)
    dx = np.zeros_like(x)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros_like(h[0, 0])
    for first in range(0, T, k):
        dh_next = np.zeros_like(h_0)
        for t in range(min(first + k, T) - 1, first - 1, -1):
            before = h_0 if t == 0 else h[t - 1]
            dx[t], dh_next, one, two, three = step_backward(dh[t] + dh_next, x[t], before, h[t], W_x, W_h)
            dW_x += one
            dW_h += two
            db += three
        if first == 0:
            dh_0 = dh_next
    return dx, dh_0, dW_x, dW_h, db


def truncation_error(truncated, full):
    lost = math.sqrt(sum(value**2 for value in (truncated - full).ravel().tolist()))
    whole = math.sqrt(sum(value**2 for value in full.ravel().tolist()))
    if whole > 0:
        return lost / whole
    return 1.0 if lost > 0 else 0.0
