"""`forward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import sizes
from solutions.with_numpy import rnn
from solutions.with_numpy.rnn import step

from .drawing import ALWAYS, STAYS

Generator = np.random.Generator


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    arrays = {"x": (T, N, D), "h_0": (N, H), "W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in arrays.items()}


def still_at_first(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Nothing comes in for three steps, and the states stay zero; then something does."""
    x = inputs["x"].copy()
    x[:3] = 0
    return inputs | {"x": x, "h_0": 0 * inputs["h_0"], "b": 0 * inputs["b"]}


def with_inputs_of_zero(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """In the first sequence nothing comes in at the second step, in the last one at the end; the states are not zero."""
    x = inputs["x"].copy()
    x[1, 0] = x[-1, -1] = 0
    return inputs | {"x": x}


def drifting(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Nothing comes in for three steps, and the states, which are next to one that would stay, hardly move; then something does."""
    x, W_h = inputs["x"].copy(), np.round(inputs["W_h"] / np.sqrt(len(inputs["b"])), 2)
    x[:3] = 0
    stays = np.round(0.3 + 0.5 * np.abs(np.tanh(inputs["h_0"][0])), 2)
    b = np.round(np.arctanh(stays) - W_h @ stays, 10)
    return inputs | {"x": x, "h_0": np.round(stays + 1e-7 * inputs["h_0"], 10), "W_h": W_h, "b": b}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("the same sizes, some inputs of zero", with_inputs_of_zero(sequence_inputs(rng, T, N, D, H))),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H)),
        DrawnCase("still for three steps", still_at_first(sequence_inputs(rng, 6, N, D, H))),
        DrawnCase("states that hardly move while nothing comes in", drifting(sequence_inputs(rng, 6, N, D, H))),
        DrawnCase("as many steps as sequences", sequence_inputs(rng, T, T, D, H)),
        DrawnCase("float32", sequence_inputs(rng, T, N, D, H, np.float32)),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, D: int, H: int) -> dict[str, np.ndarray]:
        return {name: np.round(array, 2) for name, array in sequence_inputs(rng, T, N, D, H).items()}

    narrow = {name: array.astype(np.float32) for name, array in inputs(3, 2, 2, 3).items()}
    return [
        DrawnCase("four steps", inputs(4, 2, 3, 2)),
        DrawnCase("the same sizes, some inputs of zero", with_inputs_of_zero(inputs(4, 2, 3, 2))),
        DrawnCase("one step", inputs(1, 2, 3, 2)),
        DrawnCase("as many steps as sequences", inputs(3, 3, 2, 2)),
        DrawnCase("still for three steps", still_at_first(inputs(5, 1, 2, 2))),
        DrawnCase("states that hardly move while nothing comes in", drifting(inputs(4, 1, 1, 2))),
        DrawnCase("float32", narrow),
    ]


FORWARD = Check(
    "rnn.forward", rnn.forward, draw_forward, worked_forward, axes="T N H", task="the same step along a whole sequence", points=3,
    section="rnn-unrolling: Unrolling", earlier=("step",),
    promises=ALWAYS | STAYS | {
        "The hidden states before the first step.": "initial state ignored",
        "The hidden states after each step, without h_0.": "initial state included",
        "Keep the state after each step.": "last state only",
        "each call of `step` gets what the call before returned": "state not carried",
        "Arrays are time-major": "batch first",
        "An input of zeros is an input like any other": "inputs of zero taken for padding",
        "nothing is rounded, however small the numbers are": "stopped when settled",
        "Each new state is `(N, H)`, and there are `T` of them.": "one array for every step",
    },
)  # fmt: skip


@FORWARD.misconception(
    "It is what you get when every step starts from h_0: each step should take the state of the one before."
)
def state_not_carried(x, h_0, W_x, W_h, b):
    return np.stack([step(x_t, h_0, W_x, W_h, b) for x_t in x])


@FORWARD.misconception("It is what you get when the first step starts from zeros instead of h_0.")
def initial_state_ignored(x, h_0, W_x, W_h, b):
    h, out = np.zeros_like(h_0), []
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception("It is the state after the last step alone; the states after every step are asked for.")
def last_state_only(x, h_0, W_x, W_h, b):
    h = h_0
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
    return h


@FORWARD.misconception("h_0 stands in front of the result; the states after each step are asked for, without h_0.")
def initial_state_included(x, h_0, W_x, W_h, b):
    out = [h_0]
    for x_t in x:
        out.append(step(x_t, out[-1], W_x, W_h, b))
    return np.stack(out)


@FORWARD.misconception("The sequences come first in your result; here time comes first: (T, N, H).")
def batch_first(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out, axis=1)


@FORWARD.misconception("It is what you get when the sequence is read from its end to its beginning.")
def read_backwards(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x[::-1]:
        h = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception(
    "Every step shows the last state: one array was put into the list each time, and each step wrote over it. Each step "
    "needs an array of its own."
)
def one_array_for_every_step(x, h_0, W_x, W_h, b):
    h, out = h_0.copy(), []
    for x_t in x:
        h[:] = step(x_t, h, W_x, W_h, b)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception(
    "Where an input is zero the state was kept, as if the step were padding. An input of zeros is an input like any other: the "
    "state goes on through W_h, b and tanh."
)
def inputs_of_zero_taken_for_padding(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x:
        h = np.where(x_t.any(axis=1, keepdims=True), step(x_t, h, W_x, W_h, b), h)
        out.append(h)
    return np.stack(out)


@FORWARD.misconception(
    "Where the state hardly moved, the old one was kept. However little it moves, every step makes a new state."
)
def stopped_when_settled(x, h_0, W_x, W_h, b):
    h, out = h_0, []
    for x_t in x:
        new = step(x_t, h, W_x, W_h, b)
        h = h if np.allclose(new, h) else new
        out.append(h)
    return np.stack(out)


@FORWARD.misconception("The last step is missing: the loop ends one step early.")
def last_step_missing(x, h_0, W_x, W_h, b):
    h = np.zeros((len(x), *h_0.shape), dtype=h_0.dtype)
    h_prev = h_0
    for t in range(len(x) - 1):
        h[t] = h_prev = step(x[t], h_prev, W_x, W_h, b)
    return h


@FORWARD.misconception("The result is float64 though the inputs are float32: np.zeros and np.empty need dtype=.")
def dtype_lost(x, h_0, W_x, W_h, b):
    h = np.zeros((len(x), *h_0.shape))
    h_prev = h_0
    for t in range(len(x)):
        h[t] = h_prev = step(x[t], h_prev, W_x, W_h, b)
    return h
