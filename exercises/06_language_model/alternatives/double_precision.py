"""Everything is computed in double precision, whatever comes in; results have the dtype that came in."""

import numpy as np


def as_double(value):
    return value.astype(np.float64)


def probabilities(y, temperature=1.0, top_k=None):
    logits = as_double(y) / temperature
    if top_k is not None:
        places = np.argsort(-logits, axis=-1, kind="stable")
        np.put_along_axis(logits, places[..., top_k:], -np.inf, axis=-1)
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (p / p.sum(axis=-1, keepdims=True)).astype(y.dtype)


def choose(p, u):
    sums = np.add.accumulate(as_double(p), axis=1)
    ids = np.count_nonzero(sums <= as_double(u)[:, None], axis=1)
    last = np.array([np.flatnonzero(row)[-1] for row in p])
    return np.minimum(ids, last)


def update(weights, words, h, learning_rate, limit):
    double = {name: as_double(w) for name, w in weights.items()}
    L, gradients, after = loss_and_gradients(words[:-1], words[1:], as_double(h), double)  # noqa: F821
    clipped, _ = clip_by_global_norm(gradients, limit)  # noqa: F821
    new = {name: (w - learning_rate * clipped[name]).astype(weights[name].dtype) for name, w in double.items()}
    return new, after.astype(h.dtype), L


def train(weights, text, block, learning_rate, limit):
    h = np.zeros((text.shape[1], len(weights["b_hn"])))
    for start in range(0, len(text) - block, block):
        rate = learning_rate * (1 - start / len(text))
        weights, h, _ = update(weights, text[start : start + block + 1], h, rate, limit)
    return weights
