"""`spectral_radius`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import short
from solutions.with_numpy import jacobians

from .drawing import ALWAYS, narrow, opposite_signs, orthogonal, symmetric

Generator = np.random.Generator


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
    """A block with two complex eigenvalues of that absolute value, which stretches some vectors more than others."""
    angle = rng.uniform(0.9, 2.2)
    return size * np.array([[np.cos(angle), -2 * np.sin(angle)], [0.5 * np.sin(angle), np.cos(angle)]])


def numbers(*values: float) -> list[np.ndarray]:
    return [np.array([[value]]) for value in values]


def triangular(rng: Generator, H: int) -> np.ndarray:
    """Its eigenvalues stand on the diagonal: the largest second, the smallest last."""
    J = np.triu(rng.normal(size=(H, H)), 1)
    np.fill_diagonal(J, rng.uniform(0.4, 0.8, size=H))
    J[-1, -1], J[1, 1] = rng.uniform(0.1, 0.3), rng.uniform(0.9, 1.4)
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
        DrawnCase("all zeros", {"J": np.zeros((2, 2))}),
        DrawnCase("a symmetric matrix", {"J": symmetric(rng, opposite_signs(rng, 4))}),
        DrawnCase("many rows, tiny numbers", {"J": 1e-200 * rng.normal(size=(16, 16))}),
        DrawnCase("huge numbers", {"J": 1e200 * with_eigenvalues(rng, numbers(-size[3], 0.4, others[1]))}),
    ]  # fmt: skip


def worked_spectral_radius(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("two complex eigenvalues", short({"J": with_eigenvalues(rng, [turning(rng, 1.2), *numbers(0.5)])})),
        DrawnCase("a negative eigenvalue", short({"J": with_eigenvalues(rng, numbers(-0.9, 0.5))})),
        DrawnCase("a triangular matrix", short({"J": triangular(rng, 3)})),
        DrawnCase("float32", narrow(short({"J": with_eigenvalues(rng, numbers(1.3, -0.7))}))),
        DrawnCase("one tiny number", {"J": np.array([[-7.5e-200]])}),
        DrawnCase("a symmetric matrix", {"J": np.array([[0.0, 2.0], [2.0, -3.0]])}),
    ]


SPECTRAL_RADIUS = Check(
    "jacobians.spectral_radius", jacobians.spectral_radius, draw_spectral_radius, worked_spectral_radius, axes="", task="how fast its powers grow or shrink in the long run", points=1,
    section="grad-singular: Largest singular value and spectral radius",
    promises={
        **ALWAYS,
        "largest in absolute value is the spectral radius": "absolute value after the maximum",
        "whose squares are 0 and infinity": "root of squares",
        "Eigenvalues may be negative, and they may be complex": "imaginary parts left out",
    },
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


@SPECTRAL_RADIUS.misconception(
    "It is the real part of the right eigenvalue; asked for is its absolute value, which takes both parts and no sign."
)
def real_part_of_the_largest(J):
    values = np.linalg.eigvals(J)
    return float(values[np.abs(values).argmax()].real)


@SPECTRAL_RADIUS.misconception(
    "It went through squares, and the squares of tiny numbers are 0, those of huge ones infinite. np.abs takes the absolute value "
    "of a complex number without them."
)
def root_of_squares(J):
    values = np.linalg.eigvals(J)
    return float(np.sqrt((values.real**2 + values.imag**2).max()))


@SPECTRAL_RADIUS.misconception("It is squared: the absolute value of a + bi is the root of a**2 + b**2.")
def squared_radius(J):
    return float((np.abs(np.linalg.eigvals(J)) ** 2).max())


@SPECTRAL_RADIUS.misconception(
    "The eigenvalues were taken with eigvalsh, which is for symmetric matrices and looks at one triangle only: use eigvals."
)
def taken_for_symmetric(J):
    return float(np.abs(np.linalg.eigvalsh(J)).max())


SPECTRAL_RADIUS.changes_nothing(
    {
        "float(np.abs(np.linalg.eigvals(J)).max()): call left out": "a number of NumPy's is as good as one of Python's",
    }
)
