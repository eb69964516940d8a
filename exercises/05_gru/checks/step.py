"""`step`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru
from solutions.with_numpy.gru import step

from .drawing import (
    ALWAYS,
    SIZES,
    THREEFOLD,
    far_out,
    from_zeros,
    network,
    overflowing_sigmoid,
    overflowing_tanh,
    second_bias,
    sigmoid,
    split,
)

Generator = np.random.Generator


def step_inputs(rng: Generator, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    given = {"x": rng.normal(size=(N, D)), "h_prev": np.tanh(rng.normal(size=(N, H))), **network(rng, D, H)}
    return {**given, "b_hn": second_bias(rng, H), "z_keeps": z_keeps}


def far_inputs(inputs: dict) -> dict:
    """The same with inputs of a billion, beside which what comes from the states is lost by whoever adds it up too early."""
    return inputs | {"x": 1e9 * inputs["x"]}


def draw_step(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, D, H)),
        DrawnCase("z is the share that is written", step_inputs(rng, N, D, H, z_keeps=False)),
        DrawnCase("one sequence", step_inputs(rng, 1, D, H)),
        DrawnCase("one input and one hidden unit", step_inputs(rng, N, 1, 1, z_keeps=False)),
        DrawnCase("four sequences, inputs and hidden units", step_inputs(rng, 4, 4, 4)),
        DrawnCase("sums in the hundreds", far_out(rng, step_inputs(rng, N, D, H))),
        DrawnCase("inputs and states of zero", from_zeros(step_inputs(rng, N, D, H))),
        DrawnCase("inputs of a billion", far_inputs(step_inputs(rng, N, D, H))),
        DrawnCase(THREEFOLD, step_inputs(rng, 6, 6, 2)),
        DrawnCase("float32, with sums in the hundreds", in_dtype(far_out(rng, step_inputs(rng, N, D, H)), np.float32)),
    ]


def worked_step(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(step_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(step_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("sums in the hundreds", short(far_out(rng, step_inputs(rng, 2, 2, 3)))),
        DrawnCase(
            "float32, with sums in the hundreds", in_dtype(short(far_out(rng, step_inputs(rng, 1, 1, 2))), np.float32)
        ),
        DrawnCase("inputs and states of zero", short(from_zeros(step_inputs(rng, 1, 2, 2)))),
        DrawnCase("inputs of a billion", far_inputs(short(step_inputs(rng, 1, 1, 2)))),
        DrawnCase("as many sequences, inputs and hidden units", short(step_inputs(rng, 3, 3, 3))),
        DrawnCase(THREEFOLD, short(step_inputs(rng, 3, 3, 1))),
    ]


STEP = Check(
    "gru.step", gru.step, draw_step, worked_step, axes="h: N H; gates: gate N H", task="one step, with the reset after the product, as in PyTorch", points=3,
    section="gru-reset-after: Reset after the product",
    promises=ALWAYS | {
        "what comes from the old state is first multiplied by the reset gate": "reset before the product",
        "The new state then lies between the old one and the candidate": "candidate added in full",
        "also return r, z, n and q": "result in the order of keras",
        "The sums may be of any size, far beyond where an exponential overflows": "tanh that overflows",
        r"The sigmoid is $\sigma(a) = 1 / (1 + e^{-a})$": "sigmoid that overflows",
        "The candidate's second bias, inside the product with r. It cannot be merged with the first.": "second bias outside the reset",
        "Whether z is the share of the old state or that of the candidate.": "option ignored",
    },
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


@STEP.misconception("The reset gate is not used: the candidate should get r * q, and not q as it is.")
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


@STEP.misconception(
    "A sigmoid came out as nan: in exp(a) / (1 + exp(a)), both overflow where the sum a is large. 1 / (1 + exp(-a)) stays between 0 and 1."
)
def sigmoid_that_overflows(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    r, z, q = overflowing_sigmoid(a[0] + s[0]), overflowing_sigmoid(a[1] + s[1]), s[2] + b_hn
    return stepped(r, z, np.tanh(a[2] + r * q), q, h_prev, z_keeps)


@STEP.misconception(
    "The candidate came out as nan: a tanh that is made of exponentials overflows where its sum is large. np.tanh does not."
)
def tanh_that_overflows(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    r, z, a_n, q = gates_of(x, h_prev, W_x, W_h, b)
    return stepped(r, z, overflowing_tanh(a_n + r * (q + b_hn)), q + b_hn, h_prev, z_keeps)


@STEP.misconception("b was added on both sides, to x @ W_x.T and to h_prev @ W_h.T. It belongs to the sums once.")
def bias_added_twice(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    a, s = sums(x, h_prev, W_x, W_h, b)
    b_r, b_z, b_n = split(b)
    r, z, q = sigmoid(a[0] + s[0] + b_r), sigmoid(a[1] + s[1] + b_z), s[2] + b_n + b_hn
    return stepped(r, z, np.tanh(a[2] + r * q), q, h_prev, z_keeps)


@STEP.misconception(
    "The q that was returned lacks b_hn, though the candidate was made with it: q is the whole that r multiplies."
)
def second_bias_missing_in_the_returned_q(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, (r, z, n, q) = step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    return h, np.stack([r, z, n, q - b_hn])


@STEP.misconception(
    "The sums were returned instead of r, z and n. Return what came out of the sigmoids and of tanh: the way back starts from it."
)
def sums_instead_of_gates(x, h_prev, W_x, W_h, b, b_hn, z_keeps=True):
    h, (r, _, _, q) = step(x, h_prev, W_x, W_h, b, b_hn, z_keeps)
    a, s = sums(x, h_prev, W_x, W_h, b)
    return h, np.stack([a[0] + s[0], a[1] + s[1], a[2] + r * q, q])


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


STEP.changes_nothing(
    {
        "True: True to False": "every case passes z_keeps; its default stands in the signature that students are given",
    }
)
