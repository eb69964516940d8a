"""The arithmetic in double precision, whatever comes in; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def double(*arrays):
    return [array.astype(np.float64) for array in arrays]


def step_jacobian(h, W_h, activation="tanh"):
    h64, W64 = double(h, W_h)
    slope = 1 - h64**2 if activation == "tanh" else (h64 > 0).astype(np.float64)
    return (slope[..., np.newaxis] * W64).astype(h.dtype)


def span_jacobian(h, W_h, activation="tanh"):
    h64, W64 = double(h, W_h)
    products = np.stack([np.eye(len(W64))] * h.shape[1])
    for state in h64:
        products = step_jacobian(state, W64, activation) @ products
    return products.astype(h.dtype)


def singular_values(J):
    (J64,) = double(J)
    return np.linalg.svd(J64, compute_uv=False).astype(J.dtype)


def spectral_radius(J):
    return np.abs(np.linalg.eigvals(J.astype(np.float64).T)).max()


def gradient_norm_by_lag(dh_T, h, W_h):
    dh, h64, W64 = double(dh_T, h, W_h)
    norms = [np.linalg.norm(dh, axis=1)]
    for t in range(1, len(h) + 1):
        dh = (dh - dh * h64[-t] ** 2) @ W64
        norms.append(np.linalg.norm(dh, axis=1))
    return np.vstack(norms).astype(dh_T.dtype)


def clip_by_value(gradients, limit):
    return {name: g.astype(np.float64).clip(-limit, limit).astype(g.dtype) for name, g in gradients.items()}


def global_norm(gradients):
    largest = max(float(np.abs(g).max()) for g in gradients.values()) or 1.0
    return largest * float(np.sqrt(sum(((g.astype(np.float64) / largest) ** 2).sum() for g in gradients.values())))


def clip_by_global_norm(gradients, limit):
    norm = global_norm(gradients)
    scale = limit / norm if norm > limit else 1
    return {name: (g.astype(np.float64) * scale).astype(g.dtype) for name, g in gradients.items()}, norm
