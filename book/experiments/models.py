"""Small models around a cell, put together from the course's functions: one answer a sequence, or one a step."""

from typing import Any, NamedTuple

import numpy as np

from solutions.with_numpy import recurrent
from solutions.with_numpy.affine import affine, affine_backward
from solutions.with_numpy.embedding import embed, embed_backward
from solutions.with_numpy.heads import many_to_one, many_to_one_backward
from solutions.with_numpy.initialisation import forget_bias, identity, lag_bias
from solutions.with_numpy.language_model import of_the_cell
from solutions.with_numpy.loss import mean_cross_entropy, mean_cross_entropy_backward
from solutions.with_numpy.training import Weights

Array = np.ndarray
VARIANTS = {
    "rnn": "tanh RNN",
    "irnn": "ReLU RNN, identity",
    "lstm_0": "LSTM, forget bias 0",
    "lstm_1": "LSTM, forget bias 1",
    "lstm_lag": "LSTM, bias for the lag",
    "gru": "GRU",
}


class Sequences(NamedTuple):
    """A batch: x (T, N, D), or words (T, N); targets (N, ...) or (T, N); which steps count (T, N)."""

    x: Array
    targets: Array
    mask: Array


def cell_of(variant: str) -> str:
    """The name of a variant's cell in ``recurrent.CELLS``."""
    return {"irnn": "relu_rnn"}.get(variant, variant.partition("_")[0])


def initial_weights(variant: str, D: int, H: int, V: int, rng: np.random.Generator, longest: int = 0) -> Weights:
    """Weights of a cell and of V scores, uniform in +-1/sqrt(H), with what the variant changes.

    The identity: W_h = I, W_x normal with standard deviation 0.001, b = 0 (Le, Jaitly and Hinton, 2015).
    """
    weights = recurrent.initial_weights(cell_of(variant), D, H, rng, np.float32)
    if variant == "irnn":
        x = rng.normal(0, 0.001, (H, D)).astype(np.float32)
        weights |= {"W_x": x, "W_h": identity(H, dtype=np.float32), "b": np.zeros(H, np.float32)}
    elif variant in ("lstm_0", "lstm_1"):
        weights["b"] = forget_bias(weights["b"], float(variant[-1]))
    elif variant == "lstm_lag":
        weights["b"] = lag_bias(weights["b"], rng.uniform(size=H).astype(np.float32), longest)
    return weights | scores_weights(H, V, rng)


def scores_weights(H: int, V: int, rng: np.random.Generator) -> Weights:
    """W_y and b_y, uniform in +-1/sqrt(H)."""
    bound = H**-0.5
    return {
        "W_y": rng.uniform(-bound, bound, (V, H)).astype(np.float32),
        "b_y": rng.uniform(-bound, bound, V).astype(np.float32),
    }


def with_words(weights: Weights, V: int, D: int, rng: np.random.Generator) -> Weights:
    """The same weights, with vectors (V, D) for words, standard normal."""
    return {"W_e": rng.normal(size=(V, D)).astype(np.float32)} | weights


def inputs_of(weights: Weights, x: Array) -> Array:
    """The vectors of the words, or the inputs as they are."""
    return embed(x, weights["W_e"]) if "W_e" in weights else x


def states(weights: Weights, cell: str, batch: Sequences) -> tuple[Array, recurrent.Tape]:
    """The hidden states (T, N, H), and what the backward pass needs; the mask is left out where every step counts."""
    inputs = inputs_of(weights, batch.x)
    state_0 = recurrent.initial_state(cell, inputs.shape[1], weights["W_h"].shape[1], inputs.dtype)
    mask = None if batch.mask.all() else batch.mask
    h, _, tape = recurrent.forward(cell, inputs, state_0, of_the_cell(weights), mask)
    return h, tape


def cell_gradients(weights: Weights, batch: Sequences, dh: Array, tape: recurrent.Tape) -> Weights:
    """The gradients of the cell's weights, and of the words' vectors where there are any."""
    dx, _, gradients = recurrent.backward(dh, tuple(np.zeros_like(state) for state in tape.state_0), tape)
    if "W_e" in weights:
        gradients = {"W_e": embed_backward(dx, batch.x, len(weights["W_e"])), **gradients}
    return gradients


def answers(weights: Weights, cell: str, batch: Sequences) -> Array:
    """Scores (N, V) for each whole sequence."""
    h, _ = states(weights, cell, batch)
    return many_to_one(h, batch.mask, weights["W_y"], weights["b_y"])


def _one_answer(weights: Weights, cell: str, batch: Sequences, loss_of: Any) -> tuple[float, Weights]:
    h, tape = states(weights, cell, batch)
    y = many_to_one(h, batch.mask, weights["W_y"], weights["b_y"])
    loss, dy = loss_of(y, batch.targets)
    dh, dW_y, db_y = many_to_one_backward(dy, h, batch.mask, weights["W_y"])
    gradients = cell_gradients(weights, batch, dh, tape)
    return float(loss), {**gradients, "W_y": dW_y, "b_y": db_y}


def classify(weights: Weights, cell: str, batch: Sequences) -> tuple[float, Weights]:
    """The mean cross-entropy of one class for each sequence, and its gradients."""
    return _one_answer(weights, cell, batch, _class_loss)


def regress(weights: Weights, cell: str, batch: Sequences) -> tuple[float, Weights]:
    """The mean squared error of one number for each sequence, and its gradients."""
    return _one_answer(weights, cell, batch, _squared_loss)


def _class_loss(y: Array, targets: Array) -> tuple[float, Array]:
    return float(mean_cross_entropy(y[None], targets[None])), mean_cross_entropy_backward(y[None], targets[None])[0]


def _squared_loss(y: Array, targets: Array) -> tuple[float, Array]:
    difference = y[:, 0] - targets
    return float(np.mean(difference**2)), (2 / len(targets) * difference)[:, None]


def label_each(weights: Weights, cell: str, batch: Sequences) -> tuple[float, Weights]:
    """The mean cross-entropy of a class at each step that counts, and its gradients."""
    h, tape = states(weights, cell, batch)
    y = affine(h, weights["W_y"], weights["b_y"])
    dy = mean_cross_entropy_backward(y, batch.targets, batch.mask)
    dh, dW_y, db_y = affine_backward(dy, h, weights["W_y"])
    gradients = cell_gradients(weights, batch, dh, tape)
    return float(mean_cross_entropy(y, batch.targets, batch.mask)), {**gradients, "W_y": dW_y, "b_y": db_y}


def error_rate(weights: Weights, cell: str, batch: Sequences) -> float:
    """The share of sequences whose class is not the one with the highest score."""
    return float(np.mean(answers(weights, cell, batch).argmax(axis=1) != batch.targets))


def squared_error(weights: Weights, cell: str, batch: Sequences) -> float:
    """The mean squared error of one number for each sequence."""
    return float(np.mean((answers(weights, cell, batch)[:, 0] - batch.targets) ** 2))


def label_loss(weights: Weights, cell: str, batch: Sequences) -> float:
    """The mean cross-entropy of a class at each step."""
    h, _ = states(weights, cell, batch)
    return float(mean_cross_entropy(affine(h, weights["W_y"], weights["b_y"]), batch.targets, batch.mask))
