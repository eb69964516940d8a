"""`truncation_error`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import truncated_bptt

from .drawing import ALWAYS

Generator = np.random.Generator


def cut_gradient(rng: Generator, *shape: int) -> dict:
    full = rng.normal(size=shape)
    return {"truncated": full * rng.uniform(0.3, 0.9, size=shape) + 0.1 * rng.normal(size=shape), "full": full}


def nearly(rng: Generator, *shape: int) -> dict:
    """Almost nothing is lost."""
    full = rng.normal(size=shape)
    return {"truncated": full * (1 + 1e-7 * rng.normal(size=shape)), "full": full}


def turned(rng: Generator, *shape: int) -> dict:
    """A truncated gradient that points the other way: more than everything is lost."""
    full = rng.normal(size=shape)
    return {"truncated": -full * rng.uniform(0.3, 0.9, size=shape), "full": full}


def times(scale: float, inputs: dict) -> dict:
    return {name: scale * array for name, array in inputs.items()}


def draw_truncation_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3)
    full = rng.normal(size=(A, C))
    return [
        DrawnCase("a matrix", cut_gradient(rng, B, C)),
        DrawnCase("pointing the other way", turned(rng, B, C)),
        DrawnCase("almost nothing lost", nearly(rng, B, C)),
        DrawnCase("tiny numbers", times(1e-100, cut_gradient(rng, B, C))),
        DrawnCase("huge numbers", times(1e100, cut_gradient(rng, C, A))),
        DrawnCase("three axes", cut_gradient(rng, A, B, C)),
        DrawnCase("a vector", cut_gradient(rng, B)),
        DrawnCase("nothing lost", {"truncated": full.copy(), "full": full}),
        DrawnCase("everything lost", {"truncated": np.zeros_like(full), "full": full}),
        DrawnCase("nothing to lose", {"truncated": np.zeros((B, C)), "full": np.zeros((B, C))}),
        DrawnCase(
            "the full gradient is zero, the other is not",
            {"truncated": 1e-100 * rng.normal(size=A), "full": np.zeros(A)},
        ),
        DrawnCase("float32", in_dtype(cut_gradient(rng, A, B), np.float32)),
    ]


def worked_truncation_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(cut_gradient(rng, 2, 3))),
        DrawnCase("a vector, pointing the other way", short(turned(rng, 4))),
        DrawnCase("almost nothing lost", {"truncated": np.array([0.7, -0.2500001237]), "full": np.array([0.7, -0.25])}),
        DrawnCase("tiny numbers", times(1e-100, short(cut_gradient(rng, 2, 3)))),
        DrawnCase("nothing lost", {"truncated": np.array([0.3, -0.1]), "full": np.array([0.3, -0.1])}),
        DrawnCase("nothing to lose", {"truncated": np.zeros(2), "full": np.zeros(2)}),
        DrawnCase(
            "the full gradient is zero, the other is not", {"truncated": np.array([0.3, -0.1]), "full": np.zeros(2)}
        ),
    ]


TRUNCATION_ERROR = Check(
    "truncated_bptt.truncation_error", truncated_bptt.truncation_error, draw_truncation_error, worked_truncation_error,
    axes="", task="how much the cut has taken away", points=1, section="bptt-truncated: Truncated backpropagation",
    promises=ALWAYS | {
        "where the length of an array is the root of the sum of all its squares": "root left out",
        "If the full gradient is zero, the error is 0 where the other is zero too, and 1 where it is not.": "divided by zero",
        "It can be above 1, where what is left points the other way.": "at most one",
        "Tiny gradients are measured like all others.": "small number in the divisor",
        "First the difference, then its length.": "difference of lengths",
    },
)  # fmt: skip


def of_whole(lost, whole):
    return float(lost / whole) if whole != 0 else float(lost != 0)


@TRUNCATION_ERROR.misconception("It was divided by the truncated gradient; the error is a share of the full one.")
def divided_by_the_truncated(truncated, full):
    if not full.any():
        return float(truncated.any())
    return float(np.linalg.norm(truncated - full) / (np.linalg.norm(truncated) or 1.0))


@TRUNCATION_ERROR.misconception("The length of the difference was not divided by that of the full gradient.")
def not_divided(truncated, full):
    return float(np.linalg.norm(truncated - full))


@TRUNCATION_ERROR.misconception(
    "It is the difference of the two lengths. Two gradients of one length may point in different directions: subtract first, "
    "then take the length."
)
def difference_of_lengths(truncated, full):
    whole = np.linalg.norm(full)
    return of_whole(abs(np.linalg.norm(truncated) - whole), whole)


@TRUNCATION_ERROR.misconception(
    "It is the share that is left; asked for is what was lost: take the length of the difference."
)
def share_that_is_left(truncated, full):
    return of_whole(np.linalg.norm(truncated), np.linalg.norm(full))


@TRUNCATION_ERROR.misconception("It was made of squares; a length is the square root of the sum of the squares.")
def root_left_out(truncated, full):
    return of_whole(((truncated - full) ** 2).sum(), (full**2).sum())


@TRUNCATION_ERROR.misconception("It was made of the largest numbers, as relative_error is; here lengths are compared.")
def largest_for_length(truncated, full):
    return of_whole(np.abs(truncated - full).max(), np.abs(full).max())


@TRUNCATION_ERROR.misconception(
    "Where the full gradient is zero it was divided by zero: the error is then 0 if the other is zero too, and 1 if not."
)
def divided_by_zero(truncated, full):
    return np.linalg.norm(truncated - full) / np.linalg.norm(full)


@TRUNCATION_ERROR.misconception(
    "Errors above 1 were cut off. Where the truncated gradient points the other way, the difference is longer than the full gradient."
)
def at_most_one(truncated, full):
    return min(1.0, of_whole(np.linalg.norm(truncated - full), np.linalg.norm(full)))


@TRUNCATION_ERROR.misconception(
    "1e-12 was added to the divisor, so the error of tiny gradients comes out too small. Treat a full gradient of zeros "
    "apart, and divide by its length alone."
)
def small_number_in_the_divisor(truncated, full):
    if not full.any():
        return float(truncated.any())
    return float(np.linalg.norm(truncated - full) / (np.linalg.norm(full) + 1e-12))


NUMPYS_NUMBER = "a number of NumPy's is as good as one of Python's"
TRUNCATION_ERROR.changes_nothing(
    {
        "float(np.linalg.norm(truncated - full)): call left out": NUMPYS_NUMBER,
        "float(np.linalg.norm(full)): call left out": NUMPYS_NUMBER,
    }
)
