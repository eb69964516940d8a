"""All gradients as one long vector; the product from its last factor to its first; norms filled in from the end."""

import numpy as np


def step_jacobian(h, W_h, activation="tanh"):
    slope = (1 - h) * (1 + h)
    if activation == "relu":
        slope = np.heaviside(h, np.zeros_like(h))
    return np.expand_dims(slope, -1) * W_h[None]


def span_jacobian(h, W_h, activation="tanh"):
    product = np.broadcast_to(np.eye(h.shape[2], dtype=h.dtype), (h.shape[1], h.shape[2], h.shape[2]))
    for h_t in reversed(h):
        product = product @ step_jacobian(h_t, W_h, activation)
    return product


def singular_values(J):
    return np.linalg.svd(np.swapaxes(J, -1, -2), full_matrices=False)[1]


def spectral_radius(J):
    values, _ = np.linalg.eig(J)
    return max(abs(values))


def gradient_norm_by_lag(dh_T, h, W_h):
    T, N, H = h.shape
    dh = np.zeros((T + 1, N, H), dtype=h.dtype)
    dh[T] = dh_T
    for t in reversed(range(T)):
        dh[t] = (dh[t + 1] * (1 - h[t] ** 2)) @ W_h
    return np.linalg.norm(dh, axis=-1)[::-1]


def clip_by_value(gradients, limit):
    return dict(zip(gradients, [np.maximum(np.minimum(g, limit), -limit) for g in gradients.values()], strict=True))


def global_norm(gradients):
    return np.linalg.norm(np.concatenate([g.ravel().astype(float) for g in gradients.values()]))


def clip_by_global_norm(gradients, limit):
    norm = global_norm(gradients)
    if norm <= limit:
        return {name: g.copy() for name, g in gradients.items()}, norm
    return {name: (g / norm * limit).astype(g.dtype) for name, g in gradients.items()}, norm
