"""`numerical_gradient`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase, Given
from autograder.exercise.drawing import sizes
from solutions.with_numpy import gradient_check

from .drawing import ALWAYS

Generator = np.random.Generator


# Not a polynomial, so that every formula for a derivative has an error of its own; and no term stands alone.
FUNCTION = "value = lambda a: float(np.sum(W * np.sin(a)) + np.tanh(np.sum(a)))"


def function_inputs(rng: Generator, *shape: int, step: float = 1e-5) -> dict:
    W, array = rng.normal(size=shape), rng.normal(size=shape)
    # A number above 1, so that a step which grows with the number is seen to do so.
    array.flat[0] = np.copysign(rng.uniform(2, 3), array.flat[0])
    array.flat[1:2] = 0.0  # from 0 too it is a whole step
    return {"function": Given(FUNCTION, W=W), "array": array, "step": step}


def draw_numerical_gradient(rng: Generator) -> list[DrawnCase]:
    A, B, C = sizes(rng, 3, range(2, 6))
    return [
        DrawnCase("three axes, a large step", function_inputs(rng, A, B, C, step=float(rng.uniform(0.1, 0.3)))),
        DrawnCase("a vector, the usual step", function_inputs(rng, B)),
        DrawnCase("a vector, a large step", function_inputs(rng, B, step=float(rng.uniform(0.1, 0.3)))),
        DrawnCase("four axes, a large step", function_inputs(rng, A, 1, B, 2, step=float(rng.uniform(0.1, 0.3)))),
        DrawnCase("one row", function_inputs(rng, 1, C, step=float(rng.uniform(0.01, 0.05)))),
        DrawnCase("as many rows as columns, the usual step", function_inputs(rng, A, A)),
        DrawnCase("one number", function_inputs(rng, 1, step=float(rng.uniform(0.1, 0.3)))),
    ]


def worked_numerical_gradient(rng: Generator) -> list[DrawnCase]:
    def inputs(*shape: int, step: float = 1e-5) -> dict:
        W, array = np.round(rng.normal(size=shape), 2), np.round(rng.normal(size=shape), 2)
        array.flat[1] = 0.0
        return {"function": Given(FUNCTION, W=W), "array": array, "step": step}

    return [
        DrawnCase("a matrix, a large step", inputs(2, 3, step=0.2)),
        DrawnCase("a vector, the usual step", inputs(3)),
        DrawnCase("a vector, a large step", inputs(3, step=0.3)),
        DrawnCase("four axes, a large step", inputs(2, 1, 2, 1, step=0.1)),
    ]


NUMERICAL_GRADIENT = Check(
    "gradient_check.numerical_gradient", gradient_check.numerical_gradient, draw_numerical_gradient,
    worked_numerical_gradient, axes="", task="a gradient from differences alone", points=2, section="bptt-numerical: Checking a gradient", only_float64=True,
    tolerance=1e-8,  # a difference over 2e-5 magnifies the rounding of the function by 50000
    promises=ALWAYS | {
        "Here $\\delta$ is the argument `step`": "step ignored",
        "Do this for one number of the array after the other.": "all moved at once",
        "The gradient of a function of an array by central differences": "one sided",
        "in which a single number differs": "copy not restored",
    },
)  # fmt: skip


@NUMERICAL_GRADIENT.misconception(
    "It is the one-sided difference, (f(a + step) - f(a)) / step. Its error shrinks with step, that of the difference over "
    "both sides with its square: use f(a + step) - f(a - step)."
)
def one_sided(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above = array.copy()
        above[index] += step
        gradient[index] = (function(above) - function(array)) / step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "It is twice the gradient: from a - step to a + step is a way of 2 * step, so divide by that."
)
def not_divided_by_two(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "The difference was divided by 2 and then multiplied by step, as / 2 * step does: write / (2 * step)."
)
def brackets_forgotten(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / 2 * step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "It has the wrong sign: the value below was not taken from the value above, but the other way round."
)
def above_taken_from_below(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(below) - function(above)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "A number that was moved was not moved back, so the next ones are tried at another place, and the caller's array is no "
    "longer what it was. Move a copy, made anew for each number."
)
def array_not_restored(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        array[index] += step
        above = function(array)
        array[index] -= 2 * step
        gradient[index] = (above - function(array)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "A number that was moved stays moved in your copy, so the next ones are tried at another place. Move it back, or make "
    "the copy anew for each number."
)
def copy_not_restored(function, array, step=1e-5):
    gradient, moved = np.empty_like(array), array.copy()
    for index in np.ndindex(array.shape):
        moved[index] += step
        above = function(moved)
        moved[index] -= 2 * step
        gradient[index] = (above - function(moved)) / (2 * step)
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "The gradient is right, but array came back changed in its last digits: adding step and taking it away again is rounded. "
    "Keep the old number and put it back, or move a copy."
)
def restored_by_arithmetic(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        array[index] += step
        above = function(array)
        array[index] -= 2 * step
        gradient[index] = (above - function(array)) / (2 * step)
        array[index] += step
    return gradient


@NUMERICAL_GRADIENT.misconception(
    "All numbers were moved at once, which gives one difference for the whole array; move one at a time."
)
def all_moved_at_once(function, array, step=1e-5):
    return np.full_like(array, (function(array + step) - function(array - step)) / (2 * step))


@NUMERICAL_GRADIENT.misconception("The argument step was ignored: the numbers were moved by 1e-5 whatever it is.")
def step_ignored(function, array, step=1e-5):
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += 1e-5
        below[index] -= 1e-5
        gradient[index] = (function(above) - function(below)) / 2e-5
    return gradient


FLOAT64_ALONE = "the exercise says that another dtype than float64 is not asked for"
USUAL_STEP = "every case passes step; its default stands in the signature that students are given"
NUMERICAL_GRADIENT.changes_nothing(
    {
        "if array.dtype != np.float64: raise TypeError(f'numerical_gr: statement left out": FLOAT64_ALONE,
        "TypeError(f'numerical_gradient: the argument array must be f: call left out": FLOAT64_ALONE,
        "array: array to below (place 6)": FLOAT64_ALONE,
        "1e-05: 1e-05 to 1.00001": USUAL_STEP,
        "1e-05: 1e-05 to -0.99999": USUAL_STEP,
    }
)
