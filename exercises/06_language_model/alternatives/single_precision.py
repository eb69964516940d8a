"""Everything is computed in single precision; only the results have the dtype that came in."""

import numpy as np


def as_single(value):
    return value.astype(np.float32)


def probabilities(y, temperature=1.0, top_k=None):
    shifted = as_single((y - y.max(axis=-1, keepdims=True)) / temperature)
    if top_k is not None:
        places = np.argsort(-y, axis=-1, kind="stable")
        np.put_along_axis(shifted, places[..., top_k:], np.float32(-np.inf), axis=-1)
    p = np.exp(shifted)
    return (p / p.sum(axis=-1, keepdims=True)).astype(y.dtype)


def choose(p, u):
    sums = np.add.accumulate(as_single(p), axis=1)
    ids = np.count_nonzero(sums <= as_single(u)[:, None], axis=1)
    last = np.array([np.flatnonzero(row)[-1] for row in p])
    return np.minimum(ids, last)


def update(weights, words, h, learning_rate, limit):
    single = {name: as_single(w) for name, w in weights.items()}
    L, gradients, after = loss_and_gradients(words[:-1], words[1:], as_single(h), single)  # noqa: F821
    clipped, _ = clip_by_global_norm(gradients, limit)  # noqa: F821
    new = {
        name: (w - np.float32(learning_rate) * clipped[name]).astype(weights[name].dtype) for name, w in single.items()
    }
    return new, after.astype(h.dtype), L


def train(weights, text, block, learning_rate, limit):
    weights = {name: as_single(w) for name, w in weights.items()}
    h = np.zeros((text.shape[1], len(weights["b_hn"])), dtype=np.float32)
    for start in range(0, len(text) - block, block):
        rate = learning_rate * (1 - start / len(text))
        weights, h, _ = update(weights, text[start : start + block + 1], h, rate, limit)
    return weights
