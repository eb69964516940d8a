"""A model of words: their vectors, any cell, and scores for the next word."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from solutions.with_numpy import recurrent
from solutions.with_numpy.affine import affine, affine_backward
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray
from solutions.with_numpy.embedding import embed, embed_backward
from solutions.with_numpy.loss import mean_cross_entropy, mean_cross_entropy_backward
from solutions.with_numpy.recurrent import States, Weights

OUTSIDE = ("W_e", "W_y", "b_y")


def initial_weights(cell: str, V: int, D: int, H: int, rng: np.random.Generator, dtype: Any = np.float64) -> Weights:
    """Weights of a language model, by name: W_e (V, D) standard normal, the others uniform in +-1/sqrt(H).

    Parameters
    ----------
    cell : str
        A name in ``recurrent.CELLS``.
    V, D, H : int
        The numbers of words, of inputs of the cell, and of hidden units.
    rng : numpy.random.Generator
        Where the numbers come from.
    dtype
        The number type of the weights.
    """
    W_e = rng.normal(size=(V, D)).astype(dtype)
    inner = recurrent.initial_weights(cell, D, H, rng, dtype)
    bound = H**-0.5
    outer = {"W_y": rng.uniform(-bound, bound, (V, H)).astype(dtype), "b_y": np.zeros(V, dtype)}
    return {"W_e": W_e, **inner, **outer}


def of_the_cell(weights: Mapping[str, FloatArray]) -> Weights:
    """The weights of the cell alone."""
    return {name: array for name, array in weights.items() if name not in OUTSIDE}


def scores(
    ids: IntArray, state_0: States, weights: Mapping[str, FloatArray], cell: str
) -> tuple[FloatArray, States, FloatArray, recurrent.Tape]:
    """Scores of the next word after each word.

    y_t = W_y h_t + b_y,  with h_t from the vectors of the words up to t

    Parameters
    ----------
    ids : (T, N) integers
        The words.
    state_0 : a tuple of (N, H)
        The states before the first word.
    weights : dict
        W_e, the cell's weights, W_y and b_y.
    cell : str
        A name in ``recurrent.CELLS``.

    Returns
    -------
    y : (T, N, V)
    state_T : a tuple of (N, H)
    h : (T, N, H)
    tape : Tape
        The scores, the states after the last word, and what the backward pass needs.

    Source: Mikolov et al., "Recurrent neural network based language model", 2010.
    """
    x = embed(ids, weights["W_e"])
    h, state_T, tape = recurrent.forward(cell, x, state_0, of_the_cell(weights))
    return affine(h, weights["W_y"], weights["b_y"]), state_T, h, tape


def loss_and_gradients(
    ids: IntArray, targets: IntArray, state_0: States, weights: Mapping[str, FloatArray], cell: str,
    mask: BoolArray | None = None,
) -> tuple[float, Weights, States]:  # fmt: skip
    """The mean cross-entropy of the next words, and its gradients.

    Parameters
    ----------
    ids : (T, N) integers
        The words.
    targets : (T, N) integers
        The word after each of them.
    state_0 : a tuple of (N, H)
        The states before the first word. No gradient is asked for: the model learns by truncated backpropagation.
    weights : dict
        W_e, the cell's weights, W_y and b_y.
    cell : str
        A name in ``recurrent.CELLS``.
    mask : (T, N) booleans, or None
        True where a step counts. None counts every step.

    Returns
    -------
    L : float
        The loss, in nats a word.
    dweights : dict
        The gradients, by the names of the weights.
    state_T : a tuple of (N, H)
        The states after the last word, to go on from.

    Source: Mikolov et al., "Recurrent neural network based language model", 2010.
    """
    y, state_T, h, tape = scores(ids, state_0, weights, cell)
    dy = mean_cross_entropy_backward(y, targets, mask)
    dh, dW_y, db_y = affine_backward(dy, h, weights["W_y"])
    dx, _, dcell = recurrent.backward(dh, tuple(np.zeros_like(state) for state in state_T), tape)
    dW_e = embed_backward(dx, ids, len(weights["W_e"]))
    return float(mean_cross_entropy(y, targets, mask)), {"W_e": dW_e, **dcell, "W_y": dW_y, "b_y": db_y}, state_T
