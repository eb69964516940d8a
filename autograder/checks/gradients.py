"""Exercise 3: the checks of vanishing and exploding gradients and of clipping, and what learners get wrong about them."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise, Question
from autograder.checks.drawing import each, in_dtype, short, sizes
from solutions.with_numpy import clipping, gradient_lag, jacobians
from solutions.with_numpy.jacobians import step_jacobian

Generator = np.random.Generator


def narrow(inputs: dict) -> dict:
    """The same inputs in single precision."""
    return in_dtype(inputs, np.float32)


def orthogonal(rng: Generator, H: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(H, H)))[0]


# ---- step_jacobian ---------------------------------------------------------------------------------------------------


def tanh_states(rng: Generator, *shape: int) -> np.ndarray:
    return np.tanh(rng.normal(size=shape))


def relu_states(rng: Generator, *shape: int) -> np.ndarray:
    """In each row one unit is zero, and no more, so that a product of many Jacobians does not vanish altogether."""
    h = rng.uniform(0.1, 2.0, size=shape)
    np.put_along_axis(h, rng.integers(shape[-1], size=(*shape[:-1], 1)), 0.0, axis=-1)
    return h


def weights(rng: Generator, H: int) -> np.ndarray:
    return 1.4 * rng.normal(size=(H, H)) / np.sqrt(H)


def step_inputs(rng: Generator, N: int, H: int) -> dict:
    return {"h": tanh_states(rng, N, H), "W_h": weights(rng, H)}


def relu_step_inputs(rng: Generator, N: int, H: int) -> dict:
    return {"h": relu_states(rng, N, H), "W_h": weights(rng, H), "activation": "relu"}


def draw_step_jacobian(rng: Generator) -> list[DrawnCase]:
    N, H = sizes(rng, 2)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, H)),
        DrawnCase("one sequence", step_inputs(rng, 1, H)),
        DrawnCase("as many sequences as hidden units", step_inputs(rng, H, H)),
        DrawnCase("a ReLU", relu_step_inputs(rng, N, H)),
        DrawnCase("float32", narrow(step_inputs(rng, N, H))),
        DrawnCase("a ReLU in float32", narrow(relu_step_inputs(rng, N, H))),
    ]


def worked_step_jacobian(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two sequences", short(step_inputs(rng, 2, 3))),
        DrawnCase("as many sequences as hidden units", short(step_inputs(rng, 2, 2))),
        DrawnCase("a ReLU", short(relu_step_inputs(rng, 2, 3))),
        DrawnCase("float32", narrow(short(step_inputs(rng, 1, 2)))),
        DrawnCase("a ReLU in float32", narrow(short(relu_step_inputs(rng, 1, 2)))),
    ]


STEP_JACOBIAN = Check(
    "jacobians.step_jacobian", jacobians.step_jacobian, draw_step_jacobian, worked_step_jacobian, axes="N i j", points=2,
    section="grad-jacobian: The product of Jacobians",
)  # fmt: skip


def slopes(h, activation="tanh"):
    return 1 - h**2 if activation == "tanh" else (h > 0).astype(h.dtype)


@STEP_JACOBIAN.misconception(
    "The slopes stand at the columns of W_h. The slope of unit i multiplies all that comes into unit i, which is row i: "
    "diag(…) is on the left."
)
def slopes_at_the_columns(h, W_h, activation="tanh"):
    return slopes(h, activation)[:, None, :] * W_h


@STEP_JACOBIAN.misconception(
    "W_h is transposed. Row i of the Jacobian belongs to unit i after the step, and so does row i of W_h itself."
)
def weights_transposed(h, W_h, activation="tanh"):
    return slopes(h, activation)[:, :, None] * W_h.T


@STEP_JACOBIAN.misconception(
    "It is the transpose of the Jacobian. A gradient goes through the transpose; the Jacobian itself has a row for each "
    "unit after the step and a column for each before it."
)
def transposed_jacobian(h, W_h, activation="tanh"):
    return slopes(h, activation)[:, None, :] * W_h.T


@STEP_JACOBIAN.misconception(
    "The slope of the activation is left out: it is W_h alone. Multiply its rows by the slopes."
)
def slope_left_out(h, W_h, activation="tanh"):
    return np.ones_like(h)[:, :, None] * W_h


@STEP_JACOBIAN.misconception("The slope of tanh was taken as 1 - h; h has to be squared: 1 - h**2.")
def square_left_out(h, W_h, activation="tanh"):
    return (1 - h if activation == "tanh" else slopes(h, activation))[:, :, None] * W_h


@STEP_JACOBIAN.misconception(
    "The slope of tanh was taken as 1 - tanh(h)**2. But h is already the result of tanh, so the slope is 1 - h**2."
)
def tanh_taken_twice(h, W_h, activation="tanh"):
    return (1 - np.tanh(h) ** 2 if activation == "tanh" else slopes(h, activation))[:, :, None] * W_h


@STEP_JACOBIAN.misconception("The slope of tanh was used for a ReLU too: look at the argument activation.")
def always_tanh(h, W_h, activation="tanh"):
    return slopes(h)[:, :, None] * W_h


@STEP_JACOBIAN.misconception(
    "For a ReLU the state itself stands where its slope belongs; the slope is 1 where h > 0, and else 0."
)
def state_for_the_slope_of_relu(h, W_h, activation="tanh"):
    return (slopes(h) if activation == "tanh" else h)[:, :, None] * W_h


@STEP_JACOBIAN.misconception(
    "For a ReLU the units whose state is 0 count as if they were on. They are off, and their slope is 0: h > 0, not h >= 0."
)
def off_units_taken_for_on(h, W_h, activation="tanh"):
    return (slopes(h) if activation == "tanh" else np.ones_like(h))[:, :, None] * W_h


@STEP_JACOBIAN.misconception(
    "The slopes were multiplied into W_h as a matrix product, which sums over the units. Each row is only multiplied by "
    "its slope, and each sequence has a matrix of its own."
)
def matrix_product_with_the_slopes(h, W_h, activation="tanh"):
    return slopes(h, activation) @ W_h


# ---- span_jacobian ---------------------------------------------------------------------------------------------------


def span_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"h": tanh_states(rng, T, N, H), "W_h": weights(rng, H)}


def relu_span_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"h": relu_states(rng, T, N, H), "W_h": weights(rng, H), "activation": "relu"}


def level_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    """Many steps that neither shrink nor grow on the whole, so that none of their results is lost beside the others."""
    h = np.tanh(0.3 * rng.normal(size=(T, N, H)))
    return {"h": h, "W_h": orthogonal(rng, H) / np.exp(np.log(1 - h**2).mean())}


def draw_span_jacobian(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3, range(3, 8))
    return [
        DrawnCase("several steps", span_inputs(rng, T, N, H)),
        DrawnCase("one step", span_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", span_inputs(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", span_inputs(rng, H, H, H)),
        DrawnCase("a ReLU", relu_span_inputs(rng, T, N, H)),
        DrawnCase("float32", narrow(span_inputs(rng, T, N, H))),
        DrawnCase("forty steps", level_inputs(rng, 40, 3, 8)),
    ]


def worked_span_jacobian(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(span_inputs(rng, 3, 2, 2))),
        DrawnCase("one step", short(span_inputs(rng, 1, 1, 3))),
        DrawnCase("as many steps, sequences and hidden units", short(span_inputs(rng, 3, 3, 3))),
        DrawnCase("a ReLU", short(relu_span_inputs(rng, 3, 1, 3))),
        DrawnCase("float32", narrow(short(span_inputs(rng, 2, 1, 2)))),
    ]


SPAN_JACOBIAN = Check(
    "jacobians.span_jacobian", jacobians.span_jacobian, draw_span_jacobian, worked_span_jacobian, axes="N i j", points=2,
    section="grad-jacobian: The product of Jacobians", earlier=("step_jacobian",),
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
    "Each step's Jacobian was made from the state before it, h[t - 1], and at the first step h[-1] is even the last row. "
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


# ---- singular_values -------------------------------------------------------------------------------------------------


def draw_singular_values(rng: Generator) -> list[DrawnCase]:
    N, T, H = sizes(rng, 3)
    return [
        DrawnCase("several matrices", {"J": rng.normal(size=(N, H, H))}),
        DrawnCase("one matrix", {"J": rng.normal(size=(H, H))}),
        DrawnCase("one matrix, with an axis in front", {"J": rng.normal(size=(1, N, N))}),
        DrawnCase("as many matrices as rows", {"J": rng.normal(size=(H, H, H))}),
        DrawnCase("two axes in front", {"J": rng.normal(size=(T, N, H, H))}),
        DrawnCase("float32", narrow({"J": rng.normal(size=(N, H, H))})),
    ]


def worked_singular_values(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two matrices", short({"J": rng.normal(size=(2, 3, 3))})),
        DrawnCase("one matrix", short({"J": rng.normal(size=(2, 2))})),
        DrawnCase("two axes in front", short({"J": rng.normal(size=(2, 1, 2, 2))})),
        DrawnCase("float32", narrow(short({"J": rng.normal(size=(1, 2, 2))}))),
    ]


SINGULAR_VALUES = Check(
    "jacobians.singular_values", jacobians.singular_values, draw_singular_values, worked_singular_values, axes="", points=1,
    section="grad-singular: Largest singular value and spectral radius",
)  # fmt: skip


def falling(values):
    """Sorted, the largest first."""
    return np.sort(values, axis=-1)[..., ::-1].copy()


@SINGULAR_VALUES.misconception("The smallest comes first; the largest should.")
def smallest_first(J):
    return jacobians.singular_values(J)[..., ::-1].copy()


@SINGULAR_VALUES.misconception(
    "They are squared. The eigenvalues of J.T @ J are the squares of the singular values: take their roots."
)
def squared(J):
    return jacobians.singular_values(J) ** 2


@SINGULAR_VALUES.misconception(
    "They are the absolute eigenvalues. Singular values are something else: they say how long vectors become in one "
    "product, whatever their direction afterwards."
)
def absolute_eigenvalues(J):
    return falling(np.abs(np.linalg.eigvals(J)))


@SINGULAR_VALUES.misconception(
    "They are the lengths of the columns. These are the images of the coordinate axes, and no half axes of the ellipsoid."
)
def lengths_of_columns(J):
    return falling(np.linalg.norm(J, axis=-2))


@SINGULAR_VALUES.misconception("They are the lengths of the rows, which are no half axes of the ellipsoid.")
def lengths_of_rows(J):
    return falling(np.linalg.norm(J, axis=-1))


@SINGULAR_VALUES.misconception("It is the largest one alone; asked for are all of them.")
def largest_alone(J):
    return jacobians.singular_values(J)[..., 0].copy()


@SINGULAR_VALUES.misconception(
    "It is the whole decomposition. np.linalg.svd returns three arrays unless compute_uv=False; the singular values are "
    "the second."
)
def whole_decomposition(J):
    return tuple(np.linalg.svd(J))


@SINGULAR_VALUES.misconception("They were divided by the largest; their sizes matter too.")
def divided_by_the_largest(J):
    sigma = jacobians.singular_values(J)
    return sigma / sigma[..., :1]


# ---- spectral_radius -------------------------------------------------------------------------------------------------


def with_eigenvalues(rng: Generator, blocks: list[np.ndarray]) -> np.ndarray:
    """A matrix that is not normal, with the eigenvalues of these blocks."""
    H = sum(len(block) for block in blocks)
    J, start = np.triu(0.7 * rng.normal(size=(H, H)), 1), 0
    for block in blocks:
        end = start + len(block)
        J[start:end, start:end], start = block, end
    Q = orthogonal(rng, H)
    return Q @ J @ Q.T


def turning(rng: Generator, size: float) -> np.ndarray:
    """A block with two complex eigenvalues of that absolute value."""
    angle = rng.uniform(0.9, 2.2)
    return size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def numbers(*values: float) -> list[np.ndarray]:
    return [np.array([[value]]) for value in values]


def triangular(rng: Generator, H: int) -> np.ndarray:
    """Its eigenvalues stand on the diagonal: the largest last, the smallest second."""
    J = np.triu(rng.normal(size=(H, H)), 1)
    np.fill_diagonal(J, rng.uniform(0.4, 0.8, size=H))
    J[1, 1], J[-1, -1] = rng.uniform(0.1, 0.3), rng.uniform(0.9, 1.4)
    return J


def draw_spectral_radius(rng: Generator) -> list[DrawnCase]:
    size = [float(one) for one in rng.uniform(0.8, 1.6, size=5)]
    others = [float(one) for one in rng.uniform(-0.6, 0.6, size=4)]
    return [
        DrawnCase("two complex eigenvalues", {"J": with_eigenvalues(rng, [turning(rng, size[0]), *numbers(*others[:2])])}),
        DrawnCase("a negative eigenvalue", {"J": with_eigenvalues(rng, numbers(-size[1], 0.5 * size[1], *others[2:]))}),
        DrawnCase("a positive eigenvalue", {"J": with_eigenvalues(rng, numbers(size[2], -0.6 * size[2], others[0]))}),
        DrawnCase("a triangular matrix", {"J": triangular(rng, int(rng.integers(4, 7)))}),
        DrawnCase("two rows", {"J": with_eigenvalues(rng, numbers(-size[3], 0.4))}),
        DrawnCase("float32", narrow({"J": with_eigenvalues(rng, [turning(rng, size[4]), *numbers(others[3])])})),
        DrawnCase("one number", {"J": -rng.uniform(0.2, 0.8, size=(1, 1))}),
    ]  # fmt: skip


def worked_spectral_radius(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two complex eigenvalues", short({"J": with_eigenvalues(rng, [turning(rng, 1.2), *numbers(0.5)])})),
        DrawnCase("a negative eigenvalue", short({"J": with_eigenvalues(rng, numbers(-0.9, 0.5))})),
        DrawnCase("a triangular matrix", short({"J": triangular(rng, 3)})),
        DrawnCase("float32", narrow(short({"J": with_eigenvalues(rng, numbers(1.3, -0.7))}))),
        DrawnCase("one number", {"J": np.array([[-0.75]])}),
    ]


SPECTRAL_RADIUS = Check(
    "jacobians.spectral_radius", jacobians.spectral_radius, draw_spectral_radius, worked_spectral_radius, axes="", points=1,
    section="grad-singular: Largest singular value and spectral radius",
)  # fmt: skip


@SPECTRAL_RADIUS.misconception(
    "It is the largest real part. An eigenvalue may be negative or complex and still be the largest: take absolute values "
    "first, then the maximum."
)
def largest_real_part(J):
    return float(np.linalg.eigvals(J).real.max())


@SPECTRAL_RADIUS.misconception(
    "The imaginary parts were left out. The absolute value of a complex number takes both parts; np.abs does that."
)
def imaginary_parts_left_out(J):
    return float(np.abs(np.linalg.eigvals(J).real).max())


@SPECTRAL_RADIUS.misconception(
    "The largest real part was taken first and its absolute value afterwards; it has to be the other way round."
)
def absolute_value_after_the_maximum(J):
    return abs(float(np.linalg.eigvals(J).real.max()))


@SPECTRAL_RADIUS.misconception(
    "It is the largest singular value. That one bounds a single step; the spectral radius is about eigenvalues."
)
def largest_singular_value(J):
    return float(np.linalg.norm(J, 2))


@SPECTRAL_RADIUS.misconception("It is the length of the matrix taken as one vector; asked for is an eigenvalue's size.")
def length_of_the_matrix(J):
    return float(np.linalg.norm(J))


@SPECTRAL_RADIUS.misconception("It is the largest number in the matrix; asked for is an eigenvalue's size.")
def largest_entry(J):
    return float(np.abs(J).max())


@SPECTRAL_RADIUS.misconception("It is the smallest absolute value of an eigenvalue; the largest is asked for.")
def smallest_eigenvalue(J):
    return float(np.abs(np.linalg.eigvals(J)).min())


@SPECTRAL_RADIUS.misconception(
    "It is the first eigenvalue's absolute value. NumPy sorts singular values, but not eigenvalues: take the maximum."
)
def first_eigenvalue(J):
    return float(np.abs(np.linalg.eigvals(J)[0]))


@SPECTRAL_RADIUS.misconception("It is squared: the absolute value of a + bi is the root of a**2 + b**2.")
def squared_radius(J):
    return float((np.abs(np.linalg.eigvals(J)) ** 2).max())


@SPECTRAL_RADIUS.misconception(
    "The eigenvalues were taken with eigvalsh, which is for symmetric matrices and looks at one triangle only: use eigvals."
)
def taken_for_symmetric(J):
    return float(np.abs(np.linalg.eigvalsh(J)).max())


# ---- gradient_norm_by_lag --------------------------------------------------------------------------------------------


def lag_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"dh_T": rng.normal(size=(N, H)), "h": 0.8 * tanh_states(rng, T, N, H), "W_h": weights(rng, H)}


def long_lag_inputs(rng: Generator, T: int, N: int, H: int) -> dict:
    return {"dh_T": rng.normal(size=(N, H)), **level_inputs(rng, T, N, H)}


def draw_gradient_norms(rng: Generator) -> list[DrawnCase]:
    T, N, H = sizes(rng, 3)
    return [
        DrawnCase("several steps", lag_inputs(rng, T, N, H)),
        DrawnCase("one step", lag_inputs(rng, 1, N, H)),
        DrawnCase("one sequence", lag_inputs(rng, T, 1, H)),
        DrawnCase("as many steps, sequences and hidden units", lag_inputs(rng, H, H, H)),
        DrawnCase("float32", narrow(lag_inputs(rng, T, N, H))),
        DrawnCase("forty steps", long_lag_inputs(rng, 40, 5, 24)),
    ]


def worked_gradient_norms(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three steps", short(lag_inputs(rng, 3, 2, 4))),
        DrawnCase("one step", short(lag_inputs(rng, 1, 1, 2))),
        DrawnCase("as many steps, sequences and hidden units", short(lag_inputs(rng, 3, 3, 3))),
        DrawnCase("float32", narrow(short(lag_inputs(rng, 2, 1, 2)))),
    ]


GRADIENT_NORMS = Check(
    "gradient_lag.rnn_gradient_norms", gradient_lag.rnn_gradient_norms, draw_gradient_norms, worked_gradient_norms,
    axes="lag N", points=3, section="grad-lag: The gradient's norm against the lag", rename="gradient_norm_by_lag",
)  # fmt: skip


def one_back(dh, h_t, W_h):
    return (dh * (1 - h_t**2)) @ W_h


def gradients_by_lag(dh_T, h, W_h, back=one_back):
    found = [dh_T]
    for h_t in h[::-1]:
        found.append(back(found[-1], h_t, W_h))
    return np.stack(found)


def lengths(gradients):
    return np.linalg.norm(gradients, axis=-1)


@GRADIENT_NORMS.misconception(
    "The norms are in the order of time. They are counted from the end: norms[0] belongs to the last states."
)
def in_the_order_of_time(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[::-1].copy()


@GRADIENT_NORMS.misconception(
    "Lag 0 is missing. norms[0] is the length of dh_T itself, so there is one row more than there are steps."
)
def lag_zero_missing(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[1:]


@GRADIENT_NORMS.misconception(
    "The last lag is missing: lag T belongs to the states before the first step, and a gradient arrives there too."
)
def last_lag_missing(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h))[:-1]


@GRADIENT_NORMS.misconception("The norms are squared: a length is the root of the sum of the squares.")
def root_left_out(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h)) ** 2


@GRADIENT_NORMS.misconception("The norms were averaged over the sequences; each sequence has a column of its own.")
def mean_over_sequences(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h)).mean(axis=1)


@GRADIENT_NORMS.misconception(
    "There is one norm for all sequences together; each sequence has a gradient and so a norm of its own: axis=1."
)
def one_norm_for_all_sequences(dh_T, h, W_h):
    return np.sqrt((gradients_by_lag(dh_T, h, W_h) ** 2).sum(axis=(1, 2)))


@GRADIENT_NORMS.misconception(
    "The norms were taken over the sequences; the length of a sequence's gradient goes over its hidden units, axis=1."
)
def norm_over_the_sequences(dh_T, h, W_h):
    return np.linalg.norm(gradients_by_lag(dh_T, h, W_h), axis=1)


@GRADIENT_NORMS.misconception("It is the largest number in each gradient; the norm is its length.")
def largest_for_length(dh_T, h, W_h):
    return np.abs(gradients_by_lag(dh_T, h, W_h)).max(axis=2)


@GRADIENT_NORMS.misconception(
    "The absolute values were added up; for the length, take the root of the sum of the squares."
)
def sum_for_length(dh_T, h, W_h):
    return np.abs(gradients_by_lag(dh_T, h, W_h)).sum(axis=2)


@GRADIENT_NORMS.misconception(
    "A mean over the hidden units was taken under the root; for the length the squares are added up."
)
def mean_under_the_root(dh_T, h, W_h):
    return np.sqrt((gradients_by_lag(dh_T, h, W_h) ** 2).mean(axis=2))


@GRADIENT_NORMS.misconception("The norms were divided by those of lag 0; asked for are the norms themselves.")
def divided_by_lag_zero(dh_T, h, W_h):
    found = lengths(gradients_by_lag(dh_T, h, W_h))
    return found / found[0]


@GRADIENT_NORMS.misconception(
    "The gradient went through W_h.T. The step forwards has W_h.T; for rows, the way back has W_h itself."
)
def recurrent_weights_transposed(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: (dh * (1 - h_t**2)) @ W.T))


@GRADIENT_NORMS.misconception(
    "The slope of tanh is left out: at each step the gradient is multiplied by 1 - h_t**2 first, then by W_h."
)
def slope_left_out_on_the_way(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: dh @ W))


@GRADIENT_NORMS.misconception(
    "The slope of tanh was taken from the state before each step, h[t - 1], and at the first step h[-1] is even the last "
    "row. The slope of step t belongs to the state after it, h[t]."
)
def slope_from_the_state_before(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, np.roll(h, 1, axis=0), W_h))


@GRADIENT_NORMS.misconception(
    "The slope of tanh comes after W_h. Backwards the last thing comes first: through the tanh, then through W_h."
)
def slope_after_the_weights(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: (dh @ W) * (1 - h_t**2)))


@GRADIENT_NORMS.misconception(
    "The steps were taken from the first to the last; a gradient goes from the last to the first."
)
def forwards_in_time(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h[::-1], W_h))


@GRADIENT_NORMS.misconception(
    "At every lag dh_T itself was sent back by one step; send back what the step after has handed over."
)
def never_more_than_one_step(dh_T, h, W_h):
    return lengths(np.stack([dh_T, *(one_back(dh_T, h_t, W_h) for h_t in h[::-1])]))


@GRADIENT_NORMS.misconception(
    "The gradient was added into the loss's own at every step. Here the loss depends on the last states alone: nothing is "
    "added on the way."
)
def added_at_every_step(dh_T, h, W_h):
    return lengths(gradients_by_lag(dh_T, h, W_h, lambda dh, h_t, W: dh_T + one_back(dh, h_t, W)))


@GRADIENT_NORMS.misconception(
    "The result was written over dh_T, as *= does; whoever called the function still needs it. Write dh = dh * … instead."
)
def last_gradient_overwritten(dh_T, h, W_h):
    dh, norms = dh_T, [lengths(dh_T)]
    for h_t in h[::-1]:
        dh *= 1 - h_t**2
        dh = dh @ W_h
        norms.append(lengths(dh))
    return np.stack(norms)


# ---- clip_by_value ---------------------------------------------------------------------------------------------------

NAMED_AXES = "W_x: H D; W_h: H H; b: H; W_y: V H; b_y: V"


def network_gradients(rng: Generator, D: int, H: int) -> dict[str, np.ndarray]:
    """Gradients of the weights of a network; numbers of both signs in every array."""
    shapes = {"W_x": (H, D), "W_h": (H, H), "b": (H,)}
    return {name: both_signs(rng, *shape) for name, shape in shapes.items()}


def both_signs(rng: Generator, *shape: int) -> np.ndarray:
    """Normal numbers; the largest positive and the largest negative one are of some size, wherever they stand."""
    array = rng.normal(size=shape)
    first, second = rng.choice(array.size, size=2, replace=False)
    array.flat[first], array.flat[second] = rng.uniform(1.5, 3.0), -rng.uniform(1.5, 3.0)
    return array


def single_gradients(rng: Generator, low: float, high: float) -> dict[str, np.ndarray]:
    """Gradients of a network with one unit: one number in each array."""
    signs = rng.permutation([-1.0, 1.0, 1.0])
    shapes = {"W_x": (1, 1), "W_h": (1, 1), "b": (1,)}
    return {
        name: sign * rng.uniform(low, high, size=shape)
        for (name, shape), sign in zip(shapes.items(), signs, strict=True)
    }


def output_gradients(rng: Generator, V: int, H: int) -> dict[str, np.ndarray]:
    return {"W_y": both_signs(rng, V, H), "b_y": both_signs(rng, V)}


def draw_clip_by_value(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    limits = [float(limit) for limit in rng.uniform(0.3, 0.9, size=5)]
    wide = float(rng.uniform(1.1, 1.3))
    return [
        DrawnCase("three arrays", {"gradients": network_gradients(rng, D, H), "limit": limits[0]}),
        DrawnCase("a limit above 1", {"gradients": network_gradients(rng, D, H), "limit": wide}),
        DrawnCase("as many inputs as hidden units", {"gradients": network_gradients(rng, H, H), "limit": limits[1]}),
        DrawnCase("arrays of other names", {"gradients": output_gradients(rng, V, H), "limit": limits[2]}),
        DrawnCase("one unit, within the limit", {"gradients": single_gradients(rng, 0.1, 0.9 * wide), "limit": wide}),
        DrawnCase("one input", {"gradients": network_gradients(rng, 1, H), "limit": limits[3]}),
        DrawnCase("float32", narrow({"gradients": network_gradients(rng, D, H), "limit": limits[4]})),
    ]


def worked_clip_by_value(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three arrays", short({"gradients": network_gradients(rng, 2, 3), "limit": 0.5})),
        DrawnCase("arrays of other names", short({"gradients": output_gradients(rng, 2, 2), "limit": 1.25})),
        DrawnCase("all within the limit", short({"gradients": network_gradients(rng, 1, 2), "limit": 4.0})),
        DrawnCase("float32", narrow(short({"gradients": network_gradients(rng, 1, 2), "limit": 0.75}))),
    ]


CLIP_BY_VALUE = Check(
    "clipping.clip_by_value", clipping.clip_by_value, draw_clip_by_value, worked_clip_by_value, axes=NAMED_AXES, points=1,
    section="grad-clip-value: Clipping by value",
)  # fmt: skip


def every(change, gradients):
    return {name: change(gradient) for name, gradient in gradients.items()}


@CLIP_BY_VALUE.misconception("Only large positive numbers were cut. The range has two ends: -limit and limit.")
def lower_end_left_open(gradients, limit):
    return every(lambda g: np.minimum(g, limit), gradients)


@CLIP_BY_VALUE.misconception("Only large negative numbers were cut. The range has two ends: -limit and limit.")
def upper_end_left_open(gradients, limit):
    return every(lambda g: np.maximum(g, -limit), gradients)


@CLIP_BY_VALUE.misconception("The negative numbers became 0: the range begins at -limit, not at 0.")
def from_zero(gradients, limit):
    return every(lambda g: np.clip(g, 0, limit), gradients)


@CLIP_BY_VALUE.misconception("Large negative numbers lost their sign: they become -limit.")
def sign_lost(gradients, limit):
    return every(lambda g: np.where(np.abs(g) > limit, np.asarray(limit, g.dtype), g), gradients)


@CLIP_BY_VALUE.misconception("Numbers beyond the limit became 0; they should become limit or -limit.")
def set_to_zero(gradients, limit):
    return every(lambda g: np.where(np.abs(g) > limit, np.zeros_like(g), g), gradients)


@CLIP_BY_VALUE.misconception("Every number became limit or -limit; those within the range stay as they are.")
def signs_alone(gradients, limit):
    return every(lambda g: np.sign(g) * limit, gradients)


@CLIP_BY_VALUE.misconception(
    "Each array was scaled until its largest number fits. Clipping by value looks at every number by itself."
)
def scaled_by_the_largest(gradients, limit):
    return every(lambda g: g * min(1.0, limit / float(np.abs(g).max())), gradients)


@CLIP_BY_VALUE.misconception("It is clipping by the global norm. Clipping by value looks at every number by itself.")
def by_norm_instead(gradients, limit):
    return clipping.clip_by_global_norm(gradients, limit)[0]


@CLIP_BY_VALUE.misconception("The range is from -1 to 1, whatever the limit: use the argument.")
def limit_of_one(gradients, limit):
    return every(lambda g: np.clip(g, -1, 1), gradients)


@CLIP_BY_VALUE.misconception(
    "The gradients that came in were written over. Make new arrays: np.clip does that if it is not given out=."
)
def clipped_in_place(gradients, limit):
    return every(lambda g: np.clip(g, -limit, limit, out=g), gradients)


# ---- global_norm -----------------------------------------------------------------------------------------------------


def draw_global_norm(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    tiny = each(lambda g: 1e-25 * g, network_gradients(rng, D, H))
    single = single_gradients(rng, 0.1, 0.9)
    single["W_h"] = 10 * single["W_h"]  # neither the first nor the last is the largest
    return [
        DrawnCase("three arrays", {"gradients": network_gradients(rng, D, H)}),
        DrawnCase("arrays of other names", {"gradients": output_gradients(rng, V, H)}),
        DrawnCase("one array", {"gradients": {"W_h": both_signs(rng, H, H)}}),
        DrawnCase("one number in each array", {"gradients": single}),
        DrawnCase("no gradient at all", {"gradients": each(np.zeros_like, network_gradients(rng, D, H))}),
        DrawnCase("float32", narrow({"gradients": network_gradients(rng, D, H)})),
        DrawnCase("float32, vanished", narrow({"gradients": tiny})),
    ]


def worked_global_norm(rng: Generator) -> list[DrawnCase]:
    tiny = {"W_h": np.array([[3e-25, 0.0], [0.0, -4e-25]]), "b": np.array([0.0, 12e-25])}
    return [
        DrawnCase("three arrays", short({"gradients": network_gradients(rng, 2, 3)})),
        DrawnCase(
            "3, 4 and 12", {"gradients": {"W_h": np.array([[3.0, 0.0], [0.0, -4.0]]), "b": np.array([0.0, 12.0])}}
        ),
        DrawnCase("no gradient at all", {"gradients": {"b": np.zeros(2)}}),
        DrawnCase("float32", narrow(short({"gradients": network_gradients(rng, 1, 2)}))),
        DrawnCase("float32, vanished", narrow({"gradients": tiny})),
    ]


GLOBAL_NORM = Check(
    "clipping.global_norm", clipping.global_norm, draw_global_norm, worked_global_norm, axes="", points=1,
    section="grad-clip-norm: Clipping by global norm",
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


# ---- clip_by_global_norm ---------------------------------------------------------------------------------------------


def norm_inputs(rng: Generator, gradients: dict[str, np.ndarray], low: float = 0.3, high: float = 0.8) -> dict:
    """With a limit that is a share of the norm."""
    return {"gradients": gradients, "limit": float(rng.uniform(low, high)) * clipping.global_norm(gradients)}


def small_limit_inputs(rng: Generator, gradients: dict[str, np.ndarray]) -> dict:
    return {"gradients": gradients, "limit": float(rng.uniform(0.2, 0.8))}


def together_above_inputs(rng: Generator, D: int, H: int) -> dict:
    """Each array has a norm of 1 to 1.2 and the limit is above that; all together are above the limit."""
    gradients = {
        name: g / np.linalg.norm(g) * rng.uniform(1.0, 1.2) for name, g in network_gradients(rng, D, H).items()
    }
    return {"gradients": gradients, "limit": float(rng.uniform(1.25, 1.5))}


def draw_clip_by_global_norm(rng: Generator) -> list[DrawnCase]:
    D, H, V = sizes(rng, 3)
    zeros = each(np.zeros_like, single_gradients(rng, 0.1, 0.9))
    return [
        DrawnCase("three arrays", norm_inputs(rng, network_gradients(rng, D, H))),
        DrawnCase("one unit, below the limit", norm_inputs(rng, single_gradients(rng, 0.1, 0.9), 1.2, 3.0)),
        DrawnCase("each below the limit, all together above", together_above_inputs(rng, D, H)),
        DrawnCase("as many inputs as hidden units", norm_inputs(rng, network_gradients(rng, H, H))),
        DrawnCase("arrays of other names, a limit below 1", small_limit_inputs(rng, output_gradients(rng, V, H))),
        DrawnCase("one unit, no gradient at all", {"gradients": zeros, "limit": float(rng.uniform(0.2, 0.8))}),
        DrawnCase("one input", norm_inputs(rng, network_gradients(rng, 1, H))),
        DrawnCase("float32", narrow(small_limit_inputs(rng, network_gradients(rng, D, H)))),
    ]


def worked_clip_by_global_norm(rng: Generator) -> list[DrawnCase]:
    some = {"W_h": np.array([[3.0, 0.0], [0.0, -4.0]]), "b": np.array([0.0, 12.0])}
    return [
        DrawnCase("3, 4 and 12", {"gradients": some, "limit": 6.5}),
        DrawnCase("below the limit", short({"gradients": network_gradients(rng, 1, 2), "limit": 20.0})),
        DrawnCase("each below the limit, all together above", short(together_above_inputs(rng, 2, 3))),
        DrawnCase("no gradient at all", {"gradients": {"b": np.zeros(2)}, "limit": 0.5}),
        DrawnCase("float32", narrow(short({"gradients": network_gradients(rng, 1, 2), "limit": 0.5}))),
    ]


CLIP_BY_GLOBAL_NORM = Check(
    "clipping.clip_by_global_norm", clipping.clip_by_global_norm, draw_clip_by_global_norm, worked_clip_by_global_norm,
    axes="clipped: ; norm: ", points=2, section="grad-clip-norm: Clipping by global norm", earlier=("global_norm",),
)  # fmt: skip


def scaled(gradients, factor):
    return every(lambda g: g * factor, gradients)


def factor_for(norm, limit):
    return limit / norm if norm > limit else 1.0


@CLIP_BY_GLOBAL_NORM.misconception(
    "Gradients below the limit were scaled up to it. Clipping only makes gradients smaller: scale if the norm is above the "
    "limit, and else leave them as they are."
)
def always_rescaled(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, limit / norm if norm > 0 else 1.0), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "Each array was clipped by its own norm. That turns the gradient; there is one norm and one factor for all arrays."
)
def one_norm_an_array(gradients, limit):
    return every(lambda g: g * factor_for(float(np.linalg.norm(g)), limit), gradients), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The norm after clipping is returned; asked for is the one before, which tells how large the gradients were."
)
def norm_after_clipping(gradients, limit):
    clipped, _ = clipping.clip_by_global_norm(gradients, limit)
    return clipped, clipping.global_norm(clipped)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients were divided by their norm, which gives them the length 1; they should have the length limit."
)
def length_of_one(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, 1 / norm if norm > limit else 1.0), norm


@CLIP_BY_GLOBAL_NORM.misconception("The factor is upside down: it should be limit / norm, which is below 1.")
def factor_upside_down(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, 1 / factor_for(norm, limit)), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "The numbers were clipped one by one, as by value; that turns the gradient. Multiply all of them by one factor."
)
def by_value_instead(gradients, limit):
    return clipping.clip_by_value(gradients, limit), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients were scaled until their largest number is the limit; the limit is for the norm of all of them."
)
def by_the_largest_number(gradients, limit):
    largest = max(float(np.abs(g).max()) for g in gradients.values())
    return scaled(gradients, factor_for(largest, limit)), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "The factor was made from the norm of the largest array; there is one norm of all arrays together."
)
def by_the_largest_array(gradients, limit):
    largest = max(float(np.linalg.norm(g)) for g in gradients.values())
    return scaled(gradients, factor_for(largest, limit)), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception("The factor was made from the square of the norm; the root is missing.")
def by_the_square_of_the_norm(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, factor_for(norm**2, limit)), norm


@CLIP_BY_GLOBAL_NORM.misconception("The second result is the factor; it should be the norm before clipping.")
def factor_returned(gradients, limit):
    factor = factor_for(clipping.global_norm(gradients), limit)
    return scaled(gradients, factor), factor


@CLIP_BY_GLOBAL_NORM.misconception("The gradients came back as they were: the factor is never used.")
def nothing_scaled(gradients, limit):
    return scaled(gradients, 1.0), clipping.global_norm(gradients)


@CLIP_BY_GLOBAL_NORM.misconception(
    "Where all gradients are zero it was divided by their norm. Look first whether the norm is above the limit."
)
def divided_by_zero(gradients, limit):
    norm = clipping.global_norm(gradients)
    return scaled(gradients, min(1.0, limit / norm)), norm


@CLIP_BY_GLOBAL_NORM.misconception(
    "The gradients that came in were written over, as *= does. Make new arrays: gradient * factor."
)
def scaled_in_place(gradients, limit):
    norm = clipping.global_norm(gradients)
    factor = factor_for(norm, limit)
    for gradient in gradients.values():
        gradient[:] *= factor
    return gradients, norm


EXERCISE = Exercise(
    slug="03_gradients",
    title="When gradients vanish and explode",
    checks=(
        STEP_JACOBIAN, SPAN_JACOBIAN, SINGULAR_VALUES, SPECTRAL_RADIUS, GRADIENT_NORMS, CLIP_BY_VALUE, GLOBAL_NORM,
        CLIP_BY_GLOBAL_NORM,
    ),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "gradients").glob("[!_]*.py"))),
    questions=(
        Question(
            "vanish-or-explode", "Will it vanish or explode?", points=3,
            section="grad-singular: Largest singular value and spectral radius",
        ),
    ),
)  # fmt: skip
