"""`lag_biases`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_torch import nn_lstm

from .drawing import SIZES, single

Generator = np.random.Generator


def lag_inputs(rng: Generator, H: int, longest: int) -> dict:
    def drawn() -> np.ndarray:
        return rng.uniform(0.1, 0.6, size=4 * H) * rng.choice([-1, 1], size=4 * H)

    return {"bias_ih": drawn(), "bias_hh": drawn(), "u": rng.uniform(0.05, 0.95, size=H), "longest": longest}


def with_ends(inputs: dict) -> dict:
    """The first u is 0, the smallest that there is, and the last nearly 1."""
    u = inputs["u"].copy()
    u[-1], u[0] = 1 - 2**-20 * u[-1], 0.0
    return inputs | {"u": u}


def draw_lag_biases(rng: Generator) -> list[DrawnCase]:
    H, other = sizes(rng, 2, SIZES)
    return [
        DrawnCase("several units", lag_inputs(rng, H, int(rng.integers(20, 100)))),
        DrawnCase("a long lag", lag_inputs(rng, other, int(rng.integers(500, 2000)))),
        DrawnCase("a lag of a million, u at its ends", with_ends(lag_inputs(rng, other, 10**6))),
        DrawnCase("the shortest lag", lag_inputs(rng, H, 3)),
        DrawnCase("one unit", lag_inputs(rng, 1, int(rng.integers(5, 20)))),
        DrawnCase("four units", lag_inputs(rng, 4, int(rng.integers(5, 20)))),
        DrawnCase("float32", single(lag_inputs(rng, H, int(rng.integers(20, 100))))),
    ]


def worked_lag_biases(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two units", short(lag_inputs(rng, 2, 20))),
        DrawnCase("one unit", short(lag_inputs(rng, 1, 3))),
        DrawnCase("a lag of a million, u at its ends", with_ends(short(lag_inputs(rng, 2, 10**6)))),
        DrawnCase("float32", single(short(lag_inputs(rng, 3, 100)))),
    ]


LAG_BIASES = Check(
    "nn_lstm.lag_biases", nn_lstm.lag_biases, draw_lag_biases, worked_lag_biases, axes="bias_ih: place; bias_hh: place", task="the biases of `nn.LSTM`, set for a lag", points=2,
    section="torch-lag-bias: Biases set for the lag", tensors=True, new_arrays=True,
    promises={
        "The biases as they were drawn, in blocks i, f, g, o": "blocks i and f exchanged",
        "Uniform random numbers from 0 to below 1, one for each unit": "one inside the logarithm left out",
        "A new tensor: b_i and b_f in their blocks; g and o as they were": "other blocks zero",
        "A new tensor: zero in the blocks i and f, since PyTorch adds both biases; g and o as they were": "all of the second bias zero",
        "All of it goes into `bias_ih`; see to it that `bias_hh` adds nothing there": "half in each",
        "Make a copy of each bias with `.clone()`": "biases changed in place",
        "Results have the dtype of the inputs": "dtype not kept",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "biases changed in place",
    },
)  # fmt: skip


def with_gates(bias, of_input, of_forget):
    """A bias with its blocks i and f replaced."""
    return torch.cat([of_input, of_forget, bias[2 * len(of_input) :]])


def for_the_lag(u, longest):
    return torch.log(1 + u * (longest - 2))


@LAG_BIASES.misconception(
    "Both biases were set. PyTorch adds them, so the gates begin with twice of what was meant: the blocks i and f of bias_hh should be zero."
)
def set_in_both_biases(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception(
    "bias_hh was left as it was drawn. PyTorch adds it to bias_ih, so its blocks i and f have to be zero."
)
def second_bias_left_as_drawn(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), bias_hh.clone()


@LAG_BIASES.misconception(
    "Half of the bias stands in each of the two. The sum is right, but what is asked for is all of it in bias_ih, and zero in bias_hh."
)
def half_in_each(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest) / 2
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception("The two biases have changed places: bias_ih is the one to be set, bias_hh gets the zeros.")
def set_in_the_second_bias(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, 0 * b, 0 * b), with_gates(bias_hh, -b, b)


@LAG_BIASES.misconception(
    "All of bias_hh was set to zero. Only the blocks i and f should be; g and o stay as they were drawn."
)
def all_of_the_second_bias_zero(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, -b, b), torch.zeros_like(bias_hh)


@LAG_BIASES.misconception("The blocks g and o of bias_ih were set to zero; they should stay as they were drawn.")
def other_blocks_zero(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(0 * bias_ih, -b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The input gate's bias has the forget gate's sign. A unit that keeps for long should write little: b_i = -b_f."
)
def sign_of_the_input_bias(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The blocks i and f have changed places, so the units forget at once. The input gate stands first, the forget gate second."
)
def blocks_i_and_f_exchanged(bias_ih, bias_hh, u, longest):
    b = for_the_lag(u, longest)
    return with_gates(bias_ih, b, -b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception(
    "The forget gate's bias stands in the third block, which is the candidate's. PyTorch's order is i, f, g, o."
)
def forget_bias_in_the_third_block(bias_ih, bias_hh, u, longest):
    H, b = len(u), for_the_lag(u, longest)
    wrong = with_gates(bias_ih, -b, bias_ih[H : 2 * H])
    wrong[2 * H : 3 * H] = b
    return wrong, with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception("The input gate's bias was left as it was drawn. It is set as well: b_i = -b_f.")
def input_bias_not_set(bias_ih, bias_hh, u, longest):
    H, b = len(u), for_the_lag(u, longest)
    return with_gates(bias_ih, bias_ih[:H], b), with_gates(bias_hh, 0 * b, 0 * b)


def set_to(b, bias_ih, bias_hh):
    """Both biases, with another number for the forget gates."""
    return with_gates(bias_ih, -b, b), with_gates(bias_hh, 0 * b, 0 * b)


@LAG_BIASES.misconception("The logarithm is left out: b_f is log(1 + u * (longest - 2)).")
def logarithm_left_out(bias_ih, bias_hh, u, longest):
    return set_to(1 + u * (longest - 2), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "The 1 inside the logarithm is left out. With it, the shortest time is one step; without it, a small u gives a negative bias."
)
def one_inside_the_logarithm_left_out(bias_ih, bias_hh, u, longest):
    return set_to(torch.log(u * (longest - 2)), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "u was multiplied with longest itself; the range is longest - 2, so that 1 + u * (longest - 2) lies from 1 to longest - 1."
)
def whole_lag_as_the_range(bias_ih, bias_hh, u, longest):
    return set_to(torch.log(1 + u * longest), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "u was multiplied with longest - 1; the range is longest - 2, so that 1 + u * (longest - 2) lies from 1 to longest - 1."
)
def range_one_step_too_long(bias_ih, bias_hh, u, longest):
    return set_to(torch.log(1 + u * (longest - 1)), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "u was not used: all units got the longest time. Each has its own u, so that short lags are covered too."
)
def one_bias_for_all_units(bias_ih, bias_hh, u, longest):
    return set_to(for_the_lag(torch.ones_like(u), longest), bias_ih, bias_hh)


@LAG_BIASES.misconception(
    "The biases were changed in place. Make new tensors, with clone, and leave the inputs as they were."
)
def biases_changed_in_place(bias_ih, bias_hh, u, longest):
    first, second = nn_lstm.lag_biases(bias_ih, bias_hh, u, longest)
    bias_ih.copy_(first)
    bias_hh.copy_(second)
    return bias_ih, bias_hh
