"""Each gate by itself, from its own block of the weights; lists of what each step gave."""

import numpy as np


def step(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    H = h_prev.shape[1]
    R, Z, C = slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)
    r = 1 / (1 + np.exp(-(x @ W_x[R].T + h_prev @ W_h[R].T + b[R])))
    z = 1 / (1 + np.exp(-(x @ W_x[Z].T + h_prev @ W_h[Z].T + b[Z])))
    q = h_prev @ W_h[C].T + b_hn
    n = np.tanh(x @ W_x[C].T + b[C] + r * q)
    h = n + z * (h_prev - n) if z_keeps else h_prev + z * (n - h_prev)
    return h, np.array([r, z, n, q])


def step_reset_before(x, h_prev, W_x, W_h, b, z_keeps=True):
    H = h_prev.shape[1]
    opened = []
    for number in range(3):
        block = slice(number * H, (number + 1) * H)
        state = opened[0] * h_prev if number == 2 else h_prev
        a = x @ W_x[block].T + state @ W_h[block].T + b[block]
        opened.append(np.tanh(a) if number == 2 else 1 / (1 + np.exp(-a)))
    _, z, n = opened
    if z_keeps:
        return z * h_prev + (1 - z) * n, np.array(opened)
    return (1 - z) * h_prev + z * n, np.array(opened)


def forward(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, made = [h_0], []
    for x_t in x:
        new, gates = step(x_t, h[-1], W_x, W_h, b, b_hn, z_keeps)
        h.append(new)
        made.append(gates)
    return np.stack(h[1:]), np.stack(made, axis=1)


def step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    r, z, n, q = gates
    if z_keeps:
        dz, dn, dh_prev = dh * (h_prev - n), dh * (1 - z), dh * z
    else:
        dz, dn, dh_prev = dh * (n - h_prev), dh * z, dh * (1 - z)
    da_n = dn * (1 - n) * (1 + n)
    dr, dq = da_n * q, da_n * r
    da_r, da_z = dr * (r - r * r), dz * (z - z * z)
    H = h_prev.shape[1]
    dx, rows_x, rows_h = 0, [], []
    for number, (from_input, from_state) in enumerate([(da_r, da_r), (da_z, da_z), (da_n, dq)]):
        block = slice(number * H, (number + 1) * H)
        dx = dx + from_input @ W_x[block]
        dh_prev = dh_prev + from_state @ W_h[block]
        rows_x.append(from_input.T @ x)
        rows_h.append(from_state.T @ h_prev)
    db = np.concatenate([da_r.sum(axis=0), da_z.sum(axis=0), da_n.sum(axis=0)])
    return [dx, dh_prev, np.vstack(rows_x), np.vstack(rows_h), db, dq.sum(axis=0)]


def from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh):
    ih_r, ih_z, ih_n = np.split(bias_ih, 3)
    hh_r, hh_z, hh_n = np.split(bias_hh, 3)
    return weight_ih.copy(), weight_hh.copy(), np.concatenate([ih_r + hh_r, ih_z + hh_z, ih_n]), hh_n.copy()
