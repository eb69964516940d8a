"""`global_norm`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import each, short, sizes
from solutions.with_numpy import clipping

from .clip_by_value import (
    both_signs,
    network_gradients,
    of_size,
    output_gradients,
    shaped_gradients,
    single_gradients,
    under_two_names,
)
from .drawing import ALWAYS, narrow

Generator = np.random.Generator


def draw_global_norm(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    single = single_gradients(rng, 0.1, 0.9)
    single["W_h"] = 10 * single["W_h"]  # neither the first nor the last is the largest
    single = each(lambda g: 1e-100 * g, single)
    return [
        DrawnCase("three arrays", {"gradients": network_gradients(rng, D, H)}),
        DrawnCase("arrays of other names", {"gradients": output_gradients(rng, V, H)}),
        DrawnCase("one array, large numbers", {"gradients": {"W_h": 1e100 * both_signs(rng, H, H)}}),
        DrawnCase("one tiny number in each array", {"gradients": single}),
        DrawnCase("no gradient at all", {"gradients": each(np.zeros_like, network_gradients(rng, D, H))}),
        DrawnCase("float32", narrow({"gradients": network_gradients(rng, D, H)})),
        DrawnCase("float32, vanished", narrow({"gradients": of_size(rng, 1e-25, D, H)})),
        DrawnCase("float32, exploded", narrow({"gradients": of_size(rng, 1e25, D, H)})),
        DrawnCase("arrays of one axis, two and three", {"gradients": shaped_gradients(rng, V, D, H)}),
        DrawnCase("one array under two names", {"gradients": under_two_names(rng, V, H, 1.0)}),
    ]


def worked_global_norm(rng: Generator) -> list[DrawnCase]:
    tiny = {"W_h": np.array([[3e-25, 0.0], [0.0, -4e-25]]), "b": np.array([0.0, 12e-25])}
    return [
        DrawnCase("three arrays", short({"gradients": network_gradients(rng, 2, 3)})),
        DrawnCase(
            "0.3, 0.4 and 1.2", {"gradients": {"E": np.array([[1.2, 0.0], [0.0, -0.4]]), "b": np.array([0.0, 0.3])}}
        ),
        DrawnCase("no gradient at all", {"gradients": each(np.zeros_like, network_gradients(rng, 2, 3))}),
        DrawnCase("float32", narrow(short({"gradients": network_gradients(rng, 1, 2)}))),
        DrawnCase("float32, vanished", narrow({"gradients": tiny})),
        DrawnCase("one array under two names", {"gradients": under_two_names(rng, 2, 1, 1.0)}),
    ]


GLOBAL_NORM = Check(
    "clipping.global_norm", clipping.global_norm, draw_global_norm, worked_global_norm, axes="", task="the length of all gradients together", points=1,
    section="grad-clip-norm: Clipping by global norm",
    promises={
        **ALWAYS,
        "take the squares in float64, whatever the dtype of the gradients": "squares in the dtype of the gradients",
        "for one array as for many": "norm of the first array",
        "then each name counts for itself": "an array under two names counted once",
        "There is one root, and it is taken at the very end": "sum of norms",
    },
)  # fmt: skip


def squares(gradients):
    """The sum of the squares of each array."""
    return [float(np.square(g, dtype=np.float64).sum()) for g in gradients.values()]


@GLOBAL_NORM.misconception("The root is left out: it is the sum of the squares.")
def global_root_left_out(gradients):
    return sum(squares(gradients))


@GLOBAL_NORM.misconception(
    "It is the sum of the arrays' norms. Lengths do not add up: add the squares of all arrays, then take one root."
)
def sum_of_norms(gradients):
    return float(np.sqrt(squares(gradients)).sum())


@GLOBAL_NORM.misconception(
    "The squares were taken in the dtype of the gradients. In float32 those of very small numbers are 0 and those of very "
    "large ones infinite: take them in float64."
)
def squares_in_the_dtype_of_the_gradients(gradients):
    return float(np.sqrt(sum(float(np.square(g).sum()) for g in gradients.values())))


@GLOBAL_NORM.misconception("An array that stands under two names was counted once; each name counts for itself.")
def an_array_under_two_names_counted_once(gradients):
    different = {id(g): g for g in gradients.values()}
    return float(np.sqrt(sum(squares(different))))


@GLOBAL_NORM.misconception("It is the norm of the largest array; asked for is the norm of all of them together.")
def largest_norm(gradients):
    return float(np.sqrt(squares(gradients)).max())


@GLOBAL_NORM.misconception("It is the norm of the last array alone. Is the sum begun anew for each array?")
def norm_of_the_last_array(gradients):
    return float(np.sqrt(squares(gradients)[-1]))


@GLOBAL_NORM.misconception("It is the norm of the first array alone. Does return stand inside the loop?")
def norm_of_the_first_array(gradients):
    return float(np.sqrt(squares(gradients)[0]))


@GLOBAL_NORM.misconception("It is the largest absolute value; the norm is the root of the sum of all squares.")
def largest_number(gradients):
    return max(float(np.abs(g).max()) for g in gradients.values())


@GLOBAL_NORM.misconception("The absolute values were added up; the norm is the root of the sum of all squares.")
def sum_of_absolute_values(gradients):
    return sum(float(np.abs(g, dtype=np.float64).sum()) for g in gradients.values())


@GLOBAL_NORM.misconception("A mean was taken under the root; the squares are added up.")
def mean_of_squares(gradients):
    return float(np.sqrt(sum(squares(gradients)) / sum(g.size for g in gradients.values())))


@GLOBAL_NORM.misconception(
    "For the matrices it is the largest singular value, as np.linalg.norm(…, 2) gives it. Here a matrix is only a list of "
    "numbers: take the root of the sum of their squares."
)
def singular_value_for_length(gradients):
    parts = [np.linalg.norm(g.astype(np.float64), 2) for g in gradients.values()]
    return float(np.sqrt(sum(part**2 for part in parts)))


GLOBAL_NORM.changes_nothing(
    {
        "float(np.sqrt(sum((np.sum(np.square(g, dtype=np.float64)) fo: call left out": "a number of NumPy's is as good as one of Python's",
    }
)
