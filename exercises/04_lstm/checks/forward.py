"""`forward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, zeroed
from solutions.with_numpy import lstm
from solutions.with_numpy.lstm import forward, step

from .drawing import ALWAYS, SIZES, network, states

Generator = np.random.Generator


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int) -> dict:
    h_0, c_0 = states(rng, N, H)
    return {"x": rng.normal(size=(T, N, D)), "h_0": h_0, "c_0": c_0, **network(rng, D, H)}


def drifting(given: dict) -> dict:
    """Nothing comes in but at the last step; all is kept in the cell, and a little is added at each step."""
    x, b, H = given["x"].copy(), given["b"].copy(), given["h_0"].shape[1]
    x[:-1], b[:H], b[H : 2 * H] = 0, -15, 1000
    return given | {"x": x, "b": b}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H)),
        DrawnCase("four steps, sequences, inputs and hidden units", sequence_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("float32", in_dtype(sequence_inputs(rng, T, N, D, H), np.float32)),
        DrawnCase("ten steps of one hidden unit", sequence_inputs(rng, 10, 1, 1, 1)),
        DrawnCase(
            "the same shapes, a cell that drifts while nothing comes in", drifting(sequence_inputs(rng, 10, 1, 1, 1))
        ),
        DrawnCase("a hidden state of zero, and a cell that is not", zeroed(sequence_inputs(rng, T, N, D, H), "h_0")),
        DrawnCase("a cell of zero, and a hidden state that is not", zeroed(sequence_inputs(rng, T, N, D, H), "c_0")),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(sequence_inputs(rng, 3, 2, 1, 2))),
        DrawnCase(
            "the same shapes, a cell that drifts while nothing comes in",
            drifting(short(sequence_inputs(rng, 3, 2, 1, 2))),
        ),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 2, 1, 3, 2)), np.float32)),
        DrawnCase(
            "a hidden state of zero, and a cell that is not", zeroed(short(sequence_inputs(rng, 2, 1, 1, 2)), "h_0")
        ),
    ]


FORWARD = Check(
    "lstm.forward", lstm.forward, draw_forward, worked_forward, axes="h: T N H; c: T N H; gates: gate T N H", task="the same step along a whole sequence", points=2,
    section="lstm-sequence: The whole sequence", earlier=("step",),
    promises={
        **ALWAYS,
        "From step to step, two states are handed on": "cell not carried",
        "Keep both after each step, and the gates as well": "last cell only",
        "The gates have their own axis in front of time": "time before gates",
        "The first step starts from `h_0` and `c_0`": "initial states ignored",
        "Each later step starts from the two states that the step before it returned": "no state carried",
        "An input of zeros is an input like any other": "inputs of zero taken for padding",
        "The hidden states after each step, without h_0": "initial states included",
    },
)  # fmt: skip


def run(x, h_0, c_0, W_x, W_h, b, before=lambda t, h, c: (h, c)):
    """Every step, each from what ``before`` makes of the states that the step before it returned."""
    h, c, found = h_0, c_0, []
    for t in range(len(x)):
        h, c, activations = step(x[t], *before(t, h, c), W_x, W_h, b)
        found.append((h, c, activations))
    hs, cs, parts = zip(*found, strict=True)
    return np.stack(hs), np.stack(cs), np.stack(parts, axis=1)


@FORWARD.misconception(
    "Where an input is zero both states were kept, as if the step were padding. An input of zeros is an input like any other."
)
def inputs_of_zero_taken_for_padding(x, h_0, c_0, W_x, W_h, b):
    h, c, found = h_0, c_0, []
    for x_t in x:
        some = x_t.any(axis=1, keepdims=True)
        new_h, new_c, activations = step(x_t, h, c, W_x, W_h, b)
        h, c = np.where(some, new_h, h), np.where(some, new_c, c)
        found.append((h, c, activations))
    hs, cs, parts = zip(*found, strict=True)
    return np.stack(hs), np.stack(cs), np.stack(parts, axis=1)


@FORWARD.misconception(
    "The cell state was not handed on: every step starts from c_0. Each step should take the c of the one before, as it "
    "takes its h."
)
def cell_not_carried(x, h_0, c_0, W_x, W_h, b):
    return run(x, h_0, c_0, W_x, W_h, b, lambda t, h, c: (h, c_0))


@FORWARD.misconception(
    "The hidden state was not handed on: every step starts from h_0. Each step should take the h of the one before, as it "
    "takes its c."
)
def hidden_state_not_carried(x, h_0, c_0, W_x, W_h, b):
    return run(x, h_0, c_0, W_x, W_h, b, lambda t, h, c: (h_0, c))


@FORWARD.misconception(
    "No state was handed on: every step starts from h_0 and c_0. Each step should take both states of the one before."
)
def no_state_carried(x, h_0, c_0, W_x, W_h, b):
    return run(x, h_0, c_0, W_x, W_h, b, lambda t, h, c: (h_0, c_0))


@FORWARD.misconception("The first step started with a cell state of zeros instead of c_0.")
def initial_cell_ignored(x, h_0, c_0, W_x, W_h, b):
    return forward(x, h_0, 0 * c_0, W_x, W_h, b)


@FORWARD.misconception("The first step started with a hidden state of zeros instead of h_0.")
def initial_hidden_state_ignored(x, h_0, c_0, W_x, W_h, b):
    return forward(x, 0 * h_0, c_0, W_x, W_h, b)


@FORWARD.misconception("The first step started with states of zeros instead of h_0 and c_0.")
def initial_states_ignored(x, h_0, c_0, W_x, W_h, b):
    return forward(x, 0 * h_0, 0 * c_0, W_x, W_h, b)


@FORWARD.misconception(
    "Every step shows the last states and gates: the same array was kept at each step and written over at the next. Keep new "
    "arrays, or copies."
)
def one_array_kept_many_times(x, h_0, c_0, W_x, W_h, b):
    h, c, activations = (part.copy() for part in forward(x, h_0, c_0, W_x, W_h, b))
    h[:], c[:], activations[:] = h[-1], c[-1], activations[:, -1:]
    return h, c, activations


@FORWARD.misconception(
    "The two states change places from step to step. step returns h first and takes h_prev first: hand each to its own."
)
def states_swapped_on_the_way(x, h_0, c_0, W_x, W_h, b):
    return run(x, h_0, c_0, W_x, W_h, b, lambda t, h, c: (c, h) if t else (h, c))


@FORWARD.misconception("These are the states and gates of the last step alone; those of every step are asked for.")
def last_step_only(x, h_0, c_0, W_x, W_h, b):
    h, c, activations = forward(x, h_0, c_0, W_x, W_h, b)
    return h[-1], c[-1], activations[:, -1]


@FORWARD.misconception(
    "Of the cell states only the last was returned. The backward pass needs the c of every step: (T, N, H), like h."
)
def last_cell_only(x, h_0, c_0, W_x, W_h, b):
    h, c, activations = forward(x, h_0, c_0, W_x, W_h, b)
    return h, c[-1], activations


@FORWARD.misconception(
    "The gates have time as their first axis; asked for is (4, T, N, H), so that one assignment takes the four apart. Stack "
    "along axis 1."
)
def time_before_gates(x, h_0, c_0, W_x, W_h, b):
    h, c, activations = forward(x, h_0, c_0, W_x, W_h, b)
    return h, c, activations.swapaxes(0, 1)


@FORWARD.misconception("h_0 and c_0 stand in front of the states; those after each step are asked for, without them.")
def initial_states_included(x, h_0, c_0, W_x, W_h, b):
    h, c, activations = forward(x, h_0, c_0, W_x, W_h, b)
    return np.concatenate([h_0[None], h]), np.concatenate([c_0[None], c]), activations


@FORWARD.misconception("The sequence was read from its end to its beginning.")
def read_backwards(x, h_0, c_0, W_x, W_h, b):
    return forward(x[::-1], h_0, c_0, W_x, W_h, b)


@FORWARD.misconception("The result is float64 though the inputs are float32: np.zeros and np.empty need dtype=.")
def dtype_lost(x, h_0, c_0, W_x, W_h, b):
    return tuple(part.astype(np.float64) for part in forward(x, h_0, c_0, W_x, W_h, b))


FORWARD.changes_nothing(
    {
        "h: h to h_0 (place 4)": "h was made with the dtype of h_0",
    }
)
