"""`step_jacobian`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_numpy import jacobians

from .drawing import OF_ARRAYS, narrow

Generator = np.random.Generator


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


def at_the_ends(rng: Generator, N: int, H: int) -> dict:
    """A tanh that is named, with states of exactly 0, 1 and -1 among the others."""
    given = step_inputs(rng, N, H)
    ends = rng.permutation(N * H)[:3]
    given["h"].flat[ends] = np.array([0.0, 1.0, -1.0])[: len(ends)]
    return given | {"activation": "tanh"}


def of_all_sizes(rng: Generator, N: int, H: int) -> dict:
    """A ReLU that is on in most places, be it by next to nothing; one sequence is off."""
    given = relu_step_inputs(rng, N, H)
    given["h"] *= 10.0 ** rng.integers(-12, 4, size=(N, H))
    given["h"][0] = 0.0
    return given


def draw_step_jacobian(rng: Generator) -> list[DrawnCase]:
    N, H = sizes(rng, 2)
    return [
        DrawnCase("several sequences", step_inputs(rng, N, H)),
        DrawnCase("one sequence", step_inputs(rng, 1, H)),
        DrawnCase("as many sequences as hidden units", step_inputs(rng, H, H)),
        DrawnCase("a ReLU", relu_step_inputs(rng, N, H)),
        DrawnCase("float32", narrow(step_inputs(rng, N, H))),
        DrawnCase("a ReLU in float32", narrow(relu_step_inputs(rng, N, H))),
        DrawnCase("one hidden unit", step_inputs(rng, N, 1)),
        DrawnCase("states of 0, 1 and -1", at_the_ends(rng, N, H)),
        DrawnCase("a ReLU with tiny and large states", of_all_sizes(rng, N, H)),
    ]


def worked_step_jacobian(rng: Generator) -> list[DrawnCase]:
    some, square, relu = (
        short(make(rng, 2, H)) for make, H in ((step_inputs, 3), (step_inputs, 2), (relu_step_inputs, 3))
    )
    square["h"][0, 0], relu["h"][0] = 1.0, (1e-12, 0.0, 1.5)
    return [
        DrawnCase("two sequences", some),
        DrawnCase("as many sequences as hidden units, a state of 1", square),
        DrawnCase("the same shapes, other numbers", short(step_inputs(rng, 2, 2))),
        DrawnCase("a ReLU with a tiny state", relu),
        DrawnCase("float32", narrow(short(step_inputs(rng, 1, 2)))),
        DrawnCase("a ReLU in float32", narrow(short(relu_step_inputs(rng, 1, 2)))),
    ]


STEP_JACOBIAN = Check(
    "jacobians.step_jacobian", jacobians.step_jacobian, draw_step_jacobian, worked_step_jacobian, axes="N i j", task="what one step does to a small change of the state", points=2,
    section="grad-jacobian: The product of Jacobians",
    promises={
        **OF_ARRAYS,
        "In row $i$ stand the derivatives of unit $i$ after the step": "transposed jacobian",
        "argument `activation` says whether the network has a tanh or a ReLU": "always tanh",
        r"1 \text{ if } h_t > 0, \text{ else } 0": "off units taken for on",
        "Each sequence has a state of its own, and so a Jacobian of its own": "one jacobian for all sequences",
    },
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


@STEP_JACOBIAN.misconception("The slope is that of a sigmoid, h * (1 - h). The slope of tanh is 1 - h**2.")
def slope_of_a_sigmoid(h, W_h, activation="tanh"):
    return (h * (1 - h) if activation == "tanh" else slopes(h, activation))[:, :, None] * W_h


@STEP_JACOBIAN.misconception(
    "All sequences have the Jacobian of the first. Each sequence has states of its own, and so slopes of its own."
)
def one_jacobian_for_all_sequences(h, W_h, activation="tanh"):
    return np.tile(slopes(h[0], activation)[:, None] * W_h, (len(h), 1, 1))


OTHER_ACTIVATION = "the exercise says that an activation other than tanh and ReLU is not asked for"
STEP_JACOBIAN.changes_nothing(
    {
        "if activation not in ('tanh', 'relu'): raise ValueError(f\"st: statement left out": OTHER_ACTIVATION,
        'ValueError(f"step_jacobian: the argument activation must be : call left out': OTHER_ACTIVATION,
        "activation: activation to h (place 3)": OTHER_ACTIVATION,
    }
)
