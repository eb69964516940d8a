"""`relative_error`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gradient_check

Generator = np.random.Generator


def pair(rng: Generator, *shape: int, larger: str) -> dict:
    """Two arrays for which every other formula comes to something else.

    At the place of the largest difference a is negative and b positive; at another place the difference is small, but
    large for the numbers that stand there; at a third a is positive and larger than most of b.
    """
    a, b = rng.uniform(-1, 1, size=shape), rng.uniform(-1, 1, size=shape)
    one, two, three = (np.unravel_index(place, shape) for place in rng.choice(a.size, size=3, replace=False))
    large, middle = rng.uniform(3, 4), rng.uniform(1.5, 1.9)
    a[one], b[one] = (-large, middle) if larger == "a" else (-middle, large)
    a[two] = rng.uniform(0.5, 0.6)
    b[two] = -a[two] * rng.uniform(0.8, 0.9)
    a[three] = rng.uniform(2.1, 2.5)
    return {"a": a, "b": b}


def draw_relative_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3, range(3, 8))
    zeros = np.zeros((B, C))
    return [
        DrawnCase("three axes", pair(rng, A, B, C, larger="a")),
        DrawnCase("a vector", pair(rng, C, larger="b")),
        DrawnCase("a matrix", {name: -v for name, v in pair(rng, B, B, larger="b").items()}),
        DrawnCase("two arrays of zeros", {"a": zeros, "b": zeros.copy()}),
        DrawnCase("small numbers", {name: 1e-9 * v for name, v in pair(rng, A, C, larger="a").items()}),
        DrawnCase("float32", in_dtype(pair(rng, A, B, larger="a"), np.float32)),
    ]


def worked_relative_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(pair(rng, 2, 3, larger="a"))),
        DrawnCase("a vector", short(pair(rng, 3, larger="b"))),
        DrawnCase("two arrays of zeros", {"a": np.zeros(2), "b": np.zeros(2)}),
    ]


RELATIVE_ERROR = Check(
    "gradient_check.relative_error", gradient_check.relative_error, draw_relative_error, worked_relative_error,
    axes="", task="how far two gradients are apart", points=1, section="bptt-numerical: Checking a gradient",
)  # fmt: skip


def share(part, whole):
    return float(part / whole) if whole != 0 else 0.0


@RELATIVE_ERROR.misconception(
    "The difference has no absolute value, so a number that is far too small counts as no error: take max |a - b|."
)
def difference_without_absolute_value(a, b):
    return share((a - b).max(), max(np.abs(a).max(), np.abs(b).max()))


@RELATIVE_ERROR.misconception(
    "The numbers that it is divided by have no absolute value: take the largest of |a| and |b|."
)
def scale_without_absolute_value(a, b):
    return share(np.abs(a - b).max(), max(a.max(), b.max()))


@RELATIVE_ERROR.misconception(
    "It was divided by the largest number in a alone; take the larger of both arrays' largest."
)
def divided_by_the_first(a, b):
    return share(np.abs(a - b).max(), np.abs(a).max())


@RELATIVE_ERROR.misconception(
    "It was divided by the largest number in b alone; take the larger of both arrays' largest."
)
def divided_by_the_second(a, b):
    return share(np.abs(a - b).max(), np.abs(b).max())


@RELATIVE_ERROR.misconception(
    "It was divided by the sum of both arrays' largest numbers; divide by the larger of the two."
)
def divided_by_the_sum(a, b):
    return share(np.abs(a - b).max(), np.abs(a).max() + np.abs(b).max())


@RELATIVE_ERROR.misconception(
    "Each difference was divided by the larger of its own two numbers, so a tiny number that is a little off counts as a large error. "
    "Divide the largest difference by the largest number."
)
def number_by_number(a, b):
    scale = np.maximum(np.abs(a), np.abs(b))
    return float((np.abs(a - b) / np.where(scale == 0, 1, scale)).max())


@RELATIVE_ERROR.misconception("It is the mean of the differences, which hides a single wrong number; take the largest.")
def mean_of_differences(a, b):
    return share(np.abs(a - b).mean(), max(np.abs(a).max(), np.abs(b).max()))


@RELATIVE_ERROR.misconception(
    "The difference was not divided: it is absolute, and small wherever the numbers are small."
)
def absolute_error(a, b):
    return float(np.abs(a - b).max())


@RELATIVE_ERROR.misconception("For two arrays of zeros it is 0 / 0; they are equal, so the error is 0 there.")
def zeros_by_zeros(a, b):
    return np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max())


TWO_SHAPES = "the exercise says that arrays of different shapes are not asked for"
NO_NUMBERS = "the exercise says that arrays without any numbers are not asked for"
RELATIVE_ERROR.changes_nothing(
    {
        "if np.shape(a) != np.shape(b): raise ValueError(f'relative_e: statement left out": TWO_SHAPES,
        "ValueError(f'relative_error: the shapes must be the same, bu: call left out": TWO_SHAPES,
        "np.shape(a): call left out (place 2)": TWO_SHAPES,
        "np.shape(b): call left out (place 2)": TWO_SHAPES,
        "a: a to b": TWO_SHAPES,
        "a: a to b (place 3)": TWO_SHAPES,
        "b: b to scale (place 3)": TWO_SHAPES,
        "np.abs([a, b]).max(initial=0.0): initial left out": NO_NUMBERS,
        "np.abs(a - b).max(initial=0.0): initial left out": NO_NUMBERS,
        "0.0: 0.0 to -1.0 (place 2)": NO_NUMBERS,
        "0.0: 0.0 to -1.0 (place 3)": NO_NUMBERS,
        "float(np.abs(a - b).max(initial=0.0) / scale): call left out": "a number of NumPy's is as good as one of Python's",
    }
)
