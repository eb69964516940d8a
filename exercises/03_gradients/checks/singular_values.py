"""`singular_values`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short, sizes
from solutions.with_numpy import jacobians

from .drawing import OF_ARRAYS, narrow, opposite_signs, symmetric

Generator = np.random.Generator


def nearly_singular(rng: Generator, N: int, H: int) -> np.ndarray:
    """Matrices with three singular values of ordinary size and two of 1e-8, where their squares are lost in rounding."""
    first, second = (np.linalg.qr(rng.normal(size=(N, H, H)))[0] for _ in range(2))
    sigma = np.concatenate([rng.uniform(0.5, 2.0, size=(N, H - 2)), 1e-8 * rng.uniform(1, 3, size=(N, 2))], axis=1)
    return (first * sigma[:, None, :]) @ second


def symmetric_matrices(rng: Generator, N: int, H: int) -> np.ndarray:
    return np.stack([symmetric(rng, opposite_signs(rng, H)) for _ in range(N)])


def of_all_sizes(rng: Generator, H: int) -> np.ndarray:
    """Beside each other a matrix that has exploded, one that has vanished, one of zeros, and an ordinary one."""
    sizes_of = rng.permutation([1e30, 1e-300, 0.0, 1.0])
    return sizes_of[:, None, None] * rng.normal(size=(4, H, H))


def draw_singular_values(rng: Generator) -> list[DrawnCase]:
    N, T, H = sizes(rng, 3)
    return [
        DrawnCase("several matrices", {"J": rng.normal(size=(N, H, H))}),
        DrawnCase("one matrix", {"J": rng.normal(size=(H, H))}),
        DrawnCase("one matrix, with an axis in front", {"J": rng.normal(size=(1, N, N))}),
        DrawnCase("as many matrices as rows", {"J": rng.normal(size=(H, H, H))}),
        DrawnCase("two axes in front", {"J": rng.normal(size=(T, N, H, H))}),
        DrawnCase("float32", narrow({"J": rng.normal(size=(N, H, H))})),
        DrawnCase("three axes in front", {"J": rng.normal(size=(2, 1, N, H, H))}),
        DrawnCase("one number", {"J": -rng.uniform(0.2, 0.8, size=(1, 1))}),
        DrawnCase("products that have vanished", {"J": 1e-200 * rng.normal(size=(N, H, H))}),
        DrawnCase("nearly singular matrices", {"J": nearly_singular(rng, 8, 5)}),
        DrawnCase("float32, vanished", narrow({"J": 1e-25 * rng.normal(size=(N, H, H))})),
        DrawnCase("symmetric matrices", {"J": symmetric_matrices(rng, N, H)}),
        DrawnCase("matrices of very different size", {"J": of_all_sizes(rng, H)}),
    ]


def worked_singular_values(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two matrices", short({"J": rng.normal(size=(2, 3, 3))})),
        DrawnCase("one matrix", short({"J": rng.normal(size=(2, 2))})),
        DrawnCase("three axes in front", short({"J": rng.normal(size=(2, 1, 2, 2, 2))})),
        DrawnCase("float32", narrow(short({"J": rng.normal(size=(1, 2, 2))}))),
        DrawnCase("a product that has vanished", {"J": 1e-200 * np.round(rng.normal(size=(2, 2)), 2)}),
        DrawnCase("a symmetric matrix", {"J": np.array([[0.0, 2.0], [2.0, -3.0]])}),
        DrawnCase("matrices of very different size", {"J": of_all_sizes(rng, 2)}),
    ]


SINGULAR_VALUES = Check(
    "jacobians.singular_values", jacobians.singular_values, draw_singular_values, worked_singular_values, axes="", apart=1, task="how much longer a matrix can make a vector", points=1,
    section="grad-singular: Largest singular value and spectral radius",
    promises={
        **OF_ARRAYS,
        "The largest comes first": "in the order of eigenvalues",
        "for one matrix, and for an array of matrices with any number of axes in front": "axes in front flattened",
        "It has to be exact for small numbers too": "roots of eigenvalues",
        "may hold numbers like $10^{-200}$": "one scale for all matrices",
        "Do not take them for eigenvalues": "absolute eigenvalues",
    },
)  # fmt: skip


def falling(values):
    """Sorted, the largest first."""
    return np.sort(values, axis=-1)[..., ::-1].copy()


@SINGULAR_VALUES.misconception("The smallest comes first; the largest should.")
def smallest_first(J):
    return jacobians.singular_values(J)[..., ::-1].copy()


@SINGULAR_VALUES.misconception(
    "Of symmetric matrices, the absolute values of the eigenvalues stayed in the order that these have with their signs. Sort them by size: "
    "of -3 and 1 come 3 and 1."
)
def in_the_order_of_eigenvalues(J):
    if np.array_equal(J, np.swapaxes(J, -1, -2)):
        return np.abs(np.linalg.eigvalsh(J))[..., ::-1].copy()
    return jacobians.singular_values(J)


@SINGULAR_VALUES.misconception(
    "All matrices were divided by the largest number of the whole array. The small ones become 0 beside a large one: each matrix has a "
    "size of its own."
)
def one_scale_for_all_matrices(J):
    size = np.abs(J).max()
    return jacobians.singular_values(J / size) * size


@SINGULAR_VALUES.misconception(
    "They are squared. The eigenvalues of J.T @ J are the squares of the singular values: take their roots."
)
def squared(J):
    return jacobians.singular_values(J) ** 2


@SINGULAR_VALUES.misconception(
    "They are the roots of the eigenvalues of J.T @ J. On paper those are the singular values, but in the squares half of the "
    "digits are lost, and the squares of small numbers become 0: use np.linalg.svd."
)
def roots_of_eigenvalues(J):
    return np.sqrt(np.maximum(np.linalg.eigvalsh(np.swapaxes(J, -1, -2) @ J), 0))[..., ::-1]


@SINGULAR_VALUES.misconception(
    "All axes in front became one. They should stay as they were: (..., H, H) becomes (..., H), and one matrix gives (H,)."
)
def axes_in_front_flattened(J):
    return jacobians.singular_values(J).reshape(-1, J.shape[-1])


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
