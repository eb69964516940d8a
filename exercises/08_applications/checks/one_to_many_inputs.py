"""`one_to_many_inputs`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes
from solutions.with_numpy import heads

from .drawing import SIZES, in_sevenths

Generator = np.random.Generator


def draw_one_to_many(rng: Generator) -> list[DrawnCase]:
    T, N, D = sizes(rng, 3, SIZES)

    def inputs(T: int, N: int, D: int) -> dict:
        return {"x": rng.normal(size=(N, D)), "T": T}

    return [
        DrawnCase("several steps", inputs(T, N, D)),
        DrawnCase("one step", inputs(1, N, D)),
        DrawnCase("one sequence and one input", inputs(300, 1, 1)),
        DrawnCase("as many steps, sequences and inputs", inputs(D, D, D)),
        DrawnCase("float32", in_dtype(inputs(T, N, D), np.float32)),
    ]


def worked_one_to_many(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("four steps", in_sevenths({"x": short(rng.normal(size=(2, 3))), "T": 4})),
        DrawnCase("one step", {"x": short(rng.normal(size=(3, 2))), "T": 1}),
        DrawnCase("as many steps, sequences and inputs", {"x": short(rng.normal(size=(2, 2))), "T": 2}),
        DrawnCase("float32", in_dtype({"x": short(rng.normal(size=(1, 2))), "T": 3}, np.float32)),
    ]


ONE_TO_MANY = Check(
    "heads.one_to_many_inputs", heads.one_to_many_inputs, draw_one_to_many, worked_one_to_many, axes="T N D", task="one vector as the inputs of many steps", points=1,
    section="app-one-to-many: One to many",
    promises={
        "It comes at the first step": "vector at the last step",
        "After that the network has only its state": "vector at every step",
        "The vectors are `(N, D)`, one for each sequence": "only the first sequence",
        "The result is `(T, N, D)`": "sequences first",
        "Zeros everywhere, but for the first of the T steps": "one step too many",
        "Results have the dtype of the inputs: float32 stays float32, float64 stays float64": "dtype lost",
        "for float64 nothing is computed in single precision": "single precision inside",
        "A function never writes to its inputs": "writes to its inputs",
    },
)  # fmt: skip


@ONE_TO_MANY.misconception(
    "The vector stands at every step. It comes once, at the first; after that the network has only its state."
)
def vector_at_every_step(x, T):
    return np.stack([x] * T)


@ONE_TO_MANY.misconception(
    "The vector stands at the last step; it comes at the first, or the other steps know nothing of it."
)
def vector_at_the_last_step(x, T):
    inputs = np.zeros((T, *x.shape), dtype=x.dtype)
    inputs[-1] = x
    return inputs


@ONE_TO_MANY.misconception(
    "There is one step too many: T zeros behind the vector. The vector's own step is one of the T."
)
def one_step_too_many(x, T):
    return np.concatenate([x[None], np.zeros((T, *x.shape), dtype=x.dtype)])


@ONE_TO_MANY.misconception("The sequences come first in your result; here time comes first: (T, N, D).")
def sequences_first(x, T):
    inputs = np.zeros((len(x), T, x.shape[1]), dtype=x.dtype)
    inputs[:, 0] = x
    return inputs


@ONE_TO_MANY.misconception("The result is float64 though the vector is float32: np.zeros needs dtype=.")
def dtype_lost(x, T):
    inputs = np.zeros((T, *x.shape))
    inputs[0] = x
    return inputs


@ONE_TO_MANY.misconception(
    "The first sequence got its vector at every step, and the others got nothing. Each sequence gets its own vector, at its first step."
)
def only_the_first_sequence(x, T):
    inputs = np.zeros((T, *x.shape), dtype=x.dtype)
    inputs[:, 0] = x[0]
    return inputs


T_BELOW_ONE = "the exercise says that T below 1 is not asked for"
ONE_TO_MANY.changes_nothing(
    {
        "if T < 1: raise ValueError(f'one_to_many_inputs: the argumen: statement left out": T_BELOW_ONE,
        "1: 1 to 0": T_BELOW_ONE,
        "ValueError(f'one_to_many_inputs: the argument T must be at l: call left out": T_BELOW_ONE,
        "T: T to inputs (place 3)": T_BELOW_ONE,
    }
)
