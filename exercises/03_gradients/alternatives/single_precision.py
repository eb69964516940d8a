"""The arithmetic in single precision; the results have the dtype of the inputs, as the text asks."""

import numpy as np


def step_jacobian(h, W_h, activation="tanh"):
    h32, W32 = h.astype(np.float32), W_h.astype(np.float32)
    slope = 1 - h32**2 if activation == "tanh" else (h32 > 0).astype(np.float32)
    return (slope[..., np.newaxis] * W32).astype(h.dtype)


def singular_values(J):
    return np.linalg.svd(J.astype(np.float32), compute_uv=False).astype(J.dtype)


def spectral_radius(J):
    return np.abs(np.linalg.eigvals(J.astype(np.float32))).max()


def gradient_norm_by_lag(dh_T, h, W_h):
    dh, h32, W32 = dh_T.astype(np.float32), h.astype(np.float32), W_h.astype(np.float32)
    norms = [np.linalg.norm(dh, axis=1)]
    for t in range(1, len(h) + 1):
        dh = (dh - dh * h32[-t] ** 2) @ W32
        norms.append(np.linalg.norm(dh, axis=1))
    return np.vstack(norms).astype(dh_T.dtype)


def clip_by_value(gradients, limit):
    return {name: g.astype(np.float32).clip(-limit, limit).astype(g.dtype) for name, g in gradients.items()}


def global_norm(gradients):
    largest = max(float(np.abs(g).max()) for g in gradients.values()) or 1.0
    shrunk = [(g / largest).astype(np.float32) for g in gradients.values()]
    return largest * float(np.sqrt(sum(np.sum(g * g) for g in shrunk)))


def clip_by_global_norm(gradients, limit):
    norm = global_norm(gradients)
    scale = np.float32(limit / norm if norm > limit else 1)
    return {name: (g.astype(np.float32) * scale).astype(g.dtype) for name, g in gradients.items()}, norm
