"""`from_pytorch`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gru

from .drawing import ALWAYS, SIZES, network, split

Generator = np.random.Generator


def pytorch_parameters(rng: Generator, D: int, H: int) -> dict:
    given = network(rng, D, H)
    return {
        "weight_ih": given["W_x"], "weight_hh": given["W_h"], "bias_ih": given["b"], "bias_hh": 0.5 * rng.normal(size=3 * H)
    }  # fmt: skip


HUGE = 1e16  # beside it, a bias of about 1 is lost


def with_huge_second_bias(given: dict) -> dict:
    """The same with a second bias of the candidate that must not come near the first, not even to be taken away again."""
    bias, H = given["bias_hh"], len(given["bias_hh"]) // 3
    return given | {"bias_hh": np.concatenate([bias[: 2 * H], HUGE * bias[2 * H :]])}


def draw_from_pytorch(rng: Generator) -> list[DrawnCase]:
    D, H = sizes(rng, 2, SIZES)
    return [
        DrawnCase("several units", pytorch_parameters(rng, D, H)),
        DrawnCase("other numbers of the same sizes", pytorch_parameters(rng, D, H)),
        DrawnCase(
            "one input, and a huge second bias of the candidate", with_huge_second_bias(pytorch_parameters(rng, 1, H))
        ),
        DrawnCase("three times as many inputs as hidden units", pytorch_parameters(rng, 6, 2)),
        DrawnCase("one hidden unit", pytorch_parameters(rng, D, 1)),
        DrawnCase("as many inputs as hidden units", pytorch_parameters(rng, H, H)),
        DrawnCase("float32", in_dtype(pytorch_parameters(rng, D, H), np.float32)),
    ]


def worked_from_pytorch(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two units", short(pytorch_parameters(rng, 6, 2))),
        DrawnCase("other numbers of the same sizes", short(pytorch_parameters(rng, 6, 2))),
        DrawnCase("as many inputs as hidden units", short(pytorch_parameters(rng, 2, 2))),
        DrawnCase(
            "one input, and a huge second bias of the candidate",
            with_huge_second_bias(short(pytorch_parameters(rng, 1, 3))),
        ),
        DrawnCase("float32", in_dtype(short(pytorch_parameters(rng, 2, 1)), np.float32)),
    ]


FROM_PYTORCH = Check(
    "gru.from_pytorch", gru.from_pytorch, draw_from_pytorch, worked_from_pytorch,
    axes="W_x: row column; W_h: row column; b: row; b_hn: H", task="PyTorch's parameters as ours", points=1, section="gru-conversion: From PyTorch's parameters",
    new_arrays=True,
    promises=ALWAYS | {
        "What ``step`` takes; new arrays.": "returns its inputs",
        "PyTorch's GRU resets after the product, its blocks stand in our order": "order changed",
        "and its z keeps": "sign of z changed",
        "Its weights are `(out, in)`, as ours are.": "weights transposed",
        "In its gates, both biases stand in one sum.": "second bias lost in the gates",
        "In the block n it stands inside the product with r.": "second bias counted twice",
    },
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


@FROM_PYTORCH.misconception("b_hn is zero, and bias_hh is lost in the block n; b_hn is the third block of bias_hh.")
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
