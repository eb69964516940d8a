"""`step`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import rnn

from .drawing import ALWAYS, STAYS

Generator = np.random.Generator


def cell_inputs(rng: Generator, N: int, D: int, H: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"x": (N, D), "h_prev": (N, H), "W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def with_large_sums(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A bias so large that one unit's exponential overflows and another's its inverse, in either precision."""
    b = inputs["b"].copy()
    b[:2] += 1000, -1000
    return inputs | {"b": b}


def with_tiny_sums(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Sums next to 0, and in the first sequence sums of exactly 0."""
    near = {name: 1e-12 * inputs[name] for name in ("x", "h_prev")}
    near["x"][0] = near["h_prev"][0] = 0
    return inputs | near | {"b": 0 * inputs["b"]}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase("sums around a thousand", with_large_sums(cell_inputs(rng, N, D, H))),
        DrawnCase("one sequence", cell_inputs(rng, 1, D, H)),
        DrawnCase("one input, one hidden unit", cell_inputs(rng, N, 1, 1)),
        DrawnCase("tiny sums, and sums of 0", with_tiny_sums(cell_inputs(rng, N, D, H))),
        DrawnCase("forty hidden units", cell_inputs(rng, N, D, 40)),
        DrawnCase("as many sequences, inputs and hidden units", cell_inputs(rng, H, H, H)),
        DrawnCase("float32", cell_inputs(rng, N, D, H, np.float32)),
        DrawnCase("float32, sums around a thousand", with_large_sums(cell_inputs(rng, N, D, H, np.float32))),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    def inputs(N: int, D: int, H: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in cell_inputs(rng, N, D, H).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(1, 3, 4).items()}
    return [
        DrawnCase("two sequences", inputs(2, 3, 4)),
        DrawnCase("as many sequences, inputs and hidden units", inputs(3, 3, 3)),
        DrawnCase("float32", narrow),
        DrawnCase("sums around a thousand", with_large_sums(inputs(2, 3, 4))),
        DrawnCase("tiny sums, and sums of 0", with_tiny_sums(inputs(2, 2, 2))),
    ]


STEP = Check(
    "rnn.step", rnn.step, draw_step, worked_step, axes="N H", task="one step of the recurrence", points=3, section="rnn-step: One step",
    promises=ALWAYS | STAYS | {
        "makes a new state from it and the old one": "state left out",
        "h_t = tanh(W_x x_t + W_h h_{t-1} + b)": "tanh from exponentials",
        "nothing is rounded, however small the numbers are": "digits of small sums lost",
        "There is one tanh, around the whole sum.": "tanh of each term",
    },
)  # fmt: skip


@STEP.misconception("It is what you get when the bias b is left out.")
def bias_left_out(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h.T)


@STEP.misconception("It is what you get when tanh is taken of each term; it belongs around their sum.")
def tanh_of_each_term(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T) + np.tanh(h_prev @ W_h.T) + np.tanh(b)


@STEP.misconception("It is what you get without tanh: the sum alone is a linear map.")
def tanh_left_out(x, h_prev, W_x, W_h, b):
    return x @ W_x.T + h_prev @ W_h.T + b


@STEP.misconception("It is what you get with a sigmoid in place of tanh: values from 0 to 1 instead of -1 to 1.")
def sigmoid_for_tanh(x, h_prev, W_x, W_h, b):
    return 1 / (1 + np.exp(-(x @ W_x.T + h_prev @ W_h.T + b)))


@STEP.misconception(
    "tanh was written out with exp, which overflows for large sums, so that infinity is divided by infinity. Use np.tanh."
)
def tanh_from_exponentials(x, h_prev, W_x, W_h, b):
    a = x @ W_x.T + h_prev @ W_h.T + b
    up, down = np.exp(a), np.exp(-a)
    return (up - down) / (up + down)


@STEP.misconception(
    "tanh was written out with exp, and where a sum is next to 0 its digits are lost: exp of it is almost 1, and after the "
    "subtraction little but rounding is left. Use np.tanh."
)
def digits_of_small_sums_lost(x, h_prev, W_x, W_h, b):
    return 1 - 2 / (np.exp(2 * (x @ W_x.T + h_prev @ W_h.T + b)) + 1)


@STEP.misconception("It is what you get when the bias is added after tanh; it belongs inside.")
def bias_outside_tanh(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h.T) + b


@STEP.misconception("It is what you get when the old state h_prev is left out: the network then has no memory.")
def state_left_out(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + b)


@STEP.misconception(
    "It is what you get from W_h without its transpose: weights are (out, in), so each product needs .T."
)
def recurrent_weights_transposed(x, h_prev, W_x, W_h, b):
    return np.tanh(x @ W_x.T + h_prev @ W_h + b)


@STEP.misconception("The new state was written over h_prev; whoever called step still needs the old one.")
def old_state_overwritten(x, h_prev, W_x, W_h, b):
    h_prev[:] = np.tanh(x @ W_x.T + h_prev @ W_h.T + b)
    return h_prev
