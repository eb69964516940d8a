"""The checks of 09_attention: what is asked of each function, and what learners get wrong about it."""

import numpy as np

from autograder.exercise import Check, DrawnCase, Exercise

from . import reference


def scores(rng, N, T, size=1.0):
    return {"scores": size * rng.normal(size=(N, T))}


def draw(rng):
    """Inputs for grading, new each time: every length differs, and each promise of the text is asked for."""
    N, T = (int(n) for n in rng.choice(range(2, 8), size=2, replace=False))
    return [
        DrawnCase("several rows", scores(rng, N, T)),
        DrawnCase("one row", scores(rng, 1, T)),
        DrawnCase("as many rows as scores", scores(rng, N, N)),
        DrawnCase("large scores", scores(rng, N, T, size=1000.0)),
    ]


def worked(rng):
    """Small cases that students see."""
    return [
        DrawnCase("two rows", {"scores": np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])}),
        DrawnCase("large scores", {"scores": np.array([[1000.0, 999.0]])}),
    ]


WEIGHTS = Check(
    "attention.weights",
    reference.weights,
    draw,
    worked,
    axes="N T",
    points=2,
    task="scores become weights",
)


@WEIGHTS.misconception("The sum was taken over the rows; the weights of each row should add up to 1.")
def summed_over_rows(scores):
    p = np.exp(scores - scores.max(axis=0))
    return p / p.sum(axis=0)


def asked(rng, N, T, D, E):
    """N queries of D numbers, T keys like them, and T values of E numbers."""
    return {
        "q": rng.normal(size=(N, D)),
        "k": rng.normal(size=(T, D)),
        "v": rng.normal(size=(T, E)),
    }


def draw_attend(rng):
    """Inputs for grading: several queries, or one."""
    lengths = rng.choice(range(2, 8), size=3, replace=False)
    N, T, D = (int(n) for n in lengths)
    return [
        DrawnCase("several queries", asked(rng, N, T, D, D)),
        DrawnCase("one query", asked(rng, 1, T, D, D)),
    ]


def worked_attend(rng):
    """A small case that students see: the second key is like the query."""
    inputs = {
        "q": np.array([[0.0, 2.0]]),
        "k": np.array([[2.0, 0.0], [0.0, 2.0]]),
        "v": np.array([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]]),
    }
    return [DrawnCase("one query, two keys", inputs)]


ATTEND = Check(
    "attention.attend",
    reference.attend,
    draw_attend,
    worked_attend,
    axes="N E",
    points=3,
    task="queries find values",
    earlier=("weights",),
)


@ATTEND.misconception("The scores were not divided by the root of D.")
def root_left_out(q, k, v):
    return reference.weights(q @ k.T) @ v


EXERCISE = Exercise(title="Attention", checks=(WEIGHTS, ATTEND), packages=("numpy",))
