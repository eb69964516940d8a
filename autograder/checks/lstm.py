"""Exercise 4: the checks of the LSTM, and what learners get wrong about it."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise
from autograder.checks.drawing import in_dtype, short, sizes
from solutions.with_numpy import cell_path, initialisation, lstm
from solutions.with_numpy.cell_path import step_jacobian
from solutions.with_numpy.lstm import forward, step, step_backward
from solutions.with_numpy.lstm import gates as gates_of

Generator = np.random.Generator
SIZES = (2, 3, 5, 6, 7)  # no axis can stand in for the four blocks
WEIGHT_AXES = "dW_x: 4H D; dW_h: 4H H; db: 4H"


def network(rng: Generator, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, where every gradient would be near zero."""
    return {
        "W_x": rng.normal(size=(4 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(4 * H, H)) / np.sqrt(H),
        "b": 0.5 * rng.normal(size=4 * H),
    }


def states(rng: Generator, N: int, H: int) -> tuple[np.ndarray, np.ndarray]:
    """A hidden state and a cell state."""
    return np.tanh(rng.normal(size=(N, H))), rng.normal(size=(N, H))


# ---- gates -----------------------------------------------------------------------------------------------------------


def gate_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    return {"x": rng.normal(size=(N, D)), "h_prev": np.tanh(rng.normal(size=(N, H))), **network(rng, D, H)}


def saturated(rng: Generator, N: int, D: int, H: int) -> dict:
    """Biases so large, half of them positive, that every gate is open or shut as far as it goes."""
    signs = rng.permutation(np.repeat([-1.0, 1.0], 2 * H))
    return gate_inputs(rng, N, D, H) | {"b": signs * rng.uniform(1000, 3000, size=4 * H)}


def draw_gates(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", gate_inputs(rng, N, D, H)),
        DrawnCase("one sequence", gate_inputs(rng, 1, D, H)),
        DrawnCase("one hidden unit", gate_inputs(rng, N, D, 1)),
        DrawnCase("four sequences, inputs and hidden units", gate_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(gate_inputs(rng, N, D, H), np.float32)),
        DrawnCase("sums of more than a thousand", saturated(rng, N, D, H)),
    ]


def worked_gates(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(gate_inputs(rng, 2, 2, 3))),
        DrawnCase("one sequence", short(gate_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(gate_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(gate_inputs(rng, 2, 1, 2)), np.float32)),
        DrawnCase("sums of more than a thousand", short(saturated(rng, 2, 2, 2))),
    ]


GATES = Check(
    "lstm.gates", lstm.gates, draw_gates, worked_gates, axes="gate N H", points=2,
    section="lstm-gates: The gates",
)  # fmt: skip


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def blocks(x, h_prev, W_x, W_h, b):
    """The sums of the four blocks, (4, N, H)."""
    a = x @ W_x.T + h_prev @ W_h.T + b
    return a.reshape(len(x), 4, -1).swapaxes(0, 1)


def opened(a):
    return np.concatenate([sigmoid(a[:3]), np.tanh(a[3:])])


@GATES.misconception(
    "The blocks were read in the order i, f, g, o, as PyTorch has them. Here they stand as i, f, o, g: the candidate is last."
)
def blocks_in_the_order_of_pytorch(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, b)[[0, 1, 3, 2]])


@GATES.misconception("The result has the order i, f, g, o; the order asked for is i, f, o, g, with the candidate last.")
def result_in_the_order_of_pytorch(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, b))[[0, 1, 3, 2]]


@GATES.misconception("The candidate g went through the sigmoid. It may be negative: it goes through tanh.")
def sigmoid_of_candidate(x, h_prev, W_x, W_h, b):
    return sigmoid(blocks(x, h_prev, W_x, W_h, b))


@GATES.misconception(
    "The gates went through tanh. A gate lies between 0 and 1: i, f and o go through the sigmoid, and g alone through tanh."
)
def tanh_of_gates(x, h_prev, W_x, W_h, b):
    return np.tanh(blocks(x, h_prev, W_x, W_h, b))


