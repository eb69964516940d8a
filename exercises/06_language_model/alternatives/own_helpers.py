"""Functions of one's own for what comes twice; lists and tuples where others use arrays."""

import itertools

import numpy as np


def softmax(y):
    e = np.exp(y - np.max(y, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def number_of(word, vocabulary):
    try:
        return vocabulary.index(word)
    except ValueError:
        return 1


def encode(texts, vocabulary):
    columns = [[number_of(word, vocabulary) for word in text.split()] for text in texts]
    rows = list(itertools.zip_longest(*columns, fillvalue=0))
    ids = np.array(rows)
    return ids, ids != 0


def probabilities(y, temperature=1.0, top_k=None):
    if top_k is None or top_k >= y.shape[-1]:
        return softmax(y / temperature)
    kept = np.argsort(-y, axis=-1, kind="stable")[..., :top_k]
    p = np.zeros_like(y)
    np.put_along_axis(p, kept, softmax(np.take_along_axis(y, kept, axis=-1) / temperature), axis=-1)
    return p


def first_true(table):
    return np.argmax(table, axis=1)


def choose(p, u):
    sums = np.cumsum(p, axis=1)
    sums = np.where(sums >= sums[:, -1:], np.inf, sums)
    return first_true(sums > u[:, None])


def written(next_scores, states, ids, end, u, options):
    """The words of each step, one step after the other."""
    ended = np.zeros(len(ids), dtype=bool)
    for numbers in u:
        y, states = next_scores(ids, states)
        ids = choose(probabilities(y, *options), numbers)
        ids[ended] = end
        ended = ended | (ids == end)
        yield ids
        if ended.all():
            return


def sample(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    first = np.array([start] * u.shape[1])
    return np.stack(list(written(next_scores, states, first, end, u, (temperature, top_k))))


def fill_blank(y, mask, allowed):
    lengths = np.count_nonzero(mask, axis=0)
    return np.array([allowed[np.argmax(y[M - 1, n, allowed])] for n, M in enumerate(lengths)])


def minus(weights, gradients, factor):
    return {name: w - factor * g for (name, w), g in zip(weights.items(), gradients.values(), strict=True)}


def update(weights, words, h, learning_rate, limit):
    read, asked = words[:-1], words[1:]
    L, gradients, h = loss_and_gradients(read, asked, h, weights)  # noqa: F821
    norm = global_norm(gradients)  # noqa: F821
    return minus(weights, gradients, learning_rate * limit / max(norm, limit)), h, L


def blocks(text, T):
    return [(start, text[start : start + T + 1]) for start in range(0, len(text) - T, T)]


def train(weights, text, block, learning_rate, limit):
    h = np.zeros((text.shape[1], weights["b_hn"].size))
    for start, words in blocks(text, block):
        weights, h, _ = update(weights, words, h, learning_rate - learning_rate * start / len(text), limit)
    return weights
