"""Loops over the sequences and numbers, with diagonal matrices as one would write them by hand."""

import math

import numpy as np


def step_jacobian(h, W_h, activation="tanh"):
    N, H = h.shape
    J = np.zeros((N, H, H), dtype=h.dtype)
    for n in range(N):
        for i in range(H):
            on = 1 if h[n, i] > 0 else 0
            slope = 1 - h[n, i] * h[n, i] if activation == "tanh" else on
            for j in range(H):
                J[n, i, j] = slope * W_h[i, j]
    return J


def span_jacobian(h, W_h, activation="tanh"):
    T, N, H = h.shape
    products = []
    for n in range(N):
        product = np.eye(H, dtype=h.dtype)
        for t in range(T):
            J = step_jacobian(h[t, n : n + 1], W_h, activation)[0]
            product = J.dot(product)
        products.append(product)
    return np.array(products)


def singular_values(J):
    if J.ndim > 2:
        return np.array([singular_values(one) for one in J])
    _, sigma, _ = np.linalg.svd(J)
    return sigma


def spectral_radius(J):
    largest = 0.0
    for eigenvalue in np.linalg.eigvals(J):
        largest = max(largest, math.hypot(eigenvalue.real, eigenvalue.imag))
    return largest


def gradient_norm_by_lag(dh_T, h, W_h):
    T, N, _ = h.shape
    norms = np.zeros((T + 1, N), dtype=dh_T.dtype)
    for n in range(N):
        dh = dh_T[n]
        for k in range(T + 1):
            norms[k, n] = math.sqrt(sum(float(value) ** 2 for value in dh))
            if k < T:
                dh = W_h.T @ (np.diag(1 - h[T - 1 - k, n] ** 2) @ dh)
    return norms


def clip_by_value(gradients, limit):
    clipped = {}
    for name in gradients:
        new = gradients[name].copy()
        for place in np.ndindex(new.shape):
            if new[place] > limit:
                new[place] = limit
            elif new[place] < -limit:
                new[place] = -limit
        clipped[name] = new
    return clipped


def global_norm(gradients):
    total = 0.0
    for gradient in gradients.values():
        for number in gradient.ravel().tolist():
            total += number**2
    return math.sqrt(total)


def clip_by_global_norm(gradients, limit):
    norm = global_norm(gradients)
    clipped = {}
    for name, gradient in gradients.items():
        if norm > limit:
            clipped[name] = gradient * (limit / norm)
        else:
            clipped[name] = gradient.copy()
    return clipped, norm
