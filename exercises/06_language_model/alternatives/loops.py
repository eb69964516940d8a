"""One word, one sequence, one number at a time."""

import math

import numpy as np


def encode(texts, vocabulary):
    rows = []
    for text in texts:
        row = []
        for word in text.split():
            row.append(vocabulary.index(word) if word in vocabulary else 1)
        rows.append(row)
    T, N = max(map(len, rows)), len(rows)
    ids, mask = np.zeros((T, N), dtype=np.int64), np.zeros((T, N), dtype=bool)
    for n in range(N):
        for t in range(len(rows[n])):
            ids[t, n] = rows[n][t]
            mask[t, n] = True
    return ids, mask


def probabilities(y, temperature=1.0, top_k=None):
    p = np.zeros_like(y)
    for place in np.ndindex(y.shape[:-1]):
        kept = sorted(range(y.shape[-1]), key=lambda v: (-y[place][v], v))[:top_k]
        largest = float(y[place][kept[0]])
        total = sum(math.exp((float(y[place][v]) - largest) / temperature) for v in kept)
        for v in kept:
            p[place][v] = math.exp((float(y[place][v]) - largest) / temperature) / total
    return p


def choose(p, u):
    ids = []
    for n in range(len(u)):
        total, word = p[n].dtype.type(0), None
        for v in range(p.shape[1]):
            total += p[n, v]
            if p[n, v] > 0:
                word = v
            if total > u[n]:
                break
        ids.append(word)
    return np.array(ids)


def sample(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    N = len(states[0])
    ids, ended, written = np.full(N, start), [False] * N, []
    for t in range(len(u)):
        y, states = next_scores(ids, states)
        drawn = choose(probabilities(y, temperature, top_k), u[t])
        ids = ids.copy()
        for n in range(N):
            ids[n] = end if ended[n] else drawn[n]
            ended[n] = ended[n] or ids[n] == end
        written.append(ids)
        if all(ended):
            break
    return np.array(written)


def fill_blank(y, mask, allowed):
    ids = []
    for n in range(mask.shape[1]):
        t = max(t for t in range(len(mask)) if mask[t, n])
        ids.append(max(allowed, key=lambda word: y[t, n, word]))
    return np.array(ids)


def update(weights, words, h, learning_rate, limit):
    L, gradients, h_T = loss_and_gradients(words[:-1], words[1:], h, weights)  # noqa: F821
    norm = math.sqrt(sum(float(number) ** 2 for g in gradients.values() for number in g.flat))
    factor = learning_rate * limit / norm if norm > limit else learning_rate
    return {name: weights[name] - factor * gradients[name] for name in weights}, h_T, L


def train(weights, text, block, learning_rate, limit):
    h, start = np.zeros((text.shape[1], len(weights["b_hn"]))), 0
    while start + block < len(text):
        part = text[start : start + block + 1]
        weights, h, _ = update(weights, part, h, learning_rate * (len(text) - start) / len(text), limit)
        start += block
    return weights
