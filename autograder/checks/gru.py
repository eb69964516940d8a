"""Exercise 5: the checks of the GRU, and what learners get wrong about it."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise, Question
from autograder.checks.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru, gru_reset_before
from solutions.with_numpy.gru import forward, step

Generator = np.random.Generator
SIZES = (2, 5, 7, 8)  # no axis can stand in for the blocks or for r, z, n and q
GRADIENT_AXES = "dx: N D; dh_prev: N H; dW_x: 3H D; dW_h: 3H H; db: 3H; db_hn: H"


def network(rng: Generator, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, where every gradient would be near zero."""
    return {
        "W_x": rng.normal(size=(3 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(3 * H, H)) / np.sqrt(H),
        "b": 0.5 * rng.normal(size=3 * H),
    }


def second_bias(rng: Generator, H: int) -> np.ndarray:
    return rng.uniform(0.3, 1.0, size=H) * rng.choice([-1, 1], size=H)


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def split(array):
    """The three blocks."""
    return np.split(array, 3, axis=-1)


# ---- step ------------------------------------------------------------------------------------------------------------


def step_inputs(rng: Generator, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    given = {"x": rng.normal(size=(N, D)), "h_prev": np.tanh(rng.normal(size=(N, H))), **network(rng, D, H)}
    return {**given, "b_hn": second_bias(rng, H), "z_keeps": z_keeps}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, D, H)),
        DrawnCase("z is the share that is written", step_inputs(rng, N, D, H, z_keeps=False)),
        DrawnCase("one sequence", step_inputs(rng, 1, D, H)),
        DrawnCase("one hidden unit", step_inputs(rng, N, D, 1, z_keeps=False)),
        DrawnCase("four sequences, inputs and hidden units", step_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(step_inputs(rng, N, D, H), np.float32)),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(step_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(step_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("one sequence", short(step_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(step_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(step_inputs(rng, 2, 1, 2)), np.float32)),
    ]


STEP = Check(
    "gru.step", gru.step, draw_step, worked_step, axes="h: N H; gates: gate N H", points=3,
    section="gru-reset-after: Reset after the product",
)  # fmt: skip


def sums(x, h_prev, W_x, W_h, b):
    """The three blocks from the input's side and from the state's side."""
    return split(x @ W_x.T + b), split(h_prev @ W_h.T)


def gates_of(x, h_prev, W_x, W_h, b):
    """r and z, and the two sums of the candidate."""
    a, s = sums(x, h_prev, W_x, W_h, b)
    return sigmoid(a[0] + s[0]), sigmoid(a[1] + s[1]), a[2], s[2]


def mixed(z, n, h_prev, z_keeps):
    keep = z if z_keeps else 1 - z
    return keep * h_prev + (1 - keep) * n


def stepped(r, z, n, q, h_prev, z_keeps):
    return mixed(z, n, h_prev, z_keeps), np.stack([r, z, n, q])


@STEP.misconception(
    "The reset gate acts on h_prev before the product with W_hn; that is the other form. Here take the product first, add "
    "b_hn, and multiply by r then."
)
def reset_before_the_product(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    q = (r * h_prev) @ split(W_h.T)[2] + b_hn
    return stepped(r, z, np.tanh(a_n + q), q, h_prev, z_keeps)


@STEP.misconception("The reset gate is not used: the candidate gets r * q, and not q as it is.")
def reset_left_out(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, np.tanh(a_n + q + b_hn), q + b_hn, h_prev, z_keeps)


@STEP.misconception(
    "The reset gate was multiplied with the whole sum of the candidate; it acts on q alone, not on the input."
)
def input_of_the_candidate_reset_too(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, np.tanh(r * (a_n + q + b_hn)), q + b_hn, h_prev, z_keeps)


@STEP.misconception("b_hn was added outside the product with r; it belongs to q, which r multiplies as a whole.")
def second_bias_outside_the_reset(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, np.tanh(a_n + r * q + b_hn), q, h_prev, z_keeps)


@STEP.misconception("It is what you get when b_hn is left out: q is the product with W_hn plus b_hn.")
def second_bias_left_out(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return step(x, h_prev, W_x, W_h, b, 0 * b_hn, z_keeps)


@STEP.misconception(
    "The candidate's part of b was multiplied by r too. Only b_hn stands inside that product; b_n stands outside, with the input."
)
def both_biases_reset(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    b_n = split(b)[2]
    return stepped(r, z, np.tanh(a_n - b_n + r * (q + b_hn + b_n)), q + b_hn + b_n, h_prev, z_keeps)


@STEP.misconception("It is what you get when the bias b is left out.")
def bias_left_out(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return step(x, h_prev, W_x, W_h, 0 * b, b_hn, z_keeps)


@STEP.misconception(
    "z has the other meaning: where z_keeps is true, z is the share of the old state, and where it is false, that of the candidate."
)
def meaning_of_z_inverted(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return step(x, h_prev, W_x, W_h, b, b_hn, not z_keeps)


@STEP.misconception(
    "z_keeps is not looked at: with z_keeps=False, z is the share of the candidate, and 1 - z that of the old state."
)
def option_ignored(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return step(x, h_prev, W_x, W_h, b, b_hn)


@STEP.misconception(
    "The old state and the candidate were multiplied by the same share. What the one gets, the other does not: z and 1 - z."
)
def same_share_for_both(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    _, (r, z, n, q) = step(x, h_prev, W_x, W_h, b, b_hn)
    return (z if z_keeps else 1 - z) * (h_prev + n), np.stack([r, z, n, q])


@STEP.misconception(
    "The candidate was added in full, as in a residual connection. It gets the share that the old state does not keep."
)
def candidate_added_in_full(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    _, (r, z, n, q) = step(x, h_prev, W_x, W_h, b, b_hn)
    return (z if z_keeps else 1 - z) * h_prev + n, np.stack([r, z, n, q])


@STEP.misconception(
    "The gates went through tanh. A gate lies between 0 and 1: r and z go through the sigmoid, n alone through tanh."
)
def tanh_of_gates(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z, q = np.tanh(a[0] + s[0]), np.tanh(a[1] + s[1]), s[2] + b_hn
    return stepped(r, z, np.tanh(a[2] + r * q), q, h_prev, z_keeps)


@STEP.misconception("The candidate n went through the sigmoid. It may be negative: it goes through tanh.")
def sigmoid_of_candidate(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, sigmoid(a_n + r * (q + b_hn)), q + b_hn, h_prev, z_keeps)


@STEP.misconception("The sigmoid was taken as (1 + tanh(a)) / 2; inside the tanh stands half of a.")
def half_left_out(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z, q = sigmoid(2 * (a[0] + s[0])), sigmoid(2 * (a[1] + s[1])), s[2] + b_hn
    return stepped(r, z, np.tanh(a[2] + r * q), q, h_prev, z_keeps)


@STEP.misconception(
    "The first two blocks were read as z, r, the order of Keras. Here the reset gate r stands first, the update gate z second."
)
def gates_read_in_the_order_of_keras(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    z, r, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, np.tanh(a_n + r * (q + b_hn)), q + b_hn, h_prev, z_keeps)


@STEP.misconception("The second result has the order z, r, n, q; the order asked for is r, z, n, q.")
def result_in_the_order_of_keras(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    return h, gates[[1, 0, 2, 3]]


@STEP.misconception("The last of the four returned is r * q. Return q itself, before the reset: the way back needs it.")
def result_already_reset(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, (r, z, n, q) = step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    return h, np.stack([r, z, n, r * q])


@STEP.misconception(
    "The gates see the input alone. r and z depend on the old hidden state too: add their blocks of h_prev @ W_h.T."
)
def gates_blind_to_the_state(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z, q = sigmoid(a[0]), sigmoid(a[1]), s[2] + b_hn
    return stepped(r, z, np.tanh(a[2] + r * q), q, h_prev, z_keeps)


def each_transposed(W_h):
    """Each block of W_h transposed by itself."""
    return np.concatenate([block.T for block in np.split(W_h, 3)])


@STEP.misconception(
    "The blocks of W_h were not transposed: weights are (out, in), so a row of h_prev is multiplied by W_h.T."
)
def recurrent_weights_not_transposed(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    return step(x, h_prev, W_x, each_transposed(W_h), b, b_hn, z_keeps)


@STEP.misconception(
    "The result was written over h_prev, as *= and += do; whoever called step still needs it. Make a new array."
)
def state_overwritten(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, gates = step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    h_prev[:] = h
    return h_prev, gates


# ---- step of the reset-before kind -----------------------------------------------------------------------------------


def before_inputs(rng: Generator, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    given = step_inputs(rng, N, D, H, z_keeps)
    del given["b_hn"]
    return given


def draw_step_reset_before(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", before_inputs(rng, N, D, H)),
        DrawnCase("z is the share that is written", before_inputs(rng, N, D, H, z_keeps=False)),
        DrawnCase("one sequence", before_inputs(rng, 1, D, H)),
        DrawnCase("one hidden unit", before_inputs(rng, N, D, 1, z_keeps=False)),
        DrawnCase("three sequences, inputs and hidden units", before_inputs(rng, 3, 3, 3)),
        DrawnCase("float32", in_dtype(before_inputs(rng, N, D, H), np.float32)),
    ]


def worked_step_reset_before(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(before_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(before_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("one sequence", short(before_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(before_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(before_inputs(rng, 2, 1, 2)), np.float32)),
    ]


STEP_RESET_BEFORE = Check(
    "gru_reset_before.step", gru_reset_before.step, draw_step_reset_before, worked_step_reset_before,
    axes="h: N H; gates: gate N H", points=2, section="gru-reset-before: Reset before the product",
    rename="step_reset_before",
)  # fmt: skip


def stepped_before(r, z, n, h_prev, z_keeps):
    return mixed(z, n, h_prev, z_keeps), np.stack([r, z, n])


def product(state, W_h):
    """A state through the candidate's block."""
    return state @ split(W_h.T)[2]


@STEP_RESET_BEFORE.misconception(
    "The reset gate was multiplied with the product; that is PyTorch's form. Here it acts on h_prev, before the product with W_hn."
)
def reset_after_the_product(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + r * q), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception("The reset gate is not used: the candidate sees r * h_prev, and not h_prev as it is.")
def candidate_without_reset(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + q), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception("The candidate sees z * h_prev; the gate that resets is r.")
def update_gate_resets(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + product(z * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "The candidate sees (1 - r) * h_prev. An open reset gate, r near 1, lets the old state through: r * h_prev."
)
def reset_turned_round(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + product((1 - r) * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "The update mixes the candidate with r * h_prev. The reset is for the candidate alone; what is kept is h_prev itself."
)
def reset_state_kept(x, h_prev, W_x, W_h, b, z_keeps=True):
    _, (r, z, n) = gru_reset_before.step(x, h_prev, W_x, W_h, b, z_keeps)
    return stepped_before(r, z, n, r * h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "h_prev was overwritten, as h_prev *= r does; it is needed for the update, and by the caller. Write r * h_prev instead."
)
def reset_in_place(x, h_prev, W_x, W_h, b, z_keeps=True):
    h, gates = gru_reset_before.step(x, h_prev, W_x, W_h, b, z_keeps)
    h_prev *= gates[0]
    return h, gates


@STEP_RESET_BEFORE.misconception(
    "The meanings of z are exchanged: where z_keeps is true, z is the share of the old state, else that of the candidate."
)
def shares_exchanged(x, h_prev, W_x, W_h, b, z_keeps=True):
    return gru_reset_before.step(x, h_prev, W_x, W_h, b, not z_keeps)


@STEP_RESET_BEFORE.misconception(
    "z_keeps is not looked at: with z_keeps=False, the old state gets 1 - z and the candidate z."
)
def meaning_not_looked_at(x, h_prev, W_x, W_h, b, z_keeps=True):
    return gru_reset_before.step(x, h_prev, W_x, W_h, b)


@STEP_RESET_BEFORE.misconception(
    "Both terms of the update have the same factor. What the old state gets and what the candidate gets add up to 1."
)
def one_factor_for_both(x, h_prev, W_x, W_h, b, z_keeps=True):
    _, (r, z, n) = gru_reset_before.step(x, h_prev, W_x, W_h, b)
    return (z if z_keeps else 1 - z) * (h_prev + n), np.stack([r, z, n])


@STEP_RESET_BEFORE.misconception("The first two blocks were read as z, r; here they stand as r, z.")
def first_two_blocks_swapped(x, h_prev, W_x, W_h, b, z_keeps=True):
    z, r, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + product(r * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "r and z went through tanh; a gate goes through the sigmoid, which stays between 0 and 1."
)
def gates_through_tanh(x, h_prev, W_x, W_h, b, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z = np.tanh(a[0] + s[0]), np.tanh(a[1] + s[1])
    return stepped_before(r, z, np.tanh(a[2] + product(r * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "The candidate went through the sigmoid; it goes through tanh, so that it may be negative."
)
def candidate_through_the_sigmoid(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, sigmoid(a_n + product(r * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception("The bias b is missing from the sums.")
def bias_missing(x, h_prev, W_x, W_h, b, z_keeps=True):
    return gru_reset_before.step(x, h_prev, W_x, W_h, 0 * b, z_keeps)


# ---- forward ---------------------------------------------------------------------------------------------------------


def sequence_inputs(rng: Generator, T: int, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    x, h_0 = rng.normal(size=(T, N, D)), np.tanh(rng.normal(size=(N, H)))
    return {"x": x, "h_0": h_0, **network(rng, D, H), "b_hn": second_bias(rng, H), "z_keeps": z_keeps}


def draw_forward(rng: Generator) -> list[DrawnCase]:
    T, N, D, H = sizes(rng, 4, SIZES)
    return [
        DrawnCase("several steps", sequence_inputs(rng, T, N, D, H)),
        DrawnCase("z is the share that is written", sequence_inputs(rng, T, N, D, H, z_keeps=False)),
        DrawnCase("one step", sequence_inputs(rng, 1, N, D, H)),
        DrawnCase("one sequence", sequence_inputs(rng, T, 1, D, H, z_keeps=False)),
        DrawnCase("four steps, sequences, inputs and hidden units", sequence_inputs(rng, 4, 4, 4, 4)),
        DrawnCase("float32", in_dtype(sequence_inputs(rng, T, N, D, H), np.float32)),
    ]


def worked_forward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(sequence_inputs(rng, 3, 2, 1, 2))),
        DrawnCase("z is the share that is written", short(sequence_inputs(rng, 2, 1, 2, 3, z_keeps=False))),
        DrawnCase("one step", short(sequence_inputs(rng, 1, 2, 2, 3))),
        DrawnCase("as many steps, sequences, inputs and hidden units", short(sequence_inputs(rng, 3, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(sequence_inputs(rng, 2, 1, 3, 2)), np.float32)),
    ]


FORWARD = Check(
    "gru.forward", gru.forward, draw_forward, worked_forward, axes="h: T N H; gates: gate T N H", points=2,
    section="gru-sequence: The whole sequence", earlier=("step",),
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


# ---- step_backward ---------------------------------------------------------------------------------------------------


def backward_inputs(rng: Generator, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    given = step_inputs(rng, N, D, H, z_keeps)
    _, gates = step(**given)
    kept = {name: given[name] for name in ("x", "h_prev")}
    return {
        "dh": rng.normal(size=(N, H)), **kept, "gates": gates, "W_x": given["W_x"], "W_h": given["W_h"], "z_keeps": z_keeps
    }  # fmt: skip


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", backward_inputs(rng, N, D, H)),
        DrawnCase("z is the share that is written", backward_inputs(rng, N, D, H, z_keeps=False)),
        DrawnCase("one sequence", backward_inputs(rng, 1, D, H)),
        DrawnCase("four sequences, inputs and hidden units", backward_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(backward_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a large layer", backward_inputs(rng, 32, 80, 128)),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(backward_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(backward_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("as many sequences, inputs and hidden units", short(backward_inputs(rng, 3, 3, 3))),
        DrawnCase("one sequence", short(backward_inputs(rng, 1, 2, 3))),
        DrawnCase("float32", in_dtype(short(backward_inputs(rng, 2, 1, 2)), np.float32)),
    ]


STEP_BACKWARD = Check(
    "gru.step_backward", gru.step_backward, draw_step_backward, worked_step_backward, axes=GRADIENT_AXES, points=4,
    section="gru-backward: One step backwards",
)  # fmt: skip


def parts(dh, h_prev, gates, z_keeps):
    """The gradients of the sums a_r, a_z and a_n, of q, and along the direct path, by name."""
    r, z, n, q = gates
    keep, sign = (z, 1) if z_keeps else (1 - z, -1)
    da_n = dh * (1 - keep) * (1 - n**2)
    return {
        "da_r": da_n * q * r * (1 - r), "da_z": sign * dh * (h_prev - n) * z * (1 - z), "da_n": da_n, "dq": da_n * r,
        "direct": dh * keep,
    }  # fmt: skip


def collected(x, h_prev, W_x, W_h, da_r, da_z, da_n, dq, direct):
    """From the gradients of the sums to those of what the sums were made of."""
    da_x, da_h = np.concatenate([da_r, da_z, da_n], axis=1), np.concatenate([da_r, da_z, dq], axis=1)
    dh_prev = direct + da_h @ W_h
    return da_x @ W_x, dh_prev, da_x.T @ x, da_h.T @ h_prev, da_x.sum(axis=0), dq.sum(axis=0)


def replaced(result, place, array):
    """A result with another array at one place."""
    return *result[:place], array, *result[place + 1 :]


@STEP_BACKWARD.misconception(
    "The direct path is missing from dh_prev: the share of the old state that is kept hands on dh times that share, past all weights."
)
def direct_path_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"direct": 0 * dh})


@STEP_BACKWARD.misconception(
    "dh_prev has the direct path alone. The old state also went into both gates and into q: add what comes back through W_h."
)
def direct_path_alone(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return replaced(collected(x, h_prev, W_x, W_h, **found), 1, found["direct"])


@STEP_BACKWARD.misconception(
    "dh_prev lacks the path through the candidate. The old state went into q, so dq comes back through the third block of W_h."
)
def path_through_the_candidate_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    return replaced(right, 1, right[1] - found["dq"] @ np.split(W_h, 3)[2])


@STEP_BACKWARD.misconception(
    "dh_prev lacks the path through the reset gate. The old state went into a_r, so da_r comes back through the first block of W_h."
)
def path_through_the_reset_gate_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    return replaced(right, 1, right[1] - found["da_r"] @ np.split(W_h, 3)[0])


@STEP_BACKWARD.misconception("dr lacks its factor: r was multiplied with q, so dr is da_n * q.")
def factor_of_dr_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    r = gates[0]
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": found["da_n"] * r * (1 - r)})


@STEP_BACKWARD.misconception(
    "dr was made with h_prev, as if r had been multiplied with it. Here r was multiplied with q."
)
def dr_from_the_old_state(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    r = gates[0]
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": found["da_n"] * h_prev * r * (1 - r)})


@STEP_BACKWARD.misconception(
    "dr was made from dn, before the slope of tanh. r stands inside the tanh, so its gradient starts from da_n."
)
def dr_past_tanh(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    da_r = found["da_r"] / (1 - gates[2] ** 2)
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": da_r})


@STEP_BACKWARD.misconception(
    "db_hn was not multiplied by r. b_hn stands inside the product with r, so its gradient is da_n * r."
)
def gradient_of_second_bias_not_reset(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return replaced(collected(x, h_prev, W_x, W_h, **found), 5, found["da_n"].sum(axis=0))


@STEP_BACKWARD.misconception(
    "The state's side of the candidate got da_n. Between a_n and q stands the product with r: dq = da_n * r."
)
def reset_forgotten_on_the_way_back(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"dq": found["da_n"]})


@STEP_BACKWARD.misconception(
    "The state's side of the candidate got da_n in dh_prev and dW_h; only db_hn has the factor r. Both need dq = da_n * r."
)
def reset_for_the_bias_alone(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    wrong = collected(x, h_prev, W_x, W_h, **found | {"dq": found["da_n"]})
    return replaced(wrong, 5, found["dq"].sum(axis=0))


@STEP_BACKWARD.misconception(
    "The input's side of the candidate got dq. The input and b_n were not multiplied by r: dx, dW_x and db take da_n there."
)
def input_reset_on_the_way_back(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"da_n": found["dq"]})


@STEP_BACKWARD.misconception("The slope of tanh is left out: dn has to be multiplied by 1 - n**2.")
def slope_of_tanh_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    slope = 1 - gates[2] ** 2
    return collected(x, h_prev, W_x, W_h, **found | {name: found[name] / slope for name in ("da_n", "dq", "da_r")})


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - tanh(n)**2. But n is already the result of tanh, so the slope is 1 - n**2."
)
def tanh_taken_twice(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    n = gates[2]
    factor = (1 - np.tanh(n) ** 2) / (1 - n**2)
    return collected(x, h_prev, W_x, W_h, **found | {name: found[name] * factor for name in ("da_n", "dq", "da_r")})


@STEP_BACKWARD.misconception(
    "The slopes of the sigmoids are left out: dr takes the factor r * (1 - r), and dz the factor z * (1 - z)."
)
def slope_of_sigmoids_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    q = gates[3]
    sign = 1 if z_keeps else -1
    wrong = {"da_r": found["da_n"] * q, "da_z": sign * dh * (h_prev - gates[2])}
    return collected(x, h_prev, W_x, W_h, **found | wrong)


@STEP_BACKWARD.misconception(
    "The sigmoid's slope was taken from r and z as if they were sums. They are results already: the slope is r * (1 - r)."
)
def sigmoid_taken_twice(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    r, z = gates[:2]
    twice_r, twice_z = sigmoid(r), sigmoid(z)
    wrong = {
        "da_r": found["da_n"] * gates[3] * twice_r * (1 - twice_r),
        "da_z": (1 if z_keeps else -1) * dh * (h_prev - gates[2]) * twice_z * (1 - twice_z),
    }
    return collected(x, h_prev, W_x, W_h, **found | wrong)


@STEP_BACKWARD.misconception(
    "dz has the wrong sign. Where z keeps, more z means more of h_prev and less of n: dh * (h_prev - n). Where it writes, the other way round."
)
def sign_of_dz(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"da_z": -found["da_z"]})


@STEP_BACKWARD.misconception(
    "dz has one of its two terms. z stands in both products of the update, so both h_prev and n come in, with opposite signs."
)
def candidate_left_out_of_dz(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    z = gates[1]
    one = h_prev if z_keeps else gates[2]
    return collected(x, h_prev, W_x, W_h, **found | {"da_z": dh * one * z * (1 - z)})


@STEP_BACKWARD.misconception(
    "z has the other meaning: where z_keeps is true, dh * z goes to the old state and dh * (1 - z) to the candidate."
)
def other_meaning_backwards(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    return gru.step_backward(dh, x, h_prev, gates, W_x, W_h, not z_keeps)


@STEP_BACKWARD.misconception("z_keeps is not looked at: with z_keeps=False, z and 1 - z change places and dz its sign.")
def option_ignored_backwards(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    return gru.step_backward(dh, x, h_prev, gates, W_x, W_h)


@STEP_BACKWARD.misconception(
    "With z_keeps=False, z and 1 - z have changed places, but dz has kept its sign: it is then dh * (n - h_prev)."
)
def sign_kept_in_the_other_meaning(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    sign = 1 if z_keeps else -1
    return collected(x, h_prev, W_x, W_h, **found | {"da_z": sign * found["da_z"]})


@STEP_BACKWARD.misconception("The blocks were put together as z, r, n; the weights have them as r, z, n.")
def blocks_in_the_order_of_keras(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": found["da_z"], "da_z": found["da_r"]})


@STEP_BACKWARD.misconception(
    "dh_prev was taken through W_h.T. The step forwards has W_h.T; for rows, the way back has W_h itself."
)
def recurrent_weights_transposed(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    wrong = collected(x, h_prev, W_x, each_transposed(W_h), **found)
    return replaced(right, 1, wrong[1])


@STEP_BACKWARD.misconception(
    "The third block of dW_h was made with r * h_prev, as in the form that resets before the product. Here it is dq times h_prev."
)
def weights_from_the_reset_state(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    H = h_prev.shape[1]
    dW_h = np.concatenate([right[3][: 2 * H], found["da_n"].T @ (gates[0] * h_prev)])
    return replaced(right, 3, dW_h)


@STEP_BACKWARD.misconception(
    "The biases' gradients were not summed over the sequences: every sequence adds to them, so sum over axis 0."
)
def sum_over_the_sequences_forgotten(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    return *right[:4], np.concatenate([found["da_r"], found["da_z"], found["da_n"]], axis=1), found["dq"]


@STEP_BACKWARD.misconception(
    "The gradients of the weights and of the biases are means over the sequences; they should be sums, as the loss is."
)
def mean_over_sequences(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    right = collected(x, h_prev, W_x, W_h, **parts(dh, h_prev, gates, z_keeps))
    return *right[:2], *(array / len(x) for array in right[2:])


@STEP_BACKWARD.misconception(
    "The result was written over dh, as *= does; whoever called step_backward still needs it. Make a new array."
)
def incoming_gradient_overwritten(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    right = gru.step_backward(dh, x, h_prev, gates, W_x, W_h, z_keeps)
    dh *= gates[1] if z_keeps else 1 - gates[1]
    return right


# ---- from_pytorch ----------------------------------------------------------------------------------------------------


def pytorch_parameters(rng: Generator, D: int, H: int) -> dict:
    given = network(rng, D, H)
    return {
        "weight_ih": given["W_x"], "weight_hh": given["W_h"], "bias_ih": given["b"], "bias_hh": 0.5 * rng.normal(size=3 * H)
    }  # fmt: skip


def draw_from_pytorch(rng: Generator) -> list[DrawnCase]:
    D, H = sizes(rng, 2, SIZES)
    return [
        DrawnCase("several units", pytorch_parameters(rng, D, H)),
        DrawnCase("one input", pytorch_parameters(rng, 1, H)),
        DrawnCase("one hidden unit", pytorch_parameters(rng, D, 1)),
        DrawnCase("as many inputs as hidden units", pytorch_parameters(rng, H, H)),
        DrawnCase("float32", in_dtype(pytorch_parameters(rng, D, H), np.float32)),
    ]


def worked_from_pytorch(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two units", short(pytorch_parameters(rng, 3, 2))),
        DrawnCase("as many inputs as hidden units", short(pytorch_parameters(rng, 2, 2))),
        DrawnCase("float32", in_dtype(short(pytorch_parameters(rng, 1, 3)), np.float32)),
    ]


FROM_PYTORCH = Check(
    "gru.from_pytorch", gru.from_pytorch, draw_from_pytorch, worked_from_pytorch,
    axes="W_x: 3H D; W_h: 3H H; b: 3H; b_hn: H", points=1, section="gru-conversion: From PyTorch's parameters",
)  # fmt: skip


@FROM_PYTORCH.misconception(
    "Both biases were added in all three blocks, and b_hn is zero. In the block n the second stands inside the product with "
    "r: it is b_hn, and is not added to b."
)
def biases_merged_in_all_blocks(weight_ih, weight_hh, bias_ih, bias_hh):
    return weight_ih, weight_hh, bias_ih + bias_hh, 0 * split(bias_hh)[2]


@FROM_PYTORCH.misconception(
    "The candidate's second bias counts twice: it is b_hn, so it must not be added to b as well. Add the blocks r and z alone."
)
def second_bias_counted_twice(weight_ih, weight_hh, bias_ih, bias_hh):
    return weight_ih, weight_hh, bias_ih + bias_hh, split(bias_hh)[2]


@FROM_PYTORCH.misconception(
    "b is bias_ih alone; in the blocks r and z, PyTorch adds bias_hh to it, so its share is missing."
)
def second_bias_lost_in_the_gates(weight_ih, weight_hh, bias_ih, bias_hh):
    return weight_ih, weight_hh, bias_ih.copy(), split(bias_hh)[2]


@FROM_PYTORCH.misconception("b_hn is zero, and bias_hh is lost in the block n; b_hn is its third block.")
def second_bias_lost_in_the_candidate(weight_ih, weight_hh, bias_ih, bias_hh):
    right = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    return *right[:3], 0 * right[3]


@FROM_PYTORCH.misconception("bias_hh was not used at all: its blocks r and z are added to b, and its block n is b_hn.")
def second_bias_not_used(weight_ih, weight_hh, bias_ih, bias_hh):
    return weight_ih, weight_hh, bias_ih.copy(), 0 * split(bias_hh)[2]


@FROM_PYTORCH.misconception(
    "In the block n the biases have changed places: that of bias_ih stands outside the product with r, in b, and that of bias_hh is b_hn."
)
def biases_of_the_candidate_swapped(weight_ih, weight_hh, bias_ih, bias_hh):
    return gru.from_pytorch(weight_ih, weight_hh, bias_hh, bias_ih)


@FROM_PYTORCH.misconception("b_hn is the first block of bias_hh, which belongs to r; the candidate's is the third.")
def second_bias_from_the_first_block(weight_ih, weight_hh, bias_ih, bias_hh):
    right = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    return *right[:3], split(bias_hh)[0]


def with_gates_swapped(array):
    """The blocks r, z, n as z, r, n."""
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])


@FROM_PYTORCH.misconception("The blocks r and z have changed places. PyTorch's order is ours: r, z, n.")
def order_changed(weight_ih, weight_hh, bias_ih, bias_hh):
    W_x, W_h, b, b_hn = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    return with_gates_swapped(W_x), with_gates_swapped(W_h), with_gates_swapped(b), b_hn


@FROM_PYTORCH.misconception("The weights were transposed. PyTorch's are (out, in) as ours are: take them as they are.")
def weights_transposed(weight_ih, weight_hh, bias_ih, bias_hh):
    W_x, W_h, b, b_hn = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    return W_x.T, W_h.T, b, b_hn


@FROM_PYTORCH.misconception(
    "W_x and W_h have changed places: weight_ih is from the input (i), weight_hh from the hidden state (h)."
)
def weights_swapped(weight_ih, weight_hh, bias_ih, bias_hh):
    W_x, W_h, b, b_hn = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    return W_h, W_x, b, b_hn


@FROM_PYTORCH.misconception(
    "The block z has changed its sign. PyTorch's z is the share of the old state, as ours is unless z_keeps is false."
)
def sign_of_z_changed(weight_ih, weight_hh, bias_ih, bias_hh):
    W_x, W_h, b, b_hn = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    sign = np.repeat(np.array([1, -1, 1], dtype=b.dtype), len(b_hn))
    return W_x * sign[:, None], W_h * sign[:, None], b * sign, b_hn


@FROM_PYTORCH.misconception("bias_ih was changed, as += does; it still belongs to PyTorch's network. Change a copy.")
def bias_changed_in_place(weight_ih, weight_hh, bias_ih, bias_hh):
    right = gru.from_pytorch(weight_ih, weight_hh, bias_ih, bias_hh)
    bias_ih[:] = right[2]
    return right


EXERCISE = Exercise(
    slug="05_gru",
    title="The GRU",
    checks=(STEP, STEP_RESET_BEFORE, FORWARD, STEP_BACKWARD, FROM_PYTORCH),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "gru").glob("[!_]*.py"))),
    questions=(
        Question(
            "gives-up", "What does a GRU give up?", points=3, section="gru-gives-up: What it saves and what it gives up"
        ),
    ),
)  # fmt: skip
