"""`span_jacobian`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_numpy import jacobians
from solutions.with_numpy.jacobians import step_jacobian

from .drawing import OF_ARRAYS, narrow, orthogonal
from .step_jacobian import relu_states, slopes, tanh_states, weights

Generator = np.random.Generator


def span_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"h": tanh_states(rng, T, N, H), "W_h": weights(rng, H)}


def relu_span_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"h": relu_states(rng, T, N, H), "W_h": weights(rng, H), "activation": "relu"}


def level_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """Many steps that neither shrink nor grow on the whole, so that none of their results is lost beside the others."""
    h = np.tanh(0.3 * rng.normal(size=(T, N, H)))
    return {"h": h, "W_h": orthogonal(rng, H) / np.exp(np.log(1 - h**2).mean())}


def vanishing_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """Many steps of which each leaves a fifth."""
    given = level_inputs(rng, T, N, H)
    return given | {"W_h": 0.2 * given["W_h"]}


def with_a_state_of_zeros(inputs: dict) -> dict:
    """The same, but at the second step all states are zero: the slope of tanh is 1 there, and that of a ReLU is 0."""
    h = inputs["h"].copy()
    h[1] = 0
    return inputs | {"h": h}


def off_at_once(inputs: dict) -> dict:
    """The same, but the last sequence is off altogether at one step."""
    h = inputs["h"].copy()
    h[0, -1] = 0
    return inputs | {"h": h}


def tiny(inputs: dict) -> dict:
    return inputs | {"W_h": 1e-12 * inputs["W_h"]}


def draw_span_jacobian(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("several steps", span_inputs(rng, T, N, H)),
        DrawnCase("one step", span_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", span_inputs(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", span_inputs(rng, H, H, H)),
        DrawnCase("a ReLU, one sequence off at a step", off_at_once(relu_span_inputs(rng, T, N, H))),
        DrawnCase("float32", narrow(span_inputs(rng, T, N, H))),
        DrawnCase("forty steps that leave next to nothing", vanishing_inputs(rng, 40, 3, 8)),
        DrawnCase("a product of numbers like 1e-60", tiny(span_inputs(rng, 5, N, H))),
        DrawnCase("one hidden unit", span_inputs(rng, T, N, 1)),
        DrawnCase("the same shapes, a step with states of 0", with_a_state_of_zeros(span_inputs(rng, T, N, 1))),
    ]


def worked_span_jacobian(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(span_inputs(rng, 3, 2, 2))),
        DrawnCase("one step", short(span_inputs(rng, 1, 1, 3))),
        DrawnCase(
            "as many steps, sequences and hidden units; states of 0",
            with_a_state_of_zeros(short(span_inputs(rng, 3, 3, 3))),
        ),
        DrawnCase("a ReLU, one sequence off at a step", off_at_once(short(relu_span_inputs(rng, 3, 2, 3)))),
        DrawnCase(
            "three steps that leave next to nothing", {**short(span_inputs(rng, 3, 2, 2)), "W_h": 1e-6 * np.eye(2)}
        ),
        DrawnCase("float32", narrow(short(span_inputs(rng, 2, 1, 2)))),
    ]


SPAN_JACOBIAN = Check(
    "jacobians.span_jacobian", jacobians.span_jacobian, draw_span_jacobian, worked_span_jacobian, axes="N i j", task="what many steps do to it", points=2,
    section="grad-jacobian: The product of Jacobians", earlier=("step_jacobian",),
    promises={
        **OF_ARRAYS,
        "By the chain rule, the Jacobians of the steps are multiplied": "sum of jacobians",
        "The first step acts first, so it stands on the right": "first step on the left",
        "Hand on the activation": "activation not handed on",
        "there is a product for each sequence": "one product for all sequences",
    },
)  # fmt: skip


def multiplied(factors):
    product = factors[0]
    for factor in factors[1:]:
        product = factor @ product
    return product


@SPAN_JACOBIAN.misconception(
    "The Jacobians were multiplied in the wrong order. A change goes through the first step first, so the first step's "
    "Jacobian stands on the right and each later one is multiplied from the left."
)
def first_step_on_the_left(h, W_h, activation="tanh"):
    return multiplied([step_jacobian(h_t, W_h, activation) for h_t in h[::-1]])


@SPAN_JACOBIAN.misconception("It is the last step's Jacobian alone; a change passes through all steps of the span.")
def last_step_alone(h, W_h, activation="tanh"):
    return step_jacobian(h[-1], W_h, activation)


@SPAN_JACOBIAN.misconception("It is the first step's Jacobian alone. Does return stand inside the loop?")
def first_step_alone(h, W_h, activation="tanh"):
    return step_jacobian(h[0], W_h, activation)


@SPAN_JACOBIAN.misconception("The Jacobians were added up; by the chain rule they are multiplied.")
def sum_of_jacobians(h, W_h, activation="tanh"):
    return sum(step_jacobian(h_t, W_h, activation) for h_t in h)


@SPAN_JACOBIAN.misconception(
    "The Jacobians were multiplied number by number, as * does. The chain rule asks for matrix products: write @."
)
def number_by_number(h, W_h, activation="tanh"):
    return np.prod([step_jacobian(h_t, W_h, activation) for h_t in h], axis=0)


@SPAN_JACOBIAN.misconception(
    "The last step is missing, as if h[t] were the state before a step. It is the state after it: T states, T Jacobians."
)
def last_step_missing(h, W_h, activation="tanh"):
    start = np.tile(np.eye(len(W_h), dtype=h.dtype), (h.shape[1], 1, 1))
    return multiplied([start, *(step_jacobian(h_t, W_h, activation) for h_t in h[:-1])])


@SPAN_JACOBIAN.misconception("The first step is missing: T states come of T steps, and each has a Jacobian.")
def first_step_missing(h, W_h, activation="tanh"):
    start = np.tile(np.eye(len(W_h), dtype=h.dtype), (h.shape[1], 1, 1))
    return multiplied([start, *(step_jacobian(h_t, W_h, activation) for h_t in h[1:])])


@SPAN_JACOBIAN.misconception(
    "Each step's Jacobian was made from the state before it, h[t - 1], and at the first step h[-1] is even the last state. "
    "The slope of step t belongs to the state after it, h[t]."
)
def slope_of_the_step_before(h, W_h, activation="tanh"):
    return multiplied([step_jacobian(h[t - 1], W_h, activation) for t in range(len(h))])


@SPAN_JACOBIAN.misconception(
    "It is the power of W_h: the slopes of the activation are left out. They differ from step to step and belong in each "
    "Jacobian."
)
def power_of_the_matrix(h, W_h, activation="tanh"):
    return np.tile(np.linalg.matrix_power(W_h, len(h)), (h.shape[1], 1, 1))


@SPAN_JACOBIAN.misconception(
    "It is the power of the last step's Jacobian: every step has a Jacobian of its own, made from its own state."
)
def power_of_the_last_jacobian(h, W_h, activation="tanh"):
    return np.linalg.matrix_power(step_jacobian(h[-1], W_h, activation), len(h))


@SPAN_JACOBIAN.misconception(
    "It is the transpose of the product. That is what a gradient goes through; the Jacobian has a row for each unit after "
    "the last step."
)
def transposed_product(h, W_h, activation="tanh"):
    return np.swapaxes(jacobians.span_jacobian(h, W_h, activation), 1, 2).copy()


@SPAN_JACOBIAN.misconception(
    "The slopes stand at the columns of W_h: in each factor diag(1 - h**2) is on the left, and so multiplies the rows."
)
def slopes_at_columns_of_each_factor(h, W_h, activation="tanh"):
    return multiplied([slopes(h_t, activation)[:, None, :] * W_h for h_t in h])


@SPAN_JACOBIAN.misconception(
    "The argument activation was not handed on to step_jacobian, so a ReLU is taken for a tanh."
)
def activation_not_handed_on(h, W_h, activation="tanh"):
    return jacobians.span_jacobian(h, W_h)


@SPAN_JACOBIAN.misconception("The product was begun with zeros and so stays zero: begin it with identity matrices.")
def begun_with_zeros(h, W_h, activation="tanh"):
    return 0 * jacobians.span_jacobian(h, W_h, activation)


@SPAN_JACOBIAN.misconception(
    "The product was begun with matrices full of ones; the matrix that changes nothing has ones on its diagonal alone."
)
def begun_with_ones(h, W_h, activation="tanh"):
    return jacobians.span_jacobian(h, W_h, activation) @ np.ones_like(W_h)


@SPAN_JACOBIAN.misconception(
    "All sequences have the product of the first. Each sequence has states of its own, and so Jacobians of its own."
)
def one_product_for_all_sequences(h, W_h, activation="tanh"):
    return np.tile(jacobians.span_jacobian(h[:, :1], W_h, activation), (h.shape[1], 1, 1))


SPAN_JACOBIAN.changes_nothing(
    {
        "np.tile(np.eye(H, dtype=h.dtype), (N, 1, 1)): call left out": "the product with the first step's Jacobians repeats one identity for all sequences, and the exercise says that a span of no steps is not asked for",
    }
)