@GATES.misconception(
    "The sign in the sigmoid is turned round, so open gates are shut: it is 1 / (1 + exp(-a)), with a minus sign."
)
def sign_of_sigmoid(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.concatenate([sigmoid(-a[:3]), np.tanh(a[3:])])


@GATES.misconception("The sigmoid was taken as (1 + tanh(a)) / 2; inside the tanh stands half of a.")
def half_left_out(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.concatenate([sigmoid(2 * a[:3]), np.tanh(a[3:])])


@GATES.misconception("It is what you get when the bias b is left out.")
def bias_left_out(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, 0 * b))


@GATES.misconception(
    "It is what you get without the old hidden state: each gate sees the input and what came before it, so add h_prev @ W_h.T."
)
def old_state_left_out(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, 0 * h_prev, W_x, W_h, b))


@GATES.misconception(
    "The sums (N, 4H) were reshaped to (4, N, H) at once, which mixes sequences and blocks. Split the last axis first: "
    "(N, 4, H), then swap."
)
def reshaped_at_once(x, h_prev, W_x, W_h, b):
    return opened((x @ W_x.T + h_prev @ W_h.T + b).reshape(4, len(x), -1))


@GATES.misconception(
    "The rows of the weights were dealt out in turn, one for each gate. The first H rows are the input gate, the next H the "
    "forget gate, and so on."
)
def blocks_interleaved(x, h_prev, W_x, W_h, b):
    a = x @ W_x.T + h_prev @ W_h.T + b
    return opened(np.moveaxis(a.reshape(len(x), -1, 4), 2, 0))


@GATES.misconception("The sequences come first in your result; here the four gates do: (4, N, H).")
def sequences_first(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, b)).swapaxes(0, 1)


@GATES.misconception(
    "exp overflows: exp(a) / (1 + exp(a)) becomes inf / inf for a large a. 1 / (1 + exp(-a)) is the same and does not."
)
def infinite_over_infinite(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.concatenate([np.exp(a[:3]) / (1 + np.exp(a[:3])), np.tanh(a[3:])])


# ---- step ------------------------------------------------------------------------------------------------------------


def step_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    h_prev, c_prev = states(rng, N, H)
    return {"x": rng.normal(size=(N, D)), "h_prev": h_prev, "c_prev": c_prev, **network(rng, D, H)}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, D, H)),
        DrawnCase("one sequence", step_inputs(rng, 1, D, H)),
        DrawnCase("one hidden unit", step_inputs(rng, N, D, 1)),
        DrawnCase("four sequences, inputs and hidden units", step_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(step_inputs(rng, N, D, H), np.float32)),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(step_inputs(rng, 2, 2, 3))),
        DrawnCase("one sequence", short(step_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(step_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(step_inputs(rng, 2, 1, 2)), np.float32)),
    ]


STEP = Check(
    "lstm.step", lstm.step, draw_step, worked_step, axes="h: N H; c: N H; gates: gate N H", points=2,
    section="lstm-step: Forget, write, read", earlier=("gates",),
)  # fmt: skip


@STEP.misconception(
    "The forget gate was applied to the candidate and the input gate to the old cell state; it is the other way round: "
    "f * c_prev + i * g."
)
def input_and_forget_gate_swapped(x, h_prev, c_prev, W_x, W_h, b):
    i, f, o, g = activations = gates_of(x, h_prev, W_x, W_h, b)
    c = i * c_prev + f * g
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


# ---- forward ---------------------------------------------------------------------------------------------------------


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int) -> dict:
    h_0, c_0 = states(rng, N, H)
    return {"x": rng.normal(size=(T, N, D)), "h_0": h_0, "c_0": c_0, **network(rng, D, H)}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H)),
        DrawnCase("four steps, sequences, inputs and hidden units", sequence_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("float32", in_dtype(sequence_inputs(rng, T, N, D, H), np.float32)),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(sequence_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 2, 1, 3, 2)), np.float32)),
    ]


