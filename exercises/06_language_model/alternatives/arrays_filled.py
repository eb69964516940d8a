"""Arrays made first and filled then; searches by NumPy."""

import numpy as np


def encode(texts, vocabulary):
    words = [text.split() for text in texts]
    lengths = np.array([len(row) for row in words])
    mask = np.arange(lengths.max())[:, None] < lengths
    ids = np.zeros(mask.shape, dtype=np.int32)
    known = np.array(vocabulary)
    for n, row in enumerate(words):
        same = np.array(row)[:, None] == known
        ids[: len(row), n] = np.where(same.any(axis=1), same.argmax(axis=1), 1)
    return ids, mask


def probabilities(y, temperature=1.0, top_k=None):
    scaled = (y - y.max(axis=-1, keepdims=True)) / temperature
    p = np.exp(scaled)
    if top_k is not None:
        rank = np.argsort(np.argsort(-y, axis=-1, kind="stable"), axis=-1)
        p[rank >= top_k] = 0
    p /= p.sum(axis=-1, keepdims=True)
    return p


def choose(p, u):
    ids = np.zeros(len(u), dtype=int)
    for n, (row, number) in enumerate(zip(p, u, strict=True)):
        possible = np.flatnonzero(row)
        place = np.searchsorted(np.cumsum(row[possible]), number, side="right")
        ids[n] = possible[min(place, len(possible) - 1)]
    return ids


def sample(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    T, N = u.shape
    ids = np.full((T + 1, N), end)
    ids[0] = start
    going = np.ones(N, dtype=bool)
    for t in range(T):
        if not going.any():
            return ids[1 : t + 1]
        y, states = next_scores(ids[t], states)
        drawn = choose(probabilities(y, temperature=temperature, top_k=top_k), u[t])
        ids[t + 1, going] = drawn[going]
        going = going & (ids[t + 1] != end)
    return ids[1:]


def fill_blank(y, mask, allowed):
    last = len(mask) - 1 - mask[::-1].argmax(axis=0)
    chosen = np.take_along_axis(y[:, :, allowed], last[None, :, None], axis=0)[0]
    return np.take(allowed, chosen.argmax(axis=1))


def update(weights, words, h, learning_rate, limit):
    L, gradients, after = loss_and_gradients(words[:-1], words[1:], h, weights)  # noqa: F821
    gradients, _ = clip_by_global_norm(gradients, limit)  # noqa: F821
    new = {name: array.copy() for name, array in weights.items()}
    for name in new:
        new[name] -= learning_rate * gradients[name]
    return new, after, L


def train(weights, text, block, learning_rate, limit):
    S, N = text.shape
    h = np.zeros((N, weights["W_h"].shape[1]))
    for number in range((S - 1) // block):
        start = number * block
        weights, h, L = update(weights, text[start : start + block + 1], h, learning_rate * (1 - start / S), limit)
        if number % 100 == 0:
            print(number, round(L, 3))
    return weights
