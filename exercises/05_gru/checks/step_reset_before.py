"""`step_reset_before`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru_reset_before

from .drawing import (
    ALWAYS,
    SIZES,
    THREEFOLD,
    far_out,
    from_zeros,
    overflowing_sigmoid,
    overflowing_tanh,
    sigmoid,
    split,
)
from .step import each_transposed, gates_of, mixed, step_inputs, sums

Generator = np.random.Generator


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
        DrawnCase("one input and one hidden unit", before_inputs(rng, N, 1, 1, z_keeps=False)),
        DrawnCase("three sequences, inputs and hidden units", before_inputs(rng, 3, 3, 3)),
        DrawnCase("sums in the hundreds", far_out(rng, before_inputs(rng, N, D, H))),
        DrawnCase("inputs and states of zero", from_zeros(before_inputs(rng, N, D, H))),
        DrawnCase(THREEFOLD, before_inputs(rng, 6, 6, 2)),
        DrawnCase(
            "float32, with sums in the hundreds", in_dtype(far_out(rng, before_inputs(rng, N, D, H)), np.float32)
        ),
    ]


def worked_step_reset_before(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(before_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(before_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("sums in the hundreds", short(far_out(rng, before_inputs(rng, 2, 2, 3)))),
        DrawnCase(
            "float32, with sums in the hundreds", in_dtype(short(far_out(rng, before_inputs(rng, 1, 1, 2))), np.float32)
        ),
        DrawnCase("inputs and states of zero", short(from_zeros(before_inputs(rng, 1, 2, 2)))),
        DrawnCase("as many sequences, inputs and hidden units", short(before_inputs(rng, 3, 3, 3))),
        DrawnCase(THREEFOLD, short(before_inputs(rng, 3, 3, 1))),
    ]


STEP_RESET_BEFORE = Check(
    "gru_reset_before.step", gru_reset_before.step, draw_step_reset_before, worked_step_reset_before,
    axes="h: N H; gates: gate N H", task="one step, with the reset before the product, as in the first paper", points=2, section="gru-reset-before: Reset before the product",
    rename="step_reset_before",
    promises=ALWAYS | {
        "the reset gate acts on the old state itself, and the product comes after it": "reset after the product",
        "The gates and the mixture are as before": "reset state kept",
        "There is one bias now": "bias missing",
        "The sums may be of any size, far beyond where an exponential overflows": "overflow in the sigmoid",
        "Return r, z and n.": "returned as z r n",
        "Whether z is the share of the old state or that of the candidate.": "meaning not looked at",
    },
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


@STEP_RESET_BEFORE.misconception(
    "The reset gate is not used: the candidate should see r * h_prev, and not h_prev as it is."
)
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


@STEP_RESET_BEFORE.misconception(
    "The update gate sees r * h_prev. Only the candidate does; both gates see h_prev as it came."
)
def update_gate_sees_the_reset_state(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, _, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    _, z, _, q = gates_of(x, r * h_prev, W_x, W_h, b)
    return stepped_before(r, z, np.tanh(a_n + q), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception("The second result has the order z, r, n; the order asked for is r, z, n.")
def returned_as_z_r_n(x, h_prev, W_x, W_h, b, z_keeps=True):
    h, gates = gru_reset_before.step(x, h_prev, W_x, W_h, b, z_keeps)
    return h, gates[[1, 0, 2]]


@STEP_RESET_BEFORE.misconception(
    "The blocks of W_h were not transposed: weights are (out, in), so a row of states is multiplied by W_h.T."
)
def blocks_not_transposed(x, h_prev, W_x, W_h, b, z_keeps=True):
    return gru_reset_before.step(x, h_prev, W_x, each_transposed(W_h), b, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "A sigmoid came out as nan: in exp(a) / (1 + exp(a)), both overflow where the sum a is large. 1 / (1 + exp(-a)) stays between 0 and 1."
)
def overflow_in_the_sigmoid(x, h_prev, W_x, W_h, b, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z = overflowing_sigmoid(a[0] + s[0]), overflowing_sigmoid(a[1] + s[1])
    return stepped_before(r, z, np.tanh(a[2] + product(r * h_prev, W_h)), h_prev, z_keeps)


@STEP_RESET_BEFORE.misconception(
    "The candidate came out as nan: a tanh that is made of exponentials overflows where its sum is large. np.tanh does not."
)
def overflow_in_the_tanh(x, h_prev, W_x, W_h, b, z_keeps=True):
    r, z, a_n, _ = gates_of(x, h_prev, W_x, W_h, b)
    return stepped_before(r, z, overflowing_tanh(a_n + product(r * h_prev, W_h)), h_prev, z_keeps)


STEP_RESET_BEFORE.changes_nothing(
    {
        "True: True to False": "every case passes z_keeps; its default stands in the signature that students are given",
    }
)