FORWARD = Check(
    "lstm.forward", lstm.forward, draw_forward, worked_forward, axes="h: T N H; c: T N H; gates: gate T N H", points=2,
    section="lstm-sequence: The whole sequence", earlier=("step",),
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


# ---- step_backward ---------------------------------------------------------------------------------------------------


def rounded(inputs: dict) -> dict:
    """The same with few decimals, so that the states are still what the gates make of the states before them."""
    few = short(inputs)
    single = "h_prev" in few
    x, c = few["x"], few["c_prev"] if single else few["c_0"]
    activations = few["gates"][:, None] if single else few["gates"]
    hs, cs = [], []
    for t in range(1 if single else len(x)):
        i, f, o, g = activations[:, t]
        c = np.round(f * c + i * g, 6)
        cs.append(c)
        hs.append(np.round(o * np.tanh(c), 6))
    if single:
        return few | {"c": cs[0]}
    return few | {"c": np.stack(cs)} | ({"h": np.stack(hs)} if "h" in few else {})


def cell_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    given = step_inputs(rng, N, D, H)
    _, c, activations = step(**given)
    known = {"x": given["x"], "h_prev": given["h_prev"], "c_prev": given["c_prev"], "c": c, "gates": activations}
    gradients = {"dh": rng.normal(size=(N, H)), "dc": rng.normal(size=(N, H))}
    return {**gradients, **known, "W_x": given["W_x"], "W_h": given["W_h"]}


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", cell_inputs(rng, N, D, H)),
        DrawnCase("one sequence", cell_inputs(rng, 1, D, H)),
        DrawnCase("one hidden unit", cell_inputs(rng, N, D, 1)),
        DrawnCase("four sequences, inputs and hidden units", cell_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(cell_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a large layer", cell_inputs(rng, 32, 64, 64)),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", rounded(cell_inputs(rng, 2, 2, 3))),
        DrawnCase("one sequence", rounded(cell_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", rounded(cell_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(rounded(cell_inputs(rng, 2, 1, 2)), np.float32)),
    ]


STEP_BACKWARD = Check(
    "lstm.step_backward", lstm.step_backward, draw_step_backward, worked_step_backward,
    axes=f"dx: N D; dh_prev: N H; dc_prev: N H; {WEIGHT_AXES}", points=4,
    section="lstm-backward: One step backwards",
)  # fmt: skip


def arriving(dh, dc, c, o):
    """The gradient of the new cell state over both ways."""
    return dc + dh * o * (1 - np.tanh(c) ** 2)


def from_sums(da, dc_prev, x, h_prev, W_x, W_h):
    da = np.concatenate(da, axis=1)
    return da @ W_x, da @ W_h, dc_prev, da.T @ x, da.T @ h_prev, da.sum(axis=0)


def sums(dh, dc, c_prev, c, gates):
    """The gradients of the four sums, given that of the cell state over both ways."""
    i, f, o, g = gates
    return [
        dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)
    ]  # fmt: skip


@STEP_BACKWARD.misconception(
    "The path through h is missing in the gradient of c: h is made of c too, so add dh * o * (1 - tanh(c)**2) to dc."
)
def path_through_h_forgotten(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return from_sums(sums(dh, dc, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc was dropped: the later steps reach this cell state without passing through h, and their gradient dc has to be added."
)
def incoming_dc_dropped(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    return step_backward(dh, 0 * dc, x, h_prev, c_prev, c, gates, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - c**2. But c stands before the tanh, so the slope is 1 - tanh(c)**2."
)
def slope_from_the_cell(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = dc + dh * gates[2] * (1 - c**2)
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of the tanh around c is missing: on its way from h to c, the gradient is dh * o * (1 - tanh(c)**2)."
)
def slope_of_the_cell_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = dc + dh * gates[2]
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The output gate is missing on the way from h to c: h is o * tanh(c), so dh is multiplied by o and by the slope of tanh."
)
def output_gate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, 1)
    return from_sums(sums(dh, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the forget gate was made with the new cell state c; f was multiplied by the old one, c_prev."
)
def new_cell_for_old(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of the sigmoid is missing: the gradients of i, f and o are each multiplied by the gate times 1 minus the gate."
)
def slope_of_sigmoid_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    da = [whole * g, whole * c_prev, dh * np.tanh(c), whole * i * (1 - g**2)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The slope of tanh is missing at the candidate: its gradient is multiplied by 1 - g**2 before it reaches the sum."
)
def slope_of_candidate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, _ = gates
    whole = arriving(dh, dc, c, o)
    da = [*sums(dh, whole, c_prev, c, gates)[:3], whole * i]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The candidate was given the slope of the sigmoid, g * (1 - g). It went through tanh, whose slope is 1 - g**2."
)
def candidate_as_a_gate(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    da = [*sums(dh, whole, c_prev, c, gates)[:3], whole * i * g * (1 - g)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The input gate and the candidate were mixed up: in the product i * g, the gradient of one factor has the other in it."
)
def factor_for_the_other(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    i, f, o, g = gates
    whole = arriving(dh, dc, c, o)
    _, da_f, da_o, _ = sums(dh, whole, c_prev, c, gates)
    da = [whole * i * i * (1 - i), da_f, da_o, whole * g * (1 - g**2)]
    return from_sums(da, whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the output gate was made with c; o was multiplied by tanh(c), so it is dh * tanh(c)."
)
def cell_not_squashed_at_the_output(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    _, f, o, _ = gates
    whole = arriving(dh, dc, c, o)
    da_i, da_f, _, da_g = sums(dh, whole, c_prev, c, gates)
    return from_sums([da_i, da_f, dh * c * o * (1 - o), da_g], whole * f, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradient of the output gate starts from dc; the output gate acts on h alone, so it starts from dh."
)
def output_gate_from_dc(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(whole, whole, c_prev, c, gates), whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc_prev was made from dc as it came in; what came through h flows on to the old cell state too: add it first."
)
def old_dc_handed_back(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "dc_prev lacks the forget gate: c_prev was multiplied by f on its way to c, and so is its gradient on the way back."
)
def forget_gate_left_out(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    return from_sums(sums(dh, whole, c_prev, c, gates), whole, x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The blocks of da were put together as i, f, g, o. The weights have them as i, f, o, g, with the candidate last."
)
def blocks_put_together_as_in_pytorch(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    whole = arriving(dh, dc, c, gates[2])
    da_i, da_f, da_o, da_g = sums(dh, whole, c_prev, c, gates)
    return from_sums([da_i, da_f, da_g, da_o], whole * gates[1], x, h_prev, W_x, W_h)


@STEP_BACKWARD.misconception(
    "The gradients of the weights and of the bias are means over the sequences; they should be sums, as the loss is."
)
def mean_over_sequences(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    found = step_backward(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h)
    return *found[:3], *(gradient / len(x) for gradient in found[3:])


@STEP_BACKWARD.misconception(
    "The result was written over dc, as += does; whoever called step_backward still needs it. Write dc = dc + … instead."
)
def incoming_dc_overwritten(dh, dc, x, h_prev, c_prev, c, gates, W_x, W_h):
    dc += dh * gates[2] * (1 - np.tanh(c) ** 2)
    return from_sums(sums(dh, dc, c_prev, c, gates), dc * gates[1], x, h_prev, W_x, W_h)


# ---- backward --------------------------------------------------------------------------------------------------------


def backward_inputs(rng: Generator, T: int, N: int, D: int, H: int) -> dict:
    given = sequence_inputs(rng, T, N, D, H)
    h, c, activations = forward(**given)
    gradients = {"dh": rng.normal(size=(T, N, H)), "dc_T": rng.normal(size=(N, H))}
    known = {name: given[name] for name in ("x", "h_0", "c_0")} | {"h": h, "c": c, "gates": activations}
    return {**gradients, **known, "W_x": given["W_x"], "W_h": given["W_h"]}


def draw_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", backward_inputs(rng, T, N, D, H)),
        DrawnCase("one step", backward_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", backward_inputs(rng, T, 1, D, H)),
        DrawnCase("one hidden unit", backward_inputs(rng, T, N, D, 1)),
        DrawnCase("four steps, sequences, inputs and hidden units", backward_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("float32", in_dtype(backward_inputs(rng, T, N, D, H), np.float32)),
        DrawnCase("many steps of a larger layer", backward_inputs(rng, 30, 4, 20, 32)),
    ]


def worked_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", rounded(backward_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("one step", rounded(backward_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", rounded(backward_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(rounded(backward_inputs(rng, 2, 1, 3, 2)), np.float32)),
    ]


BACKWARD = Check(
    "lstm.backward", lstm.backward, draw_backward, worked_backward,
    axes=f"dx: T N D; dh_0: N H; dc_0: N H; {WEIGHT_AXES}", points=3,
    section="lstm-through-time: The whole sequence backwards", earlier=("step_backward",),
)  # fmt: skip


def steps_back(dh, dc_T, x, h_before, c_before, c, gates, W_x, W_h, handed=lambda t, dh, dc: (dh, dc)):
    """The gradients of each step, in the order of time, each from what ``handed`` makes of those of the step after."""
    dh_next, dc_next, parts = np.zeros_like(dc_T), dc_T, []
    for t in reversed(range(len(x))):
        dh_next, dc_next = handed(t, dh_next, dc_next)
        found = step_backward(dh[t] + dh_next, dc_next, x[t], h_before[t], c_before[t], c[t], gates[:, t], W_x, W_h)
        parts.append(found)
        dh_next, dc_next = found[1:3]
    return parts[::-1]


def added(parts):
    """The gradients of the inputs side by side, those of the weights added up."""
    weights = (sum(part[place] for part in parts) for place in (3, 4, 5))
    return np.stack([part[0] for part in parts]), *parts[0][1:3], *weights


def all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed=lambda t, dh, dc: (dh, dc)):
    return steps_back(dh, dc_T, x, [h_0, *h[:-1]], [c_0, *c[:-1]], c, gates, W_x, W_h, handed)


@BACKWARD.misconception(
    "The gradient of the cell state was not handed on: each step should get the dc_prev of the step after as its dc."
)
def cell_gradient_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e if t == last else 0 * e)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "What the next step hands back to h was dropped: the gradient of h is dh[t] plus the dh_prev of step t + 1."
)
def hidden_gradient_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, lambda t, d, e: (0 * d, e)))


@BACKWARD.misconception(
    "dc_T was not used. The last cell state may have a gradient from outside: it is the dc of the last step."
)
def last_cell_gradient_ignored(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, 0 * dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "dc_T was added at every step. It is the gradient of the last cell state alone; the others get what is handed back."
)
def last_cell_gradient_at_every_step(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e if t == last else e + dc_T)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "Only the last state's own gradient was used. Every step may have a loss of its own, so dh[t] is added at each step."
)
def direct_gradients_dropped(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = np.zeros_like(dh)
    last[-1] = dh[-1]
    return added(all_back(last, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "The two gradients change places from step to step. step_backward returns dh_prev before dc_prev: hand each to its own."
)
def gradients_swapped_on_the_way(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    last = len(x) - 1
    handed = lambda t, d, e: (d, e) if t == last else (e, d)  # noqa: E731
    return added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h, handed))


@BACKWARD.misconception(
    "step_backward got c[t] as the old cell state; the one before step t is c[t - 1], and c_0 before the first."
)
def new_cell_as_the_old(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(steps_back(dh, dc_T, x, [h_0, *h[:-1]], c, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "step_backward got h[t] as the old hidden state; the one before step t is h[t - 1], and h_0 before the first."
)
def new_hidden_state_as_the_old(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(steps_back(dh, dc_T, x, h, [c_0, *c[:-1]], c, gates, W_x, W_h))


@BACKWARD.misconception(
    "The first step got the last states as its old ones: with t = 0, h[t - 1] and c[t - 1] are the ends of the arrays. Use "
    "h_0 and c_0 there."
)
def last_states_before_the_first(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h[-1], c[-1], h, c, gates, W_x, W_h))


@BACKWARD.misconception("The first step got zeros as its old cell state; before it stands c_0.")
def initial_cell_state_ignored(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    return added(all_back(dh, dc_T, x, h_0, 0 * c_0, h, c, gates, W_x, W_h))


@BACKWARD.misconception(
    "The loop runs from the first step to the last. A gradient is handed from a step to the one before it, so begin at the end."
)
def from_first_to_last(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    dh_next, dc_next, parts = np.zeros_like(h_0), dc_T, []
    for t in range(len(x)):
        h_prev, c_prev = (h[t - 1], c[t - 1]) if t > 0 else (h_0, c_0)
        parts.append(step_backward(dh[t] + dh_next, dc_next, x[t], h_prev, c_prev, c[t], gates[:, t], W_x, W_h))
        dh_next, dc_next = parts[-1][1:3]
    dx, _, _, *weights = added(parts)
    return dx, dh_next, dc_next, *weights


@BACKWARD.misconception(
    "The gradients of the weights are those of one step alone. The same weights are used at every step: add up the "
    "gradients of all steps."
)
def weights_of_one_step(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    parts = all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h)
    return np.stack([part[0] for part in parts]), *parts[0][1:]


@BACKWARD.misconception(
    "The gradients of the weights are means over the steps; each use of a weight adds to its gradient, so add them up."
)
def mean_over_steps(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    found = added(all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h))
    return *found[:3], *(gradient / len(x) for gradient in found[3:])


@BACKWARD.misconception(
    "The gradient was added into dh, as dh[t] += … does; whoever called backward still needs it. Write dh[t] + dh_next."
)
def direct_gradients_overwritten(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h):
    found = all_back(dh, dc_T, x, h_0, c_0, h, c, gates, W_x, W_h)
    for t in range(len(x) - 1):
        dh[t] += found[t + 1][1]
    return added(found)


# ---- direct_path -----------------------------------------------------------------------------------------------------


def gate_values(rng: Generator, T: int, N: int, H: int, low: float = 0.3, high: float = 0.98) -> dict:
    return {"f": rng.uniform(low, high, size=(T, N, H))}


def draw_direct_path(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several steps", gate_values(rng, T, N, H)),
        DrawnCase("one step", gate_values(rng, 1, N, H)),
        DrawnCase("one sequence", gate_values(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", gate_values(rng, T, T, T)),
        DrawnCase("float32", in_dtype(gate_values(rng, T, N, H), np.float32)),
        DrawnCase("a hundred steps with gates near 1", gate_values(rng, 100, N, H, 0.97, 0.999)),
    ]


def worked_direct_path(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps", short(gate_values(rng, 4, 2, 3))),
        DrawnCase("one step", short(gate_values(rng, 1, 3, 2))),
        DrawnCase("as many steps, sequences and hidden units", short(gate_values(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(gate_values(rng, 3, 1, 2)), np.float32)),
    ]


DIRECT_PATH = Check(
    "cell_path.direct_path", cell_path.direct_path, draw_direct_path, worked_direct_path, axes="N H", points=1,
    section="lstm-direct-path: The direct path",
)  # fmt: skip


@DIRECT_PATH.misconception(
    "The gates were added up; each step multiplies what is left by its gate, so take the product."
)
def sum_of_gates(f):
    return f.sum(axis=0)


@DIRECT_PATH.misconception("It is the mean gate; each step multiplies what is left by its gate, so take the product.")
def mean_of_gates(f):
    return f.mean(axis=0)


@DIRECT_PATH.misconception("It is the forget gate of the last step alone; the gates of all steps are multiplied.")
def last_gate_only(f):
    return f[-1]


@DIRECT_PATH.misconception(
    "The product goes over the sequences; time is the first axis, and each sequence has a path of its own: axis=0."
)
def product_over_sequences(f):
    return f.prod(axis=1)


@DIRECT_PATH.misconception(
    "The product goes over the hidden units; time is the first axis, and each unit has a path of its own: axis=0."
)
def product_over_units(f):
    return f.prod(axis=2)


@DIRECT_PATH.misconception(
    "The first step is missing in the product. Its gate stands between c_0 and c_1, so it belongs to the path."
)
def first_gate_left_out(f):
    return f[1:].prod(axis=0)


@DIRECT_PATH.misconception(
    "The mean gate was taken to the power of the number of steps. Gates differ from step to step, so multiply the gates themselves."
)
def power_of_the_mean(f):
    return f.mean(axis=0) ** len(f)


@DIRECT_PATH.misconception("What is forgotten was multiplied, 1 - f; the forget gate itself says which share stays.")
def forgotten_for_kept(f):
    return (1 - f).prod(axis=0)


@DIRECT_PATH.misconception(
    "These are the products up to each step; the product over the whole span is asked for, which is the last of them."
)
def product_after_every_step(f):
    return f.cumprod(axis=0)


# ---- full_derivative -------------------------------------------------------------------------------------------------


def path_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """With weights large enough that much of the derivative comes through the gates."""
    given = sequence_inputs(rng, T, N, 3, H)
    given["W_h"] = 1.5 * given["W_h"]
    _, c, activations = forward(**given)
    return {"c_0": given["c_0"], "c": c, "gates": activations, "W_h": given["W_h"]}


def draw_full_derivative(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several steps", path_inputs(rng, T, N, H)),
        DrawnCase("one step", path_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", path_inputs(rng, T, 1, H)),
        DrawnCase("three steps", path_inputs(rng, 3, N, H)),
        DrawnCase("four steps, sequences and hidden units", path_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(path_inputs(rng, T, N, H), np.float32)),
    ]


def worked_full_derivative(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, H: int) -> dict:
        given = path_inputs(rng, T, N, H)
        few = rounded({"x": np.zeros(T), **given})
        return {name: few[name] for name in given}

    return [
        DrawnCase("three steps", inputs(3, 1, 2)),
        DrawnCase("one step", inputs(1, 2, 2)),
        DrawnCase("as many steps, sequences and hidden units", inputs(3, 3, 3)),
        DrawnCase("float32", in_dtype(inputs(2, 1, 3), np.float32)),
    ]


FULL_DERIVATIVE = Check(
    "cell_path.full_derivative", cell_path.full_derivative, draw_full_derivative, worked_full_derivative,
    axes="N H H", points=2, section="lstm-full-derivative: The full derivative",
)  # fmt: skip


def jacobians(c_before, c, gates, W_h):
    return [step_jacobian(c[t], c_before[t], gates[:, t], W_h) for t in range(len(c))]


def product_of(factors):
    """The later factor on the left."""
    product = factors[0]
    for factor in factors[1:]:
        product = factor @ product
    return product


def corner(matrix):
    H = matrix.shape[-1] // 2
    return matrix[:, :H, :H]


def all_jacobians(c_0, c, gates, W_h):
    return jacobians([c_0, *c[:-1]], c, gates, W_h)


@FULL_DERIVATIVE.misconception(
    "The Jacobians were multiplied in the wrong order: the first step acts first, so it stands on the right, and each later one "
    "comes from the left."
)
def factors_in_the_wrong_order(c_0, c, gates, W_h):
    return corner(product_of(all_jacobians(c_0, c, gates, W_h)[::-1]))


@FULL_DERIVATIVE.misconception(
    "It is the direct path again: only the blocks from c to c were multiplied, or numbers and not matrices. Multiply the whole "
    "Jacobians with @, and cut out the block at the end."
)
def block_cut_out_too_early(c_0, c, gates, W_h):
    return product_of([corner(J) for J in all_jacobians(c_0, c, gates, W_h)])


@FULL_DERIVATIVE.misconception(
    "It is the block below: the derivative of the last hidden state. That of the last cell state stands in the first H rows."
)
def hidden_state_at_the_end(c_0, c, gates, W_h):
    H = c.shape[-1]
    return product_of(all_jacobians(c_0, c, gates, W_h))[:, H:, :H]


@FULL_DERIVATIVE.misconception(
    "It is the block on the right: the derivative with respect to h_0. That with respect to c_0 stands in the first H columns."
)
def hidden_state_at_the_beginning(c_0, c, gates, W_h):
    H = c.shape[-1]
    return product_of(all_jacobians(c_0, c, gates, W_h))[:, :H, H:]


@FULL_DERIVATIVE.misconception(
    "It is the whole product, with 2H rows and columns; only its block from c to c is asked for."
)
def block_not_cut_out(c_0, c, gates, W_h):
    return product_of(all_jacobians(c_0, c, gates, W_h))


@FULL_DERIVATIVE.misconception(
    "Rows and columns have changed places: the rows belong to the cells at the end, the columns to those at the beginning."
)
def transposed(c_0, c, gates, W_h):
    return corner(product_of(all_jacobians(c_0, c, gates, W_h))).swapaxes(1, 2)


@FULL_DERIVATIVE.misconception("It is the Jacobian of the last step alone; those of all steps are multiplied.")
def last_step_alone(c_0, c, gates, W_h):
    return corner(all_jacobians(c_0, c, gates, W_h)[-1])


@FULL_DERIVATIVE.misconception("The Jacobians were added up; by the chain rule they are multiplied.")
def sum_of_jacobians(c_0, c, gates, W_h):
    return corner(sum(all_jacobians(c_0, c, gates, W_h)))


@FULL_DERIVATIVE.misconception(
    "The Jacobian of the first step is missing: it leads from c_0 to c_1, so the product has as many factors as steps."
)
def first_step_left_out(c_0, c, gates, W_h):
    first, *later = all_jacobians(c_0, c, gates, W_h)
    return corner(product_of([np.broadcast_to(np.eye(first.shape[1], dtype=c.dtype), first.shape), *later]))


@FULL_DERIVATIVE.misconception(
    "step_jacobian got c[t] as the cell state before the step; that is c[t - 1], and c_0 before the first."
)
def cell_after_for_cell_before(c_0, c, gates, W_h):
    return corner(product_of(jacobians(c, c, gates, W_h)))


@FULL_DERIVATIVE.misconception(
    "step_jacobian got its two cell states in the wrong order: the one after the step comes first, then the one before it."
)
def cells_swapped(c_0, c, gates, W_h):
    return corner(product_of(jacobians(c, [c_0, *c[:-1]], gates, W_h)))


# ---- forget_bias -----------------------------------------------------------------------------------------------------


def draw_forget_bias(rng: Generator) -> list[DrawnCase]:
    H, other = sizes(rng, 2, SIZES)
    return [
        DrawnCase("no value given", {"b": rng.normal(size=4 * H)}),
        DrawnCase("another value", {"b": rng.normal(size=4 * other), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase("a negative value", {"b": rng.normal(size=4 * H), "value": -float(rng.uniform(1.5, 4.0))}),
        DrawnCase("one hidden unit", {"b": rng.normal(size=4), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase("four hidden units", {"b": rng.normal(size=16), "value": float(rng.uniform(1.5, 4.0))}),
        DrawnCase("float32", {"b": rng.normal(size=4 * H).astype(np.float32), "value": float(rng.uniform(1.5, 4.0))}),
    ]


def worked_forget_bias(rng: Generator) -> list[DrawnCase]:
    b = [np.round(rng.normal(size=4 * H), 2) for H in (2, 3, 1, 2)]
    return [
        DrawnCase("no value given", {"b": b[0]}),
        DrawnCase("three hidden units", {"b": b[1], "value": 2.5}),
        DrawnCase("one hidden unit", {"b": b[2], "value": -1.5}),
        DrawnCase("float32", {"b": b[3].astype(np.float32), "value": 3.0}),
    ]


FORGET_BIAS = Check(
    "initialisation.forget_bias", initialisation.forget_bias, draw_forget_bias, worked_forget_bias, axes="4H", points=1,
    section="lstm-forget-bias: The forget bias",
)  # fmt: skip


def with_value(b, where, value):
    changed = b.copy()
    changed[where] = value
    return changed


@FORGET_BIAS.misconception(
    "The value was written into the first block, the input gate's. The blocks are i, f, o, g: the forget gate's is the second."
)
def input_gate_for_forget_gate(b, value=1.0):
    return with_value(b, slice(0, len(b) // 4), value)


@FORGET_BIAS.misconception(
    "The value was written into the third block, the output gate's. The blocks are i, f, o, g: the forget gate's is the second."
)
def output_gate_for_forget_gate(b, value=1.0):
    return with_value(b, slice(len(b) // 2, 3 * len(b) // 4), value)


@FORGET_BIAS.misconception("The value was written into the whole bias; only the forget gate's block should change.")
def whole_bias_set(b, value=1.0):
    return with_value(b, slice(None), value)


@FORGET_BIAS.misconception("The blocks i, o and g became zero; they should stay as they were: begin with a copy of b.")
def other_blocks_zero(b, value=1.0):
    return with_value(0 * b, slice(len(b) // 4, len(b) // 2), value)


@FORGET_BIAS.misconception("The value was added to the forget gate's block; the block is set to it, whatever it was.")
def added_for_set(b, value=1.0):
    H = len(b) // 4
    return with_value(b, slice(H, 2 * H), b[H : 2 * H] + value)


@FORGET_BIAS.misconception("Only one number was set; the forget gate has a bias for each of the H units, from H to 2H.")
def one_unit_only(b, value=1.0):
    return with_value(b, len(b) // 4, value)


@FORGET_BIAS.misconception(
    "Every fourth number was set. The biases do not take turns: those of the forget gate stand together, from H to 2H."
)
def blocks_taken_as_interleaved(b, value=1.0):
    return with_value(b, slice(1, None, 4), value)


@FORGET_BIAS.misconception(
    "All from H to the end was set; the forget gate's block ends at 2H, where that of the output gate begins."
)
def up_to_the_end(b, value=1.0):
    return with_value(b, slice(len(b) // 4, None), value)


@FORGET_BIAS.misconception("The block was set to 1, whatever the value; set it to the argument value.")
def always_one(b, value=1.0):
    return with_value(b, slice(len(b) // 4, len(b) // 2), 1.0)


@FORGET_BIAS.misconception("The bias was changed in place; make a copy, change that, and return it.")
def changed_in_place(b, value=1.0):
    b[len(b) // 4 : len(b) // 2] = value
    return b


EXERCISE = Exercise(
    slug="04_lstm",
    title="The LSTM",
    checks=(GATES, STEP, FORWARD, STEP_BACKWARD, BACKWARD, DIRECT_PATH, FULL_DERIVATIVE, FORGET_BIAS),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "lstm").glob("[!_]*.py"))),
)
