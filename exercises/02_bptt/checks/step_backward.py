"""`step_backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, zeroed
from solutions.with_numpy import rnn

from .drawing import ALWAYS, CELL_AXES, STAYS, network, times

Generator = np.random.Generator


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    W_x, W_h, b = network(rng, D, H)
    x, h_prev = rng.normal(size=(N, D)), np.tanh(rng.normal(size=(N, H)))
    if N > 1:  # an input of zero, and a state of zero in another sequence
        x[0] = h_prev[-1] = 0
    h = rnn.step(x, h_prev, W_x, W_h, b)
    return {"dh": rng.normal(size=(N, H)), "x": x, "h_prev": h_prev, "h": h, "W_x": W_x, "W_h": W_h}


def at_the_ends(inputs: dict) -> dict:
    """Some units at the ends of tanh, as they come of large sums: nothing goes through them."""
    h = inputs["h"].copy()
    h[0, 0], h[-1, -1] = 1, -1
    return inputs | {"h": h}


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase(
            "large gradients, some units at the ends of tanh", at_the_ends(times(1000, cell_inputs(rng, N, D, H)))
        ),
        DrawnCase("one sequence, tiny gradients", times(1e-200, cell_inputs(rng, 1, D, H))),
        DrawnCase("no gradient at all", zeroed(cell_inputs(rng, N, D, H), "dh")),
        DrawnCase("one input, one hidden unit", cell_inputs(rng, N, 1, 1)),
        DrawnCase("as many sequences, inputs and hidden units", cell_inputs(rng, H, H, H)),
        DrawnCase("float32", in_dtype(cell_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a large layer", cell_inputs(rng, 32, 80, 128)),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(cell_inputs(rng, 2, 3, 4))),
        DrawnCase("as many sequences, inputs and hidden units", short(cell_inputs(rng, 3, 3, 3))),
        DrawnCase(
            "large gradients, some units at the ends of tanh",
            at_the_ends(times(1000, short(cell_inputs(rng, 2, 3, 4)))),
        ),
        DrawnCase("one sequence, tiny gradients", times(1e-200, short(cell_inputs(rng, 1, 2, 3)))),
        DrawnCase("no gradient at all", zeroed(short(cell_inputs(rng, 2, 1, 2)), "dh")),
        DrawnCase("float32", in_dtype(short(cell_inputs(rng, 2, 3, 2)), np.float32)),
    ]


STEP_BACKWARD = Check(
    "rnn.step_backward", rnn.step_backward, draw_step_backward, worked_step_backward, axes=CELL_AXES, task="the gradients of one step", points=3,
    section="bptt-step: One step backwards",
    promises=ALWAYS | STAYS | {
        "First it goes through the tanh": "slope of tanh left out",
        "da = dh * (1 - h_t^2)": "square left out",
        "Its result, as ``step`` returned it.": "tanh taken twice",
        "The last three gradients are summed over them.": "mean over sequences",
        "has the same shape": "gradient of weights transposed",
        "The hidden states before it.": "new state for old",
    },
)  # fmt: skip


def from_sum(da, x, h_prev, W_x, W_h):
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "The slope of tanh is left out: dh has to be multiplied by 1 - h**2 before it goes any further."
)
def slope_of_tanh_left_out(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - tanh(h)**2. But h is already the result of tanh, so the slope is 1 - h**2."
)
def tanh_taken_twice(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - np.tanh(h) ** 2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken from the sum before tanh, as 1 - a**2; in 1 - h**2 stands the result after it."
)
def slope_from_the_sum(dh, x, h_prev, h, W_x, W_h):
    a = x @ W_x.T + h_prev @ W_h.T
    return from_sum(dh * (1 - a**2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception("The slope of tanh was taken as 1 - h; h has to be squared: 1 - h**2.")
def square_left_out(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - h), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception("The slope of tanh was taken from the old state h_prev; it belongs to the new one, h.")
def slope_from_the_old_state(dh, x, h_prev, h, W_x, W_h):
    return from_sum(dh * (1 - h_prev**2), x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dh_prev was taken through W_h.T. The step forwards has W_h.T; for rows, the way back has W_h itself."
)
def recurrent_weights_transposed(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h.T, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception("dh_prev was taken from dh; it has to go through tanh first, so it starts from da.")
def past_tanh(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, dh @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "dW_h is transposed: its rows belong to the units of the new state, as those of W_h do, so da comes first."
)
def gradient_of_weights_transposed(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, h_prev.T @ da, da.sum(axis=0)


@STEP_BACKWARD.misconception("dW_h was made with the new state h; W_h was multiplied by the old one, h_prev.")
def new_state_for_old(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h, da.sum(axis=0)


@STEP_BACKWARD.misconception(
    "db was summed over the hidden units. Each unit has a bias of its own; the sum goes over the sequences, axis 0."
)
def bias_over_the_wrong_axis(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=1)


@STEP_BACKWARD.misconception(
    "The gradients of the weights and of the bias are means over the sequences; they should be sums, as the loss is."
)
def mean_over_sequences(dh, x, h_prev, h, W_x, W_h):
    da = dh * (1 - h**2)
    return da @ W_x, da @ W_h, da.T @ x / len(x), da.T @ h_prev / len(x), da.mean(axis=0)


@STEP_BACKWARD.misconception(
    "The result was written over dh, as *= does; whoever called step_backward still needs it. Write da = dh * … instead."
)
def incoming_gradient_overwritten(dh, x, h_prev, h, W_x, W_h):
    dh *= 1 - h**2
    return from_sum(dh, x, h_prev, W_x, W_h)
