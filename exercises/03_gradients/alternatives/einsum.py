"""Every product as an einsum; singular values as eigenvalues of a symmetric matrix of twice the size."""

import numpy as np


def step_jacobian(h, W_h, activation="tanh"):
    slope = {"tanh": 1 - np.square(h), "relu": np.where(h > 0, 1, 0).astype(h.dtype)}[activation]
    return np.einsum("ni,ij->nij", slope, W_h)


def span_jacobian(h, W_h, activation="tanh"):
    product = step_jacobian(h[0], W_h, activation)
    for h_t in h[1:]:
        product = np.einsum("nij,njk->nik", step_jacobian(h_t, W_h, activation), product)
    return product


def singular_values(J):
    H = J.shape[-1]
    both = np.zeros((*J.shape[:-2], 2 * H, 2 * H), dtype=J.dtype)
    both[..., :H, H:], both[..., H:, :H] = J, np.einsum("...ij->...ji", J)
    return np.linalg.eigvalsh(both)[..., : H - 1 : -1]


def spectral_radius(J):
    values = np.linalg.eigvals(J)
    return np.max(np.hypot(values.real, values.imag))


def gradient_norm_by_lag(dh_T, h, W_h):
    gradients = [dh_T]
    for t in range(len(h) - 1, -1, -1):
        gradients.append(np.einsum("ni,nij->nj", gradients[-1], step_jacobian(h[t], W_h)))
    found = np.array(gradients)
    return np.sqrt(np.einsum("tnh,tnh->tn", found, found))


def global_norm(gradients):
    wide = [gradient.astype(np.float64).ravel() for gradient in gradients.values()]
    return np.sqrt(sum(np.einsum("i,i->", one, one) for one in wide))


def clip_by_global_norm(gradients, limit):
    norm = global_norm(gradients)
    scale = float(limit / max(norm, limit))
    return {name: np.einsum(",...->...", scale, g).astype(g.dtype) for name, g in gradients.items()}, norm
