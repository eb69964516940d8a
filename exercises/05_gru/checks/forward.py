"""`forward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru
from solutions.with_numpy.gru import forward, step

from .drawing import ALWAYS, SIZES, far_sums, network, second_bias, zeros_for
from .step import sigmoid_that_overflows

Generator = np.random.Generator


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    x, h_0 = rng.normal(size=(T, N, D)), np.tanh(rng.normal(size=(N, H)))
    return {"x": x, "h_0": h_0, **network(rng, D, H), "b_hn": second_bias(rng, H), "z_keeps": z_keeps}


def from_nothing(inputs: dict) -> dict:
    """The same from states of zero, and with one step whose inputs are zero."""
    x = inputs["x"].copy()
    x[len(x) // 2] = 0
    return zeros_for(inputs, "h_0") | {"x": x}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("other numbers of the same sizes", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("z is the share that is written", sequence_inputs(rng, T, N, D, H, z_keeps=False)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence with one input", sequence_inputs(rng, T, 1, 1, H, z_keeps=False)),
        DrawnCase("four steps, sequences, inputs and hidden units", sequence_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("from states of zero", from_nothing(sequence_inputs(rng, T, N, D, H))),
        DrawnCase(
            "from states of zero again, with sums in the hundreds",
            from_nothing(far_sums(rng, sequence_inputs(rng, T, N, D, H))),
        ),
        DrawnCase("six steps, sequences and inputs, and two hidden units", sequence_inputs(rng, 6, 6, 6, 2)),
        DrawnCase(
            "float32, with sums in the hundreds", in_dtype(far_sums(rng, sequence_inputs(rng, T, N, D, H)), np.float32)
        ),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(sequence_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("other numbers of the same sizes", short(sequence_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("z is the share that is written", short(sequence_inputs(rng, 2, 1, 2, 3, z_keeps=False))),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("from states of zero", short(from_nothing(sequence_inputs(rng, 3, 1, 1, 2)))),
        DrawnCase(
            "from states of zero again, with sums in the hundreds",
            short(from_nothing(far_sums(rng, sequence_inputs(rng, 3, 1, 1, 2)))),
        ),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 3, 3, 3, 1)), np.float32)),
    ]


FORWARD = Check(
    "gru.forward", gru.forward, draw_forward, worked_forward, axes="h: T N H; gates: gate T N H", task="the same step along a whole sequence", points=2,
    section="gru-sequence: The whole sequence", earlier=("step",),
    promises=ALWAYS | {
        "Keep it after each step, and also what else `step` returns": "last step alone",
        "The first step starts from `h_0`": "initial state ignored",
        "each later one from the state that the step before it returned": "state not carried",
        "The sums may be of any size, far beyond where an exponential overflows": "sigmoid that overflows on the way",
        "The meaning of z is the same at every step.": "option not passed on",
        "The hidden states after each step, without h_0.": "initial state among the results",
        "r, z, n and q at each step.": "gates of the last step at every step",
        "time: `(4, T, N, H)`": "time before the gates",
    },
)  # fmt: skip


def run(x, h_0, weights, z_keeps, before=lambda t, h, gates: h):
    """Every step, each from what ``before`` makes of what the step before it returned."""
    h, gates, found = h_0, None, []
    for t in range(len(x)):
        h, gates = step(x[t], before(t, h, gates), *weights, z_keeps)
        found.append((h, gates))
    hs, parts = zip(*found, strict=True)
    return np.stack(hs), np.stack(parts, axis=1)


@FORWARD.misconception(
    "The state was not handed on: every step starts from h_0. Each step should take the h of the one before."
)
def state_not_carried(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    return run(x, h_0, (W_x, W_h, b, b_hn), z_keeps, lambda t, h, gates: h_0)


@FORWARD.misconception("The first step started from zeros instead of h_0.")
def initial_state_ignored(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    return forward(x, 0 * h_0, W_x, W_h, b, b_hn, z_keeps)


@FORWARD.misconception(
    "Every step started from zeros. The first starts from h_0, each other from the h of the step before."
)
def zeros_at_every_step(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    return run(x, h_0, (W_x, W_h, b, b_hn), z_keeps, lambda t, h, gates: 0 * h)


@FORWARD.misconception("z_keeps was not passed on to step, which then takes z for the share of the old state.")
def option_not_passed_on(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    return forward(x, h_0, W_x, W_h, b, b_hn)


@FORWARD.misconception("The candidate n was handed on as the state; the state is the first thing that step returns, h.")
def candidate_handed_on(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    return run(x, h_0, (W_x, W_h, b, b_hn), z_keeps, lambda t, h, gates: h if t == 0 else gates[2])


@FORWARD.misconception(
    "h holds the state before each step, beginning with h_0; it should hold the state after each step."
)
def states_before_each_step(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return np.concatenate([h_0[None], h[:-1]]), gates


@FORWARD.misconception("h has T + 1 states, the first of them h_0; only the states after the T steps are asked for.")
def initial_state_among_the_results(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return np.concatenate([h_0[None], h]), gates


@FORWARD.misconception("Only the last step's results were returned; keep those of every step.")
def last_step_alone(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return h[-1], gates[:, -1]


@FORWARD.misconception(
    "In gates, time comes first; here the four kinds do: (4, T, N, H). np.stack has an argument axis."
)
def time_before_the_gates(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return h, gates.swapaxes(0, 1)


@FORWARD.misconception("The sequence was read from its end; begin with x[0].")
def from_the_end(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x[::-1], h_0, W_x, W_h, b, b_hn, z_keeps)
    return h[::-1], gates[:, ::-1]


@FORWARD.misconception("The new states were written into h_0; whoever called forward still needs it.")
def initial_state_overwritten(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    h_0[:] = h[-1]
    return h, gates


@FORWARD.misconception("All rows of h hold the last state: the same array was kept at every step and changed in place.")
def one_array_kept(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return np.stack([h[-1]] * len(x)), gates


@FORWARD.misconception("All steps of gates hold the last ones: one array was kept at every step and changed in place.")
def gates_of_the_last_step_at_every_step(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = forward(x, h_0, W_x, W_h, b, b_hn, z_keeps)
    return h, np.stack([gates[:, -1]] * len(x), axis=1)


@FORWARD.misconception(
    "A sigmoid came out as nan: in exp(a) / (1 + exp(a)), both overflow where the sum a is large. 1 / (1 + exp(-a)) stays between 0 and 1."
)
def sigmoid_that_overflows_on_the_way(x, h_0, W_x, W_h, b, b_hn, z_keeps=True):
    h, found = h_0, []
    for x_t in x:
        h, gates = sigmoid_that_overflows(x_t, h, W_x, W_h, b, b_hn, z_keeps)
        found.append((h, gates))
    hs, parts = zip(*found, strict=True)
    return np.stack(hs), np.stack(parts, axis=1)


FORWARD.changes_nothing(
    {
        "True: True to False": "every case passes z_keeps; its default stands in the signature that students are given",
        "h: h to h_0 (place 3)": "h was made with the dtype of h_0",
    }
)
