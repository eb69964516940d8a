"""`full_derivative`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, sizes
from solutions.with_numpy import cell_path
from solutions.with_numpy.cell_path import step_jacobian
from solutions.with_numpy.lstm import forward

from .drawing import ALWAYS, SIZES
from .forward import sequence_inputs
from .step_backward import rounded

Generator = np.random.Generator


def path_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """With weights large enough that much of the derivative comes through the gates."""
    given = sequence_inputs(rng, T, N, 3, H)
    given["W_h"] = 1.5 * given["W_h"]
    _, c, activations = forward(**given)
    return {"c_0": given["c_0"], "c": c, "gates": activations, "W_h": given["W_h"]}


def open_and_shut(inputs: dict) -> dict:
    """The same with every forget gate open at the first step and shut at the last: nothing along the direct path, much through the gates."""
    gates, c, before = inputs["gates"].copy(), inputs["c"].copy(), inputs["c_0"]
    gates[1, 0], gates[1, -1] = 1.0, 0.0
    for t in range(len(c)):
        i, f, _, g = gates[:, t]
        c[t] = before = f * before + i * g
    return inputs | {"gates": gates, "c": c}


def draw_full_derivative(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, SIZES)
    return [
        DrawnCase("several steps", path_inputs(rng, T, N, H)),
        DrawnCase("one step", path_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", path_inputs(rng, T, 1, H)),
        DrawnCase("three steps", path_inputs(rng, 3, N, H)),
        DrawnCase("four steps, sequences and hidden units", path_inputs(rng, 4, 4, 4)),
        DrawnCase("float32", in_dtype(path_inputs(rng, T, N, H), np.float32)),
        DrawnCase("twelve steps of one hidden unit", path_inputs(rng, 12, 1, 1)),
        DrawnCase("the same shapes, other numbers", path_inputs(rng, 12, 1, 1)),
        DrawnCase(
            "every forget gate open at the first step and shut at the last", open_and_shut(path_inputs(rng, T, N, H))
        ),
    ]


def worked_full_derivative(rng: Generator) -> list[DrawnCase]:
    def inputs(T: int, N: int, H: int) -> dict:
        given = path_inputs(rng, T, N, H)
        few = rounded({"x": np.zeros(T), **given})
        return {name: few[name] for name in given}

    return [
        DrawnCase("three steps", inputs(3, 1, 2)),
        DrawnCase("the same shapes, other numbers", inputs(3, 1, 2)),
        DrawnCase("one step", inputs(1, 2, 2)),
        DrawnCase("as many steps, sequences and hidden units", inputs(3, 3, 3)),
        DrawnCase("float32", in_dtype(inputs(2, 1, 3), np.float32)),
        DrawnCase("every forget gate open at the first step and shut at the last", open_and_shut(inputs(3, 1, 2))),
    ]


FULL_DERIVATIVE = Check(
    "cell_path.full_derivative", cell_path.full_derivative, draw_full_derivative, worked_full_derivative,
    axes="N row column", task="the derivative along every path", points=2, section="lstm-full-derivative: The full derivative",
    promises={
        **ALWAYS,
        "the derivative over a span is a product of Jacobians": "sum of jacobians",
        "The block that is asked for leads from $c_0$ to $c_T$": "hidden state at the end",
        "so $J_1$ stands on the right": "factors in the wrong order",
        "Cut out the block at the very end": "block cut out too early",
        "derivative of cell i at the end with respect to cell j at the beginning": "transposed",
    },
)  # fmt: skip


def jacobians(c_before, c, gates, W_h):
    return [step_jacobian(c[t], c_before[t], gates[:, t], W_h) for t in range(len(c))]


def product_of(factors):
    """The later factor on the left."""
    product = factors[0]
    for factor in factors[1:]:
        product = factor @ product
    return product


def corner(matrix):
    H = matrix.shape[-1] // 2
    return matrix[:, :H, :H]


def all_jacobians(c_0, c, gates, W_h):
    return jacobians([c_0, *c[:-1]], c, gates, W_h)


@FULL_DERIVATIVE.misconception(
    "The Jacobians were multiplied in the wrong order: the first step acts first, so it stands on the right, and each later one "
    "comes from the left."
)
def factors_in_the_wrong_order(c_0, c, gates, W_h):
    return corner(product_of(all_jacobians(c_0, c, gates, W_h)[::-1]))


@FULL_DERIVATIVE.misconception(
    "It is the direct path again: only the blocks from c to c were multiplied, or numbers and not matrices. Multiply the whole "
    "Jacobians with @, and cut out the block at the end."
)
def block_cut_out_too_early(c_0, c, gates, W_h):
    return product_of([corner(J) for J in all_jacobians(c_0, c, gates, W_h)])


@FULL_DERIVATIVE.misconception(
    "It is the block below: the derivative of the last hidden state. That of the last cell state stands in the first H rows."
)
def hidden_state_at_the_end(c_0, c, gates, W_h):
    H = c.shape[-1]
    return product_of(all_jacobians(c_0, c, gates, W_h))[:, H:, :H]


@FULL_DERIVATIVE.misconception(
    "It is the block on the right: the derivative with respect to h_0. That with respect to c_0 stands in the first H columns."
)
def hidden_state_at_the_beginning(c_0, c, gates, W_h):
    H = c.shape[-1]
    return product_of(all_jacobians(c_0, c, gates, W_h))[:, :H, H:]


@FULL_DERIVATIVE.misconception(
    "It is the whole product, with 2H rows and columns; only its block from c to c is asked for."
)
def block_not_cut_out(c_0, c, gates, W_h):
    return product_of(all_jacobians(c_0, c, gates, W_h))


@FULL_DERIVATIVE.misconception(
    "Rows and columns have changed places: the rows belong to the cells at the end, the columns to those at the beginning."
)
def transposed(c_0, c, gates, W_h):
    return corner(product_of(all_jacobians(c_0, c, gates, W_h))).swapaxes(1, 2)


@FULL_DERIVATIVE.misconception("It is the Jacobian of the last step alone; those of all steps are multiplied.")
def last_step_alone(c_0, c, gates, W_h):
    return corner(all_jacobians(c_0, c, gates, W_h)[-1])


@FULL_DERIVATIVE.misconception("The Jacobians were added up; by the chain rule they are multiplied.")
def sum_of_jacobians(c_0, c, gates, W_h):
    return corner(sum(all_jacobians(c_0, c, gates, W_h)))


@FULL_DERIVATIVE.misconception(
    "The Jacobian of the first step is missing: it leads from c_0 to c_1, so the product has as many factors as steps."
)
def first_step_left_out(c_0, c, gates, W_h):
    first, *later = all_jacobians(c_0, c, gates, W_h)
    return corner(product_of([np.broadcast_to(np.eye(first.shape[1], dtype=c.dtype), first.shape), *later]))


@FULL_DERIVATIVE.misconception(
    "The Jacobian of the last step is missing: it leads to c_T, so the product has as many factors as steps."
)
def last_step_left_out(c_0, c, gates, W_h):
    *earlier, last = all_jacobians(c_0, c, gates, W_h)
    return corner(product_of([np.broadcast_to(np.eye(last.shape[1], dtype=c.dtype), last.shape), *earlier]))


@FULL_DERIVATIVE.misconception(
    "step_jacobian got c[t] as the cell state before the step; that is c[t - 1], and c_0 before the first."
)
def cell_after_for_cell_before(c_0, c, gates, W_h):
    return corner(product_of(jacobians(c, c, gates, W_h)))


@FULL_DERIVATIVE.misconception(
    "step_jacobian got its two cell states in the wrong order: the one after the step comes first, then the one before it."
)
def cells_swapped(c_0, c, gates, W_h):
    return corner(product_of(jacobians(c, [c_0, *c[:-1]], gates, W_h)))


NO_MATTER = "the cell state before the first step stands in the columns of h_0 alone, which are not asked for"
FULL_DERIVATIVE.changes_nothing(
    {
        "np.broadcast_to(np.eye(2 * H, dtype=c.dtype), (N, 2 * H, 2 *: call left out": "a product broadcasts by itself",
        "product[:, :H, :H].copy(): call left out": "a view holds the same numbers",
        "c: c to c_0 (place 2)": "both have the same dtype",
        "c[t - 1] if t > 0 else c_0: if always": NO_MATTER,
        "t > 0: Gt to GtE": NO_MATTER,
        "t: t to H (place 2)": NO_MATTER,
        "0: 0 to -1": NO_MATTER,
    }
)
