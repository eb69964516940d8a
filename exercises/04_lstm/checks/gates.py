"""`gates`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import lstm

from .drawing import ALWAYS, SIZES, network, tiny

Generator = np.random.Generator


def gate_inputs(rng: Generator, N: int, D: int, H: int) -> dict:
    return {"x": rng.normal(size=(N, D)), "h_prev": np.tanh(rng.normal(size=(N, H))), **network(rng, D, H)}


def saturated(rng: Generator, N: int, D: int, H: int, size: float = 1000.0) -> dict:
    """Biases so large, of both signs in each block, that every gate is open or shut as far as it goes."""
    signs = rng.permuted(np.resize([-1.0, 1.0], (4, H)), axis=1)
    return gate_inputs(rng, N, D, H) | {"b": signs.ravel() * rng.uniform(size, 3 * size, size=4 * H)}


def with_sums_of_zero(given: dict) -> dict:
    """The same without a bias; in the first sequence nothing comes in, so its sums are exactly 0."""
    x, h_prev = given["x"].copy(), given["h_prev"].copy()
    x[0] = h_prev[0] = 0
    return given | {"x": x, "h_prev": h_prev, "b": 0 * given["b"]}


def shut(given: dict) -> dict:
    """The same with gates that are shut altogether, so that the candidates are the largest numbers, and these are tiny."""
    near = tiny(given)
    near["b"][: len(near["b"]) // 4 * 3] = -1000
    return near


def draw_gates(rng: Generator) -> list[DrawnCase]:
    N, D, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several sequences", gate_inputs(rng, N, D, H)),
        DrawnCase("one sequence", gate_inputs(rng, 1, D, H)),
        DrawnCase(
            "one hidden unit, four sequences and inputs, sums of 0", with_sums_of_zero(gate_inputs(rng, 4, 4, 1))
        ),
        DrawnCase("gates shut, tiny candidates", shut(gate_inputs(rng, N, D, H))),
        DrawnCase("four sequences, inputs and hidden units", gate_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(gate_inputs(rng, N, D, H), np.float32)),
        DrawnCase("sums of more than a thousand", saturated(rng, N, D, H)),
        DrawnCase("float32, sums of more than a hundred", in_dtype(saturated(rng, N, 1, H, 110.0), np.float32)),
    ]


def worked_gates(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(gate_inputs(rng, 2, 2, 3))),
        DrawnCase("one sequence", short(gate_inputs(rng, 1, 3, 2))),
        DrawnCase("as many sequences, inputs and hidden units", short(gate_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", in_dtype(short(gate_inputs(rng, 2, 1, 2)), np.float32)),
        DrawnCase("sums of more than a thousand", short(saturated(rng, 2, 2, 3))),
        DrawnCase(
            "one hidden unit, four sequences and inputs, sums of 0", with_sums_of_zero(short(gate_inputs(rng, 4, 4, 1)))
        ),
        DrawnCase("gates shut, tiny candidates", shut(short(gate_inputs(rng, 1, 1, 2)))),
    ]


GATES = Check(
    "lstm.gates", lstm.gates, draw_gates, worked_gates, axes="gate N H", task="the three gates and the candidate", points=2,
    section="lstm-gates: The gates",
    promises={
        **ALWAYS,
        "in four blocks of `H` rows in the order **i, f, o, g**": "blocks in the order of pytorch",
        "A gate is a number between 0 and 1 for each unit": "tanh of gates",
        "The candidate is what may be written into the cell": "sigmoid of candidate",
        "All four are computed from the input and the old hidden state": "old state left out",
        "each with its own block of the weights": "blocks interleaved",
        "Take care that no large sum makes it or the tanh NaN": "infinite over infinite",
        "A sum may also be exactly 0": "sums of zero left out",
        "then the tanh is about as small": "digits of small candidates lost",
        "sums may be as large as 1000": "tanh by exp",
    },
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


@GATES.misconception(
    "The sigmoid was written in two parts, for sums above 0 and for sums below, and a sum of exactly 0 falls between them. Its "
    "gate is one half: one of the two parts needs >= or <=."
)
def sums_of_zero_left_out(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.where((a == 0) & (np.arange(4)[:, None, None] < 3), 0, opened(a)).astype(a.dtype)


@GATES.misconception(
    "The tanh of the candidate was written out with exp, as 1 - 2 / (e^2a + 1) or by a sigmoid. Where the sum is next to 0, "
    "its digits are lost: little but rounding is left after the subtraction. Use np.tanh."
)
def digits_of_small_candidates_lost(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.concatenate([sigmoid(a[:3]), 1 - 2 / (np.exp(2 * a[3:]) + 1)])


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


@GATES.misconception(
    "The input gate and the forget gate have changed places: the first H rows of the weights are the input gate's, and the "
    "next H the forget gate's."
)
def forget_gate_first(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, b)[[1, 0, 2, 3]])


@GATES.misconception(
    "h_prev was multiplied by the blocks of W_h as they stand. The weights are (out, in), so each block is transposed: "
    "h_prev @ block.T."
)
def recurrent_blocks_transposed(x, h_prev, W_x, W_h, b):
    H = h_prev.shape[1]
    return opened(blocks(x, h_prev, W_x, W_h.reshape(4, H, H).swapaxes(1, 2).reshape(4 * H, H), b))


@GATES.misconception(
    "The tanh was written with exp, which overflows: inf / inf is NaN for a large a. np.tanh is the same and does not."
)
def tanh_by_exp(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    up, down = np.exp(a[3:]), np.exp(-a[3:])
    return np.concatenate([sigmoid(a[:3]), (up - down) / (up + down)])


@GATES.misconception("The sequences come first in your result; here the four gates do: (4, N, H).")
def sequences_first(x, h_prev, W_x, W_h, b):
    return opened(blocks(x, h_prev, W_x, W_h, b)).swapaxes(0, 1)


@GATES.misconception(
    "exp overflows: exp(a) / (1 + exp(a)) becomes inf / inf for a large a. 1 / (1 + exp(-a)) is the same and does not."
)
def infinite_over_infinite(x, h_prev, W_x, W_h, b):
    a = blocks(x, h_prev, W_x, W_h, b)
    return np.concatenate([np.exp(a[:3]) / (1 + np.exp(a[:3])), np.tanh(a[3:])])


GATES.changes_nothing(
    {
        "a.reshape(len(x), 4, -1).swapaxes(0, 1): arguments 1 and 2 swapped": "swapping two axes is the same both ways",
        "1: 1 to 2 (place 3)": "NumPy takes any negative length for the one to find",
    }
)
