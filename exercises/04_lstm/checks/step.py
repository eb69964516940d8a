"""`step`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import lstm
from solutions.with_numpy.lstm import gates as gates_of
from solutions.with_numpy.lstm import step

from .drawing import ALWAYS, SIZES, network, states

Generator = np.random.Generator


def step_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    h_prev, c_prev = states(rng, N, H)
    return {"x": rng.normal(size=(N, D)), "h_prev": h_prev, "c_prev": c_prev, **network(rng, D, H)}


def with_large_cells(given: dict) -> dict:
    """The same with a cell state of a million, or of minus a million, in each sequence: large even after much was forgotten."""
    c_prev = given["c_prev"].copy()
    c_prev[:, 0] = np.resize([1e6, -1e6], len(c_prev))
    return given | {"c_prev": c_prev}


def forgotten(given: dict) -> dict:
    """The same with huge cell states and forget gates that are shut altogether: nothing is left of them."""
    c_prev, b, H = 1e12 * given["c_prev"], given["b"].copy(), given["c_prev"].shape[1]
    b[H : 2 * H] = -1000
    return given | {"c_prev": c_prev, "b": b}


def with_tiny_cells(given: dict) -> dict:
    """The same with cell states next to 0, and nothing written into them."""
    b, H = given["b"].copy(), given["c_prev"].shape[1]
    b[:H] = -1000
    return given | {"c_prev": 1e-12 * given["c_prev"], "b": b}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, D, H)),
        DrawnCase("one sequence", step_inputs(rng, 1, D, H)),
        DrawnCase("one input, one hidden unit", step_inputs(rng, N, 1, 1)),
        DrawnCase("four sequences, inputs and hidden units", step_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(step_inputs(rng, N, D, H), np.float32)),
        DrawnCase("cell states of a million", with_large_cells(step_inputs(rng, N, D, H))),
        DrawnCase("huge cell states, all forgotten", forgotten(step_inputs(rng, N, D, H))),
        DrawnCase(
            "one hidden unit, four sequences and inputs, tiny cell states", with_tiny_cells(step_inputs(rng, 4, 4, 1))
        ),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(step_inputs(rng, 2, 2, 3))),
        DrawnCase("cell states of a million", short(with_large_cells(step_inputs(rng, 2, 2, 3)))),
        DrawnCase("as many sequences, inputs and hidden units", short(step_inputs(rng, 3, 3, 3))),
        DrawnCase("float32, one sequence", in_dtype(short(step_inputs(rng, 1, 1, 2)), np.float32)),
        DrawnCase("huge cell states, all forgotten", forgotten(short(step_inputs(rng, 2, 1, 1)))),
        DrawnCase(
            "one hidden unit, four sequences and inputs, tiny cell states",
            with_tiny_cells(short(step_inputs(rng, 4, 4, 1))),
        ),
    ]


STEP = Check(
    "lstm.step", lstm.step, draw_step, worked_step, axes="h: N H; c: N H; gates: gate N H", task="forget, write, read", points=2,
    section="lstm-step: Forget, write, read", earlier=("gates",),
    promises={
        **ALWAYS,
        "The forget gate decides which share of the old cell state stays": "nothing forgotten",
        "The input gate decides how much of the candidate is added": "everything written",
        "The output gate decides how much of the cell state is shown": "everything shown",
        "The cell state itself goes to the next step as it is, without tanh": "cell kept squashed",
        "The tanh is only for `h`": "cell not squashed",
        "Where the gate is shut altogether, nothing is left of them": "forgotten share taken away",
        "Cell states have no bound": "tanh of the cell by exp",
    },
)  # fmt: skip


@STEP.misconception(
    "The forget gate was applied to the candidate and the input gate to the old cell state; it is the other way round: "
    "f * c_prev + i * g."
)
def input_and_forget_gate_swapped(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = i * c_prev + f * g
    return o * np.tanh(c), c, activations


@STEP.misconception(
    "What is forgotten was taken away from the whole cell state. Beside a huge one the digits of what is written are lost: multiply "
    "c_prev by f, and add only then."
)
def forgotten_share_taken_away(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = c_prev + i * g - (1 - f) * c_prev
    return o * np.tanh(c), c, activations


@STEP.misconception("The old cell state is missing: what the forget gate lets through, f * c_prev, is added to i * g.")
def old_cell_dropped(x, h_prev, c_prev, W_x, W_h, b):
    i, _, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    return o * np.tanh(i * g), i * g, activations


@STEP.misconception(
    "The old cell state was kept whole: the forget gate decides which share of it stays, so multiply c_prev by f."
)
def nothing_forgotten(x, h_prev, c_prev, W_x, W_h, b):
    i, _, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = c_prev + i * g
    return o * np.tanh(c), c, activations


@STEP.misconception(
    "The candidate was written whole: the input gate decides how much of it is added, so multiply g by i."
)
def everything_written(x, h_prev, c_prev, W_x, W_h, b):
    _, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = f * c_prev + g
    return o * np.tanh(c), c, activations


@STEP.misconception(
    "The candidate was weighed by 1 - f, as in a GRU. The LSTM has a gate of its own for writing: it is i * g."
)
def forget_gate_for_both(x, h_prev, c_prev, W_x, W_h, b):
    _, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = f * c_prev + (1 - f) * g
    return o * np.tanh(c), c, activations


@STEP.misconception(
    "The candidate went through tanh a second time; what gates returns has been through it already, so write i * g."
)
def tanh_of_candidate_again(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * np.tanh(g)
    return o * np.tanh(c), c, activations


@STEP.misconception("The tanh of the cell state is missing in h: it is squashed before it is read, o * tanh(c).")
def cell_not_squashed(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g
    return o * c, c, activations


@STEP.misconception("The output gate is missing in h: it decides how much of the cell state is shown, o * tanh(c).")
def everything_shown(x, h_prev, c_prev, W_x, W_h, b):
    _, c, activations = step(x, h_prev, c_prev, W_x, W_h, b)
    return np.tanh(c), c, activations


@STEP.misconception(
    "The tanh was written with exp, which overflows: inf / inf is NaN for a large c. np.tanh is the same and does not."
)
def tanh_of_the_cell_by_exp(x, h_prev, c_prev, W_x, W_h, b):
    _, c, activations = step(x, h_prev, c_prev, W_x, W_h, b)
    up, down = np.exp(c), np.exp(-c)
    return activations[2] * (up - down) / (up + down), c, activations


@STEP.misconception(
    "The output gate stands inside the tanh; it opens or shuts what has been squashed: o * tanh(c), not tanh(o * c)."
)
def output_gate_inside(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g
    return np.tanh(o * c), c, activations


@STEP.misconception(
    "h was read from the old cell state c_prev; first write, then read: it is o * tanh(c) with the new c."
)
def old_cell_read(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    return o * np.tanh(c_prev), f * c_prev + i * g, activations


@STEP.misconception("h was read from the candidate g; the candidate is written into the cell, and h is o * tanh(c).")
def candidate_read(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    return o * np.tanh(g), f * c_prev + i * g, activations


@STEP.misconception(
    "The cell state was kept after tanh. It meets no tanh on its way from step to step: squash it for h alone."
)
def cell_kept_squashed(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = np.tanh(f * c_prev + i * g)
    return o * c, c, activations


@STEP.misconception(
    "The gates were computed from the old cell state; they see the old hidden state: gates(x, h_prev, W_x, W_h, b)."
)
def gates_from_the_cell(x, h_prev, c_prev, W_x, W_h, b):
    return step(x, c_prev, c_prev, W_x, W_h, b)


@STEP.misconception("The hidden state and the cell state have changed places in the result: h comes first, then c.")
def states_swapped_in_the_result(x, h_prev, c_prev, W_x, W_h, b):
    h, c, activations = step(x, h_prev, c_prev, W_x, W_h, b)
    return c, h, activations


@STEP.misconception(
    "The new cell state was written over c_prev, as *= and += do; the backward pass still needs it. Make a new array."
)
def old_cell_overwritten(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c_prev *= f
    c_prev += i * g
    return o * np.tanh(c_prev), c_prev, activations
