"""`relative_error`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import gradient_check

from .drawing import ALWAYS

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


def nearly(rng: Generator, *shape: int) -> dict:
    """Two arrays as a right gradient and its differences: the same but for the seventh digit."""
    a = rng.uniform(-1, 1, size=shape)
    return {"a": a, "b": a * (1 + 1e-7 * rng.uniform(-1, 1, size=shape))}


def times(scale: float, inputs: dict) -> dict:
    return {name: scale * array for name, array in inputs.items()}


def draw_relative_error(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3, range(3, 8))
    zeros, full = np.zeros((B, C)), rng.normal(size=(B, C))
    return [
        DrawnCase("three axes", pair(rng, A, B, C, larger="a")),
        DrawnCase("a vector", pair(rng, C, larger="b")),
        DrawnCase("a matrix", times(-1, pair(rng, B, B, larger="b"))),
        DrawnCase("two arrays of zeros", {"a": zeros, "b": zeros.copy()}),
        DrawnCase("the same numbers twice", {"a": full, "b": full.copy()}),
        DrawnCase("the first is all zeros", {"a": zeros, "b": rng.normal(size=(B, C))}),
        DrawnCase("the second is all zeros", {"a": rng.normal(size=(B, C)), "b": zeros}),
        DrawnCase("tiny numbers", times(1e-200, pair(rng, A, C, larger="a"))),
        DrawnCase("huge numbers", times(1e200, pair(rng, A, C, larger="b"))),
        DrawnCase("nearly the same numbers", nearly(rng, B, A)),
        DrawnCase("float32", in_dtype(pair(rng, A, B, larger="a"), np.float32)),
    ]


def worked_relative_error(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("a matrix", short(pair(rng, 2, 3, larger="a"))),
        DrawnCase("a vector", short(pair(rng, 3, larger="b"))),
        DrawnCase("two arrays of zeros", {"a": np.zeros(2), "b": np.zeros(2)}),
        DrawnCase("the same numbers twice", {"a": np.array([0.3, -0.1]), "b": np.array([0.3, -0.1])}),
        DrawnCase("the second is all zeros", {"a": np.array([0.3, -0.1]), "b": np.zeros(2)}),
        DrawnCase("the first is all zeros", {"a": np.zeros(2), "b": np.array([0.02, -0.3])}),
        DrawnCase("tiny numbers", times(1e-200, short(pair(rng, 3, larger="a")))),
        DrawnCase("nearly the same numbers", {"a": np.array([0.7, -0.25]), "b": np.array([0.7, -0.2500001237])}),
    ]


RELATIVE_ERROR = Check(
    "gradient_check.relative_error", gradient_check.relative_error, draw_relative_error, worked_relative_error,
    axes="", task="how far two gradients are apart", points=1, section="bptt-numerical: Checking a gradient",
    promises=ALWAYS | {
        "whatever their scale": "small number in the divisor",
        "For two arrays of zeros it is 0: they are the same.": "zeros by zeros",
        "If only one is all zeros, it is 1, as the formula says.": "zero where one is zeros",
        "\\mathrm{error}(a, b) = \\frac{\\max |a - b|}{\\max(\\max |a|, \\max |b|)}": "divided by the sum",
        "Every one of them is over absolute values.": "scale without absolute value",
    },
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


@RELATIVE_ERROR.misconception(
    "It is 0 where one array alone is all zeros. Then it is 1, as the formula says; only two arrays of zeros are the same."
)
def zero_where_one_is_zeros(a, b):
    return share(np.abs(a - b).max(), max(np.abs(a).max(), np.abs(b).max())) if a.any() and b.any() else 0.0


@RELATIVE_ERROR.misconception(
    "1e-12 was added to the divisor, so the error of tiny gradients comes out too small. Treat two arrays of zeros apart, "
    "and divide by the largest number alone."
)
def small_number_in_the_divisor(a, b):
    return float(np.abs(a - b).max() / (max(np.abs(a).max(), np.abs(b).max()) + 1e-12))


@RELATIVE_ERROR.misconception(
    "Arrays that are nearly the same were taken for equal, as np.allclose does. How little they differ is what is asked for."
)
def taken_for_equal(a, b):
    return 0.0 if np.allclose(a, b) else share(np.abs(a - b).max(), max(np.abs(a).max(), np.abs(b).max()))


@RELATIVE_ERROR.misconception(
    "Lengths were compared, roots of sums of squares; take the largest of the absolute values."
)
def lengths_for_largest(a, b):
    return share(np.linalg.norm(a - b), max(np.linalg.norm(a), np.linalg.norm(b)))


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
