"""`truncation_error`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import truncated_bptt

Generator = np.random.Generator


def cut_gradient(rng: Generator, *shape: int) -> dict:
    full = rng.normal(size=shape)
    return {"truncated": full * rng.uniform(0.3, 0.9, size=shape) + 0.1 * rng.normal(size=shape), "full": full}


def draw_truncation_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3)
    full = rng.normal(size=(A, C))
    return [
        DrawnCase("a matrix", cut_gradient(rng, B, C)),
        DrawnCase("three axes", cut_gradient(rng, A, B, C)),
        DrawnCase("a vector", cut_gradient(rng, B)),
        DrawnCase("everything lost", {"truncated": np.zeros_like(full), "full": full}),
        DrawnCase("nothing to lose", {"truncated": np.zeros((B, C)), "full": np.zeros((B, C))}),
        DrawnCase(
            "the full gradient is zero, the other is not", {"truncated": rng.normal(size=A), "full": np.zeros(A)}
        ),
        DrawnCase("float32", in_dtype(cut_gradient(rng, A, B), np.float32)),
    ]


def worked_truncation_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(cut_gradient(rng, 2, 3))),
        DrawnCase("a vector", short(cut_gradient(rng, 4))),
        DrawnCase("nothing to lose", {"truncated": np.zeros(2), "full": np.zeros(2)}),
        DrawnCase(
            "the full gradient is zero, the other is not", {"truncated": np.array([0.3, -0.1]), "full": np.zeros(2)}
        ),
    ]


TRUNCATION_ERROR = Check(
    "truncated_bptt.truncation_error", truncated_bptt.truncation_error, draw_truncation_error, worked_truncation_error,
    axes="", task="how much the cut has taken away", points=1, section="bptt-truncated: Truncated backpropagation",
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


NUMPYS_NUMBER = "a number of NumPy's is as good as one of Python's"
TRUNCATION_ERROR.changes_nothing(
    {
        "float(np.linalg.norm(truncated - full)): call left out": NUMPYS_NUMBER,
        "float(np.linalg.norm(full)): call left out": NUMPYS_NUMBER,
    }
)
