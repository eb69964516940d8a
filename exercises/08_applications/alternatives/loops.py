"""One sequence and one word at a time; sequences of a beam as tuples in a list."""

import numpy as np
import torch
from torch import nn


def many_to_one(h, mask, W_y, b_y):
    y = np.empty((h.shape[1], len(b_y)), dtype=h.dtype)
    for n in range(h.shape[1]):
        length = int(np.count_nonzero(mask[:, n]))
        for v in range(len(b_y)):
            y[n, v] = h[length - 1, n] @ W_y[v] + b_y[v]
    return y


def one_to_many_inputs(x, T):
    steps = [x.copy()]
    for _ in range(T - 1):
        steps.append(np.zeros_like(x))
    return np.array(steps)


def encode(x, mask, h_0, step):
    last = h_0.copy()
    for n in range(x.shape[1]):
        h = h_0[n : n + 1]
        for t in range(int(mask[:, n].sum())):
            h = step(x[t, n : n + 1], h)
        last[n] = h[0]
    return last


def forced_scores(target, states, start, next_scores):
    scores = []
    for t in range(len(target)):
        before = np.full(target.shape[1], start) if t == 0 else target[t - 1]
        y, states = next_scores(before, states)
        scores.append(y)
    return np.array(scores)


def greedy(next_scores, states, start, end, longest):
    columns = []
    for n in range(len(states[0])):
        own, word, words = tuple(state[n : n + 1] for state in states), start, []
        while len(words) < longest and word != end:
            y, own = next_scores(np.array([word]), own)
            word = int(y[0].argmax())
            words.append(word)
        columns.append(words)
    T = max(len(words) for words in columns)
    return np.array([words + [end] * (T - len(words)) for words in columns]).T


def beam_search(next_scores, states, start, end, longest, width):
    beam = [([], 0.0, states)]
    for _ in range(longest):
        if all(words and words[-1] == end for words, _, _ in beam):
            break
        candidates = []
        for words, total, own in beam:
            if words and words[-1] == end:
                candidates.append(([*words, end], total, own))
                continue
            y, after = next_scores(np.array([words[-1] if words else start]), own)
            below = y[0] - y[0].max()
            for word, log_p in enumerate(below - np.log(np.exp(below).sum())):
                candidates.append(([*words, word], total + float(log_p), after))
        beam = sorted(candidates, key=lambda one: one[1], reverse=True)[:width]
    return np.array([words for words, _, _ in beam]), np.array([one[1] for one in beam], dtype=states[0].dtype)


def reading_loss(model, x, mask, targets):
    h, _ = model.gru(x)
    losses = []
    for n in range(x.shape[1]):
        y = model.scores(h[int(mask[:, n].sum()) - 1, n])
        losses.append(torch.logsumexp(y, dim=0) - y[targets[n]])
    return torch.stack(losses).mean()


def writing_loss(model, source, mask, target, start):
    h, _ = model.encoder(model.embed_in(source))
    lengths = mask.sum(0)
    state = torch.stack([h[lengths[n] - 1, n] for n in range(len(lengths))])[None]
    total, ids = 0.0, torch.full_like(target[0], start)
    for right in target:
        s, state = model.decoder(model.embed_out(ids)[None], state)
        total = total + nn.functional.cross_entropy(model.scores(s[0]), right)
        ids = right
    return total / len(target)
