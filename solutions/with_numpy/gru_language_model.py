"""A language model with one GRU, written to be read as a whole: scores, gradients, one update, and the training loop.

``language_model`` does the same for any cell; tests hold the two to the same numbers.
"""

from collections.abc import Mapping

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray, IntArray
from solutions.with_numpy.clipping import clip_by_global_norm
from solutions.with_numpy.decoding import log_softmax
from solutions.with_numpy.gru import step, step_backward

Weights = dict[str, FloatArray]


@takes(ids="int T N", h_0="N H")
def scores(
    ids: IntArray, h_0: FloatArray, weights: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores of the next word after each word.

    y_t = W_y h_t + b_y,  with h_t = step(W_e[ids_t], h_{t-1}, W_x, W_h, b, b_hn)

    Parameters
    ----------
    ids : (T, N) integers
        The words.
    h_0 : (N, H)
        The states before the first word.
    weights : dict
        W_e (V, D), W_x (3H, D), W_h (3H, H), b (3H,), b_hn (H,), W_y (V, H), b_y (V,).

    Returns
    -------
    y : (T, N, V)
    h : (T, N, H)
        The states after each word.
    gates : (T, 4, N, H)
        What the backward pass needs.

    Source: Mikolov et al., "Recurrent neural network based language model", 2010.
    """
    h, made, state = [], [], h_0
    for x in weights["W_e"][ids]:
        state, gates = step(x, state, weights["W_x"], weights["W_h"], weights["b"], weights["b_hn"])
        h.append(state)
        made.append(gates)
    return np.array(h) @ weights["W_y"].T + weights["b_y"], np.array(h), np.array(made)


@takes(ids="int T N", targets="int T N", h_0="N H")
def loss_and_gradients(
    ids: IntArray, targets: IntArray, h_0: FloatArray, weights: Mapping[str, FloatArray]
) -> tuple[float, Weights, FloatArray]:
    """The mean cross-entropy of the next words, its gradients, and the states to go on from.

    Parameters
    ----------
    ids : (T, N) integers
        The words.
    targets : (T, N) integers
        The word after each of them.
    h_0 : (N, H)
        The states before the first word. No gradient goes back beyond them.
    weights : dict
        As in ``scores``.

    Returns
    -------
    L : float
        The loss, in nats a word.
    gradients : dict
        By the names of the weights.
    h_T : (N, H)
        The states after the last word.

    Source: Mikolov et al., "Recurrent neural network based language model", 2010.
    """
    y, h, gates = scores(ids, h_0, weights)
    log_p, right = log_softmax(y), targets[..., None]
    L = -np.take_along_axis(log_p, right, axis=-1).mean()
    dy = np.exp(log_p)
    np.put_along_axis(dy, right, np.take_along_axis(dy, right, axis=-1) - 1, axis=-1)
    dy /= targets.size

    gradients = {name: np.zeros_like(array) for name, array in weights.items()}
    gradients["W_y"] += np.einsum("tnv,tnh->vh", dy, h)
    gradients["b_y"] += dy.sum(axis=(0, 1))
    dh, dh_next = dy @ weights["W_y"], np.zeros_like(h_0)
    for t in reversed(range(len(ids))):
        x, h_prev = weights["W_e"][ids[t]], h[t - 1] if t > 0 else h_0
        dx, dh_next, *rest = step_backward(dh[t] + dh_next, x, h_prev, gates[t], weights["W_x"], weights["W_h"])
        np.add.at(gradients["W_e"], ids[t], dx)
        for name, gradient in zip(("W_x", "W_h", "b", "b_hn"), rest, strict=True):
            gradients[name] += gradient
    return float(L), gradients, h[-1]


@takes(words="int T1 N", h="N H")
def update(
    weights: Mapping[str, FloatArray], words: IntArray, h: FloatArray, learning_rate: float, limit: float
) -> tuple[Weights, FloatArray, float]:
    """One update from one block of a text: at each step the next word is asked for.

    w <- w - learning_rate * g,  with all gradients g clipped together, by their global norm

    Parameters
    ----------
    weights : dict of arrays
        As in ``scores``.
    words : (T + 1, N) integers
        The T words to read, and one more: each word but the first is the right answer to the one before it.
    h : (N, H)
        The states before the block.
    learning_rate : float
        A number of Python's own, so that the dtype of the weights stays.
    limit : float
        The largest global norm of the gradients, above 0.

    Returns
    -------
    weights : dict of arrays
        New ones; the arguments stay as they were.
    h : (N, H)
        The states after the last word that was read, as the weights before the update made them.
    L : float
        The loss before the update.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
    """
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    clipped, _ = clip_by_global_norm(gradients, limit)
    return {name: w - learning_rate * clipped[name] for name, w in weights.items()}, h, L


@takes(text="int S N")
def train(weights: Weights, text: IntArray, block: int, learning_rate: float, limit: float) -> Weights:
    """Read a text block by block and take one update for each. The states go on from block to block.

    The learning rate falls in a straight line: it is learning_rate * (1 - start / S) for the block that begins at word start.

    Parameters
    ----------
    weights : dict of arrays
        Those to begin with.
    text : (S, N) integers
        N texts side by side.
    block : int
        The number T of words to read for one update. A rest at the end of the text that is no whole block is left out.
    learning_rate : float
        That of the first update.
    limit : float
        The largest global norm of the gradients, above 0.

    Returns
    -------
    weights : dict of arrays
        After the last update. The states before the first word are zero.

    Source: Williams and Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories", 1990; Mikolov et al., "Recurrent neural network based language model", 2010.
    """
    h = np.zeros_like(weights["b_hn"], shape=(text.shape[1], len(weights["b_hn"])))
    for start in range(0, len(text) - block, block):
        rate = learning_rate * (1 - start / len(text))
        weights, h, L = update(weights, text[start : start + block + 1], h, rate, limit)
        if start // block % 200 == 0:
            print(f"word {start} of {len(text)}: loss {L:.3f}")
    return weights
