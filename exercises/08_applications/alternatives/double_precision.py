"""Arithmetic in double precision whatever comes in, turned back at the end."""

import numpy as np


def many_to_one(h, mask, W_y, b_y):
    last = h.astype(np.float64)[mask.sum(0) - 1, range(h.shape[1])]
    return (last @ W_y.astype(np.float64).T + b_y).astype(h.dtype)


def one_to_many_inputs(x, T):
    inputs = np.zeros((T, *x.shape))
    inputs[0] = x
    return inputs.astype(x.dtype)


def encode(x, mask, h_0, step):
    h = h_0.astype(np.float64)
    for t in range(len(x)):
        h[mask[t]] = step(x[t], h)[mask[t]]
    return h.astype(h_0.dtype)


def beam_search(next_scores, states, start, end, longest, width):
    """The sums in double precision, the sequences in a list of arrays."""
    columns, total = [np.array([start])], np.zeros(1)
    while len(columns) <= longest and np.any(columns[-1] != end):
        y, states = next_scores(columns[-1], states)
        log_p = y.astype(np.float64) - y.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        for k in range(len(total)):
            if columns[-1][k] == end:
                log_p[k] = -np.inf
                log_p[k, end] = 0
        table = total[:, None] + log_p
        places = np.dstack(np.unravel_index(np.argsort(-table.ravel()), table.shape))[0][:width]
        parent, word = places.T
        columns = [column[parent] for column in columns] + [word]
        total = table[parent, word]
        states = tuple(np.take(state, parent, axis=0) for state in states)
    return np.transpose(columns[1:]), total.astype(states[0].dtype)
