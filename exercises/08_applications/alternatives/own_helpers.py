"""With helper functions of one's own, which several tasks share."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np
import torch
from torch import nn


def lengths_of(mask):
    return mask.sum(0)


def own_last(h, mask):
    """The state at each sequence's last step, of arrays and of tensors."""
    picked = [h[int(length) - 1, n] for n, length in enumerate(lengths_of(mask))]
    return torch.stack(picked) if isinstance(h, torch.Tensor) else np.stack(picked)


def shifted(target, start):
    """The decoder's inputs."""
    if isinstance(target, torch.Tensor):
        return torch.vstack([torch.full_like(target[0], start), target[:-1]])
    return np.vstack([np.full(target.shape[1], start, dtype=target.dtype), target[:-1]])


def many_to_one(h, mask, W_y, b_y):
    return np.dot(own_last(h, mask), W_y.T) + b_y


def forced_scores(target, states, start, next_scores):
    y = []
    for ids in shifted(target, start):
        scores, states = next_scores(ids, states)
        y += [scores]
    return np.stack(y, axis=0)


def best_places(table, width):
    """Row and column of the largest numbers, the largest first."""
    order = sorted(np.ndindex(table.shape), key=lambda place: -table[place])[:width]
    return [row for row, _ in order], [column for _, column in order]


def beam_search(next_scores, states, start, end, longest, width):
    sequences, total = [[start]], np.zeros(1, states[0].dtype)
    for _ in range(longest):
        last = np.array([words[-1] for words in sequences])
        if (last == end).all():
            break
        y, states = next_scores(last, states)
        table = total[:, None] + log_softmax(y)
        table[last == end] = -np.inf
        table[last == end, end] = total[last == end]
        rows, columns = best_places(table, width)
        sequences = [[*sequences[row], column] for row, column in zip(rows, columns, strict=True)]
        total, states = table[rows, columns], tuple(state[rows] for state in states)
    return np.array(sequences)[:, 1:], total


def reading_loss(model, x, mask, targets):
    return nn.CrossEntropyLoss()(model.scores(own_last(model.gru(x)[0], mask)), targets)


def writing_loss(model, source, mask, target, start):
    state = own_last(model.encoder(model.embed_in(source))[0], mask).unsqueeze(0)
    s, _ = model.decoder(model.embed_out(shifted(target, start)), state)
    return nn.CrossEntropyLoss()(model.scores(s).reshape(-1, 13), target.reshape(-1))
