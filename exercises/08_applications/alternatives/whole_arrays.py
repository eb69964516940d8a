"""Without a loop where that is possible: one-hot masks, einsum, and all scores of a step sorted at once."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np
import torch
from torch import nn


def many_to_one(h, mask, W_y, b_y):
    following = np.concatenate([mask[1:], np.zeros((1, mask.shape[1]), dtype=bool)])
    is_last = mask & ~following
    return np.einsum("tnh,vh->nv", np.where(is_last[:, :, None], h, 0), W_y) + b_y


def one_to_many_inputs(x, T):
    return (np.arange(T) == 0).astype(x.dtype)[:, None, None] * x


def encode(x, mask, h_0, step):
    states = [h_0]
    for x_t in x:
        states.append(step(x_t, states[-1]))
    return np.stack(states)[mask.sum(axis=0), np.arange(mask.shape[1])]


def forced_scores(target, states, start, next_scores):
    before = np.roll(target, 1, axis=0)
    before[0] = start
    y = []
    for ids in before:
        scores, states = next_scores(ids, states)
        y.append(scores[None])
    return np.concatenate(y)


def greedy(next_scores, states, start, end, longest):
    words = np.full((longest + 1, len(states[0])), end)
    words[0] = start
    for t in range(longest):
        y, states = next_scores(words[t], states)
        running = np.ones(y.shape[0], dtype=bool) if t == 0 else words[t] != end
        if not running.any():
            return words[1 : t + 1]
        words[t + 1][running] = np.argsort(-y, axis=-1, kind="stable")[running, 0]
    return words[1:]


def beam_search(next_scores, states, start, end, longest, width):
    words, total = np.full((longest + 1, 1), start), np.zeros(1, states[0].dtype)
    for t in range(longest):
        ended = words[t] == end
        if ended.all():
            return words[1 : t + 1].T, total
        y, states = next_scores(words[t], states)
        stays = np.where(np.arange(y.shape[1]) == end, 0, -1e30).astype(y.dtype)
        table = (total[:, None] + np.where(ended[:, None], stays, log_softmax(y))).reshape(-1)
        best = np.argsort(table)[::-1][:width]
        row = best // y.shape[1]
        words, total, states = words[:, row], table[best], [state[row] for state in states]
        words[t + 1] = best % y.shape[1]
    return words[1:].T, total


def reading_loss(model, x, mask, targets):
    h, _ = model.gru(x)
    following = torch.cat([mask[1:], torch.zeros_like(mask[:1])])
    last = (h * (mask & ~following)[..., None]).sum(dim=0)
    log_p = torch.log_softmax(model.scores(last), dim=1)
    return -log_p.gather(1, targets[:, None]).mean()


def writing_loss(model, source, mask, target, start):
    h, _ = model.encoder(model.embed_in(source))
    last = torch.take_along_dim(h, (mask.sum(dim=0) - 1)[None, :, None], dim=0)
    before = target.roll(1, dims=0)
    before[0] = start
    y = model.scores(model.decoder(model.embed_out(before), last)[0])
    return nn.functional.cross_entropy(y.permute(1, 2, 0), target.T)
