"""Packed sequences in PyTorch, and sequences that leave the batch in NumPy as soon as they have ended."""

import numpy as np
from torch import nn


def many_to_one(h, mask, W_y, b_y):
    ends = mask.shape[0] - np.argmax(mask[::-1], axis=0) - 1
    last = np.take_along_axis(h, ends[None, :, None], axis=0).squeeze(0)
    return last.dot(W_y.T) + b_y


def one_to_many_inputs(x, T):
    return np.pad(x[None], [(0, T - 1), (0, 0), (0, 0)])


def encode(x, mask, h_0, step):
    h = h_0.copy()
    for x_t, counts in zip(x, mask, strict=True):
        if counts.any():
            h[counts] = step(x_t[counts], h[counts])
    return h


def greedy(next_scores, states, start, end, longest):
    N = len(states[0])
    words, running, ids = [], np.arange(N), np.full(N, start)
    while running.size and len(words) < longest:
        y, states = next_scores(ids, states)
        ids = np.argmax(y, axis=-1)
        row = np.full(N, end)
        row[running] = ids
        words.append(row)
        on = ids != end
        running, ids, states = running[on], ids[on], tuple(state[on] for state in states)
    return np.array(words)


def packed_last(gru, x, mask):
    packed = nn.utils.rnn.pack_padded_sequence(x, mask.sum(dim=0), enforce_sorted=False)
    return gru(packed)[1]


def reading_loss(model, x, mask, targets):
    return nn.functional.cross_entropy(model.scores(packed_last(model.gru, x, mask)[0]), targets)


def writing_loss(model, source, mask, target, start):
    before = nn.functional.pad(target[:-1], (0, 0, 1, 0), value=start)
    s, _ = model.decoder(model.embed_out(before), packed_last(model.encoder, model.embed_in(source), mask))
    log_p = nn.functional.log_softmax(model.scores(s), dim=-1)
    return nn.functional.nll_loss(log_p.flatten(0, 1), target.flatten())
