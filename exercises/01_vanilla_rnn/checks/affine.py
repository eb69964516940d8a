"""`affine`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import affine as affine_module

from .drawing import ALWAYS, STAYS

Generator = np.random.Generator


def affine_inputs(rng: Generator, T: int, N: int, H: int, V: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"h": (T, N, H), "W_y": (V, H), "b_y": (V,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def tiny(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return inputs | {name: 1e-14 * inputs[name] for name in ("h", "b_y")}


def large(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Large scores; at the first step of the first sequence the state is zero, and the bias alone is left."""
    more = {name: 30 * array for name, array in inputs.items()}
    more["h"][0, 0] = 0
    return more


def draw_affine(rng: Generator) -> list[DrawnCase]:
    T, N, H, V = sizes(rng, 4)
    return [
        DrawnCase("several steps", affine_inputs(rng, T, N, H, V)),
        DrawnCase("the same sizes, large scores, a state of zero", large(affine_inputs(rng, T, N, H, V))),
        DrawnCase("one step", affine_inputs(rng, 1, N, H, V)),
        DrawnCase("tiny scores", tiny(affine_inputs(rng, T, N, H, V))),
        DrawnCase("one sequence", affine_inputs(rng, T, 1, H, V)),
        DrawnCase("as many words as hidden units", affine_inputs(rng, T, N, H, H)),
        DrawnCase("one hidden unit, two words", affine_inputs(rng, T, N, 1, 2)),
        DrawnCase("float32", affine_inputs(rng, T, N, H, V, np.float32)),
    ]


def worked_affine(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, H: int, V: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in affine_inputs(rng, T, N, H, V).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(2, 1, 2, 3).items()}
    return [
        DrawnCase("three steps", inputs(3, 2, 2, 4)),
        DrawnCase("the same sizes, large scores, a state of zero", large(inputs(3, 2, 2, 4))),
        DrawnCase("as many words as hidden units", inputs(2, 1, 3, 3)),
        DrawnCase("tiny scores", tiny(inputs(1, 2, 2, 3))),
        DrawnCase("float32", narrow),
    ]


AFFINE = Check(
    "affine.affine", affine_module.affine, draw_affine, worked_affine, axes="T N V", task="a hidden state becomes scores", points=1,
    section="rnn-output: The output",
    promises=ALWAYS | STAYS | {
        "At each step the network gives every word of the vocabulary a score.": "last scores only",
        "y_t = W_y h_t + b_y": "output bias left out",
        "without tanh and with one more leading axis": "tanh of scores",
    },
)  # fmt: skip


@AFFINE.misconception("It is what you get when the bias b_y is left out.")
def output_bias_left_out(h, W_y, b_y):
    return h @ W_y.T


@AFFINE.misconception(
    "It is what you get from W_y without its transpose: weights are (out, in), so the product needs .T."
)
def output_weights_transposed(h, W_y, b_y):
    return h @ W_y + b_y


@AFFINE.misconception("These are the scores after the last step alone; the scores after every step are asked for.")
def last_scores_only(h, W_y, b_y):
    return h[-1] @ W_y.T + b_y


@AFFINE.misconception("The scores went through tanh; an affine map ends with the sum.")
def tanh_of_scores(h, W_y, b_y):
    return np.tanh(h @ W_y.T + b_y)


@AFFINE.misconception("These are probabilities; softmax belongs to the loss, and the scores themselves are asked for.")
def softmax_of_scores(h, W_y, b_y):
    p = np.exp(h @ W_y.T + b_y)
    return p / p.sum(axis=-1, keepdims=True)
