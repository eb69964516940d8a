"""Plain loops over every index, as one would write the sums by hand; results filled in place."""

import math

import numpy as np


def step(x, h_prev, W_x, W_h, b):
    N, D = x.shape
    H = len(b)
    h = np.zeros((N, H), dtype=x.dtype)
    for n in range(N):
        for i in range(H):
            total = float(b[i])
            for d in range(D):
                total += float(W_x[i, d]) * float(x[n, d])
            for j in range(H):
                total += float(W_h[i, j]) * float(h_prev[n, j])
            h[n, i] = math.tanh(total)
    return h


def forward(x, h_0, W_x, W_h, b):
    h = np.zeros((x.shape[0], x.shape[1], len(b)), dtype=x.dtype)
    for t in range(x.shape[0]):
        h[t] = step(x[t], h_0 if t == 0 else h[t - 1], W_x, W_h, b)
    return h


def embed(ids, W_e):
    rows = [[W_e[i] for i in row] for row in ids]
    return np.array(rows, dtype=W_e.dtype)


def affine(h, W_y, b_y):
    return np.stack([h_t @ W_y.T + b_y for h_t in h])


def cross_entropy(y, targets, mask=None):
    total = 0.0
    T, N, V = y.shape
    for t in range(T):
        for n in range(N):
            if mask is not None and not mask[t, n]:
                continue
            largest = max(float(value) for value in y[t, n])
            normaliser = sum(math.exp(float(y[t, n, v]) - largest) for v in range(V))
            total += math.log(normaliser) + largest - float(y[t, n, targets[t, n]])
    return total


def perplexity(y, targets, mask=None):
    count = 0
    for t in range(len(targets)):
        for n in range(len(targets[t])):
            count += 1 if mask is None else int(mask[t, n])
    return math.exp(cross_entropy(y, targets, mask) / count)
