"""What is not allowed is set to minus infinity; products with one-hot rows instead of indices."""

import numpy as np


def encode(texts, vocabulary):
    places = {word: place for place, word in enumerate(vocabulary)}
    split = [text.split() for text in texts]
    T = max(len(words) for words in split)
    filled = [words + ["<padding>"] * (T - len(words)) for words in split]
    ids = np.array([[places.get(words[t], 1) for words in filled] for t in range(T)])
    return ids, np.not_equal(ids, 0)


def probabilities(y, temperature=1.0, top_k=None):
    kept = np.ones(y.shape, dtype=bool)
    if top_k is not None:
        left = y.copy()
        kept[:] = False
        for _ in range(min(top_k, y.shape[-1])):
            best = np.expand_dims(left.argmax(axis=-1), -1)
            np.put_along_axis(kept, best, True, axis=-1)
            np.put_along_axis(left, best, -np.inf, axis=-1)
    scores = np.where(kept, y, -np.inf) / temperature
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.where(kept, p / p.sum(axis=-1, keepdims=True), 0).astype(y.dtype)


def choose(p, u):
    V = p.shape[1]
    below = np.cumsum(p, axis=1) - p
    hit = (below <= u[:, None]) & (p > 0)
    return V - 1 - np.argmax(hit[:, ::-1], axis=1)


def sample(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    steps, ids, t = [], np.repeat(start, u.shape[1]), 0
    while t < len(u):
        y, states = next_scores(ids, states)
        drawn = choose(probabilities(y, temperature, top_k), u[t])
        if steps:
            drawn = np.where((np.array(steps) == end).any(axis=0), end, drawn)
        steps.append(drawn)
        ids, t = drawn, t + 1
        if (drawn == end).all():
            break
    return np.array(steps)


def fill_blank(y, mask, allowed):
    is_last = mask & ~np.vstack([mask[1:], np.zeros_like(mask[:1])])
    at_blank = np.where(is_last[..., None], y, 0).sum(axis=0)
    best = np.where(np.isin(np.arange(y.shape[2]), allowed), at_blank, -np.inf).max(axis=1)
    return np.array(
        [next(word for word in allowed if row[word] == high) for row, high in zip(at_blank, best, strict=True)]
    )


def update(weights, words, h, learning_rate, limit):
    loss, gradients, states = loss_and_gradients(words[: len(words) - 1], words[1:], h, weights)  # noqa: F821
    clipped, _ = clip_by_global_norm(gradients, limit)  # noqa: F821
    changed = dict(weights)
    for name, gradient in clipped.items():
        changed[name] = changed[name] - gradient * learning_rate
    return changed, states, loss


def train(weights, text, block, learning_rate, limit):
    h = np.zeros((len(text[0]), len(weights["W_h"][0])))
    starts = np.arange(0, len(text) - block, block)
    for start, rate in zip(starts, learning_rate * (1 - starts / len(text)), strict=True):
        weights, h, L = update(weights, text[start : start + block + 1], h, rate, limit)
    print("the last loss:", L)
    return weights
