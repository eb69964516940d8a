"""`step_backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru
from solutions.with_numpy.gru import step

from .drawing import ALWAYS, GRADIENT_AXES, SIZES, THREEFOLD, far_out, sigmoid, zeros_for
from .step import each_transposed, step_inputs

Generator = np.random.Generator


def backward_inputs(rng: Generator, N: int, D: int, H: int, z_keeps: bool = True) -> dict:
    return on_the_way_back(rng, step_inputs(rng, N, D, H, z_keeps))


def on_the_way_back(rng: Generator, given: dict) -> dict:
    """The arguments of the step backwards, after those of the step forwards."""
    _, gates = step(**given)
    kept = {name: given[name] for name in ("x", "h_prev")}
    return {
        "dh": rng.normal(size=gates[0].shape), **kept, "gates": gates, "W_x": given["W_x"], "W_h": given["W_h"],
        "z_keeps": given["z_keeps"],
    }  # fmt: skip


TINY, HUGE = 1e-200, 1e200  # far beyond whatever one might take for nothing, or for too much; so are their squares


def times(factor: float, inputs: dict) -> dict:
    """The same inputs with a gradient that is so many times as large."""
    return inputs | {"dh": factor * inputs["dh"]}


def from_zero(rng: Generator, N: int, D: int, H: int) -> dict:
    """A step that began from states of zero, some of its inputs zero too."""
    given = zeros_for(step_inputs(rng, N, D, H), "h_prev")
    return on_the_way_back(rng, given | {"x": given["x"] * (np.arange(N) % 2)[:, None]})


def draw_step_backward(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", backward_inputs(rng, N, D, H)),
        DrawnCase("z is the share that is written", backward_inputs(rng, N, D, H, z_keeps=False)),
        DrawnCase("one sequence", backward_inputs(rng, 1, D, H)),
        DrawnCase("four sequences, inputs and hidden units", backward_inputs(rng, 4, 4, 4)),
        DrawnCase("one input and one hidden unit", backward_inputs(rng, N, 1, 1, z_keeps=False)),
        DrawnCase(THREEFOLD, backward_inputs(rng, 6, 6, 2)),
        DrawnCase("a gradient of zero", times(0.0, backward_inputs(rng, N, D, H))),
        DrawnCase("gates at their ends", on_the_way_back(rng, far_out(rng, step_inputs(rng, N, D, H)))),
        DrawnCase("float32", in_dtype(backward_inputs(rng, N, D, H), np.float32)),
        DrawnCase("a tiny gradient", times(TINY, backward_inputs(rng, N, D, H))),
        DrawnCase("a huge gradient, from states of zero", times(HUGE, from_zero(rng, N, D, H))),
        DrawnCase("a large layer", backward_inputs(rng, 32, 80, 128)),
    ]


def worked_step_backward(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(backward_inputs(rng, 2, 2, 3))),
        DrawnCase("z is the share that is written", short(backward_inputs(rng, 2, 3, 2, z_keeps=False))),
        DrawnCase("as many sequences, inputs and hidden units", short(backward_inputs(rng, 3, 3, 3))),
        DrawnCase("gates at their ends", short(on_the_way_back(rng, far_out(rng, step_inputs(rng, 2, 2, 3))))),
        DrawnCase("a tiny gradient", times(TINY, short(backward_inputs(rng, 2, 1, 2)))),
        DrawnCase("a huge gradient, from states of zero", times(HUGE, short(from_zero(rng, 2, 1, 2)))),
        DrawnCase("a gradient of zero", times(0.0, short(backward_inputs(rng, 1, 1, 1)))),
        DrawnCase("float32", in_dtype(short(backward_inputs(rng, 3, 3, 1)), np.float32)),
    ]


STEP_BACKWARD = Check(
    "gru.step_backward", gru.step_backward, draw_step_backward, worked_step_backward, axes=GRADIENT_AXES, task="the gradients of one step", points=4,
    section="gru-backward: One step backwards",
    promises=ALWAYS | {
        "$dh \\odot z_t$ goes straight on to the old state": "direct path left out",
        "A gradient is named after what it belongs to, with a `d` in front, and has the same shape.": "sum over the sequences forgotten",
        "The last four are summed over the sequences.": "mean over sequences",
        "With `z_keeps=False`, find out for yourself what changes.": "option ignored backwards",
        "The gradient of the loss with respect to h_t, over every path.": "incoming gradient overwritten",
        "All of it is linear in $dh$, however small or large": "small gradients set to zero",
        "r, z, n and q, as ``step`` returned them.": "dr from the reset q",
        "in blocks r, z, n.": "blocks in the order of keras",
    },
)  # fmt: skip


def parts(dh, h_prev, gates, z_keeps, slope=lambda n: 1 - n**2):
    """The gradients of the sums a_r, a_z and a_n, of q, and along the direct path, by name."""
    r, z, n, q = gates
    keep, sign = (z, 1) if z_keeps else (1 - z, -1)
    da_n = dh * (1 - keep) * slope(n)
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


@STEP_BACKWARD.misconception(
    "dh_prev lacks the path through the update gate. The old state went into a_z, so da_z comes back through the second block of W_h."
)
def path_through_the_update_gate_left_out(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    right = collected(x, h_prev, W_x, W_h, **found)
    return replaced(right, 1, right[1] - found["da_z"] @ np.split(W_h, 3)[1])


@STEP_BACKWARD.misconception(
    "The direct path got the candidate's share. With z_keeps, dh * z goes to the old state past all weights; without it, dh * (1 - z)."
)
def direct_path_with_the_other_share(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"direct": dh - found["direct"]})


@STEP_BACKWARD.misconception(
    "With z_keeps=False, the direct path is still dh * z. The old state then has the share 1 - z, on the way back too."
)
def direct_path_of_the_first_meaning(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"direct": dh * gates[1]})


@STEP_BACKWARD.misconception(
    "With z_keeps=False, dn is still dh * (1 - z). The candidate then has the share z, on the way back too."
)
def candidate_of_the_first_meaning(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found, first = parts(dh, h_prev, gates, z_keeps), parts(dh, h_prev, gates, True)
    return collected(x, h_prev, W_x, W_h, **first | {name: found[name] for name in ("da_z", "direct")})


@STEP_BACKWARD.misconception(
    "dr was made with r * q. The product is of r and q itself, so dr is da_n * q, with the q that step returned."
)
def dr_from_the_reset_q(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": found["da_r"] * gates[0]})


@STEP_BACKWARD.misconception(
    "db was made of the state's stack, which has dq in its third block. b_n stands outside the product with r: its gradient is da_n."
)
def gradient_of_the_bias_reset(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    found = parts(dh, h_prev, gates, z_keeps)
    stack = np.concatenate([found["da_r"], found["da_z"], found["dq"]], axis=1)
    return replaced(collected(x, h_prev, W_x, W_h, **found), 4, stack.sum(axis=0))


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
    found, past = parts(dh, h_prev, gates, z_keeps), parts(dh, h_prev, gates, z_keeps, slope=lambda n: 1)
    return collected(x, h_prev, W_x, W_h, **found | {"da_r": past["da_r"]})


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
    return collected(x, h_prev, W_x, W_h, **parts(dh, h_prev, gates, z_keeps, slope=lambda n: 1))


@STEP_BACKWARD.misconception(
    "The slope of tanh was taken as 1 - tanh(n)**2. But n is already the result of tanh, so the slope is 1 - n**2."
)
def tanh_taken_twice(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    return collected(x, h_prev, W_x, W_h, **parts(dh, h_prev, gates, z_keeps, slope=lambda n: 1 - np.tanh(n) ** 2))


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


@STEP_BACKWARD.misconception(
    "Gradients that are small were set to zero. The way back is linear: a dh that is a billionth gives a billionth of each result, and after many steps that is all there is."
)
def small_gradients_set_to_zero(dh, x, h_prev, gates, W_x, W_h, z_keeps=True):
    return gru.step_backward(np.where(np.abs(dh) < 1e-12, 0, dh), x, h_prev, gates, W_x, W_h, z_keeps)


STEP_BACKWARD.changes_nothing(
    {
        "True: True to False": "every case passes z_keeps; its default stands in the signature that students are given",
    }
)
