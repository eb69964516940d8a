"""The input's part of the sums for all steps at once; one product with both the input and the old state."""

import numpy as np


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    H = h_prev.shape[1]
    both = np.hstack([x, h_prev]) @ np.hstack([W_x, W_h])[: 2 * H].T + b[: 2 * H]
    opened = 1 / (1 + np.exp(-both))
    r, z = opened[:, :H], opened[:, H:]
    q = h_prev @ W_h[2 * H :].T + b_hn
    n = np.tanh(x @ W_x[2 * H :].T + b[2 * H :] + r * q)
    return np.where(z_keeps, z * h_prev + (1 - z) * n, (1 - z) * h_prev + z * n), np.stack([r, z, n, q])


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    H = h_prev.shape[1]
    W = np.hstack([W_x, W_h])
    opened = 1 / (1 + np.exp(-(np.hstack([x, h_prev]) @ W[: 2 * H].T + b[: 2 * H])))
    r, z = np.split(opened, 2, axis=1)
    n = np.tanh(np.hstack([x, r * h_prev]) @ W[2 * H :].T + b[2 * H :])
    return np.where(z_keeps, z * h_prev + (1 - z) * n, (1 - z) * h_prev + z * n), np.stack([r, z, n])


def forward(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    from_input = x @ W_x.T + b
    h, found = h_0, []
    for a in from_input:
        a_r, a_z, a_n = np.split(a, 3, axis=-1)
        s_r, s_z, q = np.split(h @ W_h.T, 3, axis=-1)
        r, z, q = 1 / (1 + np.exp(-a_r - s_r)), 1 / (1 + np.exp(-a_z - s_z)), q + b_hn
        n = np.tanh(a_n + r * q)
        h = z * h + (1 - z) * n if z_keeps else (1 - z) * h + z * n
        found.append([h, r, z, n, q])
    found = np.moveaxis(np.array(found), 1, 0)
    return found[0], found[1:]


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    r, z, n, q = gates
    old, new = (z, 1 - z) if z_keeps else (1 - z, z)
    da_n = dh * new * (1 - n**2)
    da_z = dh * (h_prev - n) * old * new * (1 if z_keeps else -1)
    da_r = da_n * q * r * (1 - r)
    # four blocks, the third for the input alone, the fourth for the state alone
    da = np.hstack([da_r, da_z, da_n, da_n * r])
    H, D = h_prev.shape[1], x.shape[1]
    for_input, for_state = np.arange(3 * H), np.r_[0 : 2 * H, 3 * H : 4 * H]
    weights = da.T @ np.hstack([x, h_prev])
    dx, dh_prev = da[:, for_input] @ W_x, da[:, for_state] @ W_h + old * dh
    db = da.sum(axis=0)
    return dx, dh_prev, weights[for_input, :D], weights[for_state, D:], db[: 3 * H], db[3 * H :]


def from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh):
    b = bias_ih + bias_hh
    b_hn = bias_hh[-len(b) // 3 :].copy()
    b[-len(b) // 3 :] = bias_ih[-len(b) // 3 :]
    return np.array(weight_ih), np.array(weight_hh), b, b_hn
