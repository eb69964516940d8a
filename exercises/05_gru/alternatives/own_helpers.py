"""Helper functions that all of the answers share."""

import numpy as np


def sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def three(array):
    return np.split(array, 3, axis=-1)


def between(old, new, share):
    return share * old + (1 - share) * new


def share_kept(z, z_keeps):
    return z if z_keeps else 1 - z


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    (x_r, x_z, x_n), (h_r, h_z, h_n) = three(x @ W_x.T + b), three(h_prev @ W_h.T)
    r, z, q = sigmoid(x_r + h_r), sigmoid(x_z + h_z), h_n + b_hn
    n = np.tanh(x_n + r * q)
    return between(h_prev, n, share_kept(z, z_keeps)), np.stack((r, z, n, q))


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    (x_r, x_z, x_n), (W_r, W_z, W_n) = three(x @ W_x.T + b), three(W_h.T)
    r, z = sigmoid(x_r + h_prev @ W_r), sigmoid(x_z + h_prev @ W_z)
    n = np.tanh(x_n + (h_prev * r) @ W_n)
    return between(h_prev, n, share_kept(z, z_keeps)), np.stack((r, z, n))


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    r, z, n, q = gates
    keep = share_kept(z, z_keeps)
    d_keep, dn = dh * (h_prev - n), dh * (1 - keep)
    da_n = dn * (1 - n * n)
    da_z = (d_keep if z_keeps else -d_keep) * z * (1 - z)
    da_r, dq = da_n * q * r * (1 - r), da_n * r
    from_input, from_state = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, dq])
    ones = np.ones_like(dh[:, 0])
    weights = from_input.T @ x, from_state.T @ h_prev, ones @ from_input, ones @ dq
    return from_input @ W_x, dh * keep + from_state @ W_h, *weights


def from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh):
    is_candidate = np.arange(len(bias_ih)) >= 2 * weight_hh.shape[1]
    b = np.where(is_candidate, bias_ih, bias_ih + bias_hh)
    return np.copy(weight_ih), np.copy(weight_hh), b, bias_hh[is_candidate]
