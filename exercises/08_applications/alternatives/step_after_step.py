"""The state held by arithmetic with the mask, and loops that go on while something is left to do."""

# ruff: noqa: F821 - functions that are given, or written elsewhere in the notebook

import numpy as np


def one_to_many_inputs(x, T):
    return np.concatenate([x[np.newaxis], np.zeros((T - 1, x.shape[0], x.shape[1]), x.dtype)], axis=0)


def encode(x, mask, h_0, step):
    h = h_0
    for t in range(x.shape[0]):
        old, h = h, step(x[t], h).copy()
        h[~mask[t]] = old[~mask[t]]
    return h


def forced_scores(target, states, start, next_scores):
    first, states = next_scores(np.repeat(start, target.shape[1]), states)
    y = np.empty((len(target), *first.shape), dtype=first.dtype)
    y[0] = first
    for t in range(1, len(y)):
        y[t], states = next_scores(target[t - 1], states)
    return y


def greedy(next_scores, states, start, end, longest):
    words = [np.repeat(start, states[0].shape[0])]
    ended = words[0] != words[0]
    while len(words) - 1 < longest:
        if ended.all():
            break
        y, states = next_scores(words[-1], states)
        best = y.argmax(-1)
        best[ended] = end
        ended |= best == end
        words.append(best)
    return np.stack(words[1:])


def beam_search(next_scores, states, start, end, longest, width):
    y, states = next_scores(np.array([start]), states)
    log_p = log_softmax(y)[0]
    ids = np.argsort(-log_p)[:width][:, None]
    log_p = log_p[ids[:, 0]]
    states = tuple(np.repeat(state, len(ids), axis=0) for state in states)
    while ids.shape[1] < longest and (ids[:, -1] != end).any():
        y, new = next_scores(ids[:, -1], states)
        candidates = []
        for k in range(len(ids)):
            if ids[k, -1] == end:
                candidates.append((log_p[k], k, end))
            else:
                row = log_softmax(y[k])
                candidates += [(log_p[k] + row[v], k, v) for v in range(len(row))]
        candidates.sort(key=lambda one: one[0], reverse=True)
        values, rows, words = zip(*candidates[:width], strict=True)
        ids = np.hstack([ids[list(rows)], np.array(words)[:, None]])
        log_p = np.array(values, dtype=log_p.dtype)
        states = tuple(state[list(rows)] for state in new)
    return ids, log_p
