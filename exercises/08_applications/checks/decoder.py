"""A small random decoder for the checks that write words."""

import numpy as np

from autograder.exercise import Given

Generator = np.random.Generator


ONE_STATE = """
def value(ids, states):
    (h,) = states
    h = np.tanh(W_e[ids] + h @ W_h.T)
    return h @ W_y.T + b_y, (h,)
"""
TWO_STATES = """
def value(ids, states):
    h, c = states
    c = 0.7 * c + np.tanh(W_e[ids] + h @ W_h.T)
    h = np.tanh(c)
    return h @ W_y.T + b_y, (h, c)
"""


# Scores that are whole numbers, many of them equal, all far below zero; a sequence's state is a number that grows.
TABLE = """
def value(ids, states):
    (h,) = states
    return table[(ids + h[:, 0].astype(int)) % len(table)], (h + 1,)
"""


def table_decoder(rng: Generator, N: int, V: int) -> tuple[Given, tuple]:
    """A decoder with equal scores, and a state for it."""
    table = rng.integers(3, size=(V, V)) - 5000.0
    return Given(TABLE, table=table), (rng.permutation(N)[:, None].astype(float),)


NEARLY = 2.0**-30  # near 5000 there are numbers that much closer


def nearly_equal(given: Given) -> Given:
    """The same decoder with scores that differ by a billionth where they differed by 1."""
    table = given.arrays["table"]
    return Given(given.source, table=table.max() + NEARLY * (table - table.max()))


def decoder(rng: Generator, N: int, H: int, V: int, states: int = 1, ending: int | None = None) -> tuple[Given, tuple]:
    """A small random decoder, and states for it; perhaps one that writes the end word more often than others."""
    b_y = 0.5 * rng.normal(size=V)
    if ending is not None:
        b_y[ending] += 0.7
    given = Given(
        ONE_STATE if states == 1 else TWO_STATES, W_e=1.5 * rng.normal(size=(V, H)),
        W_h=1.2 * rng.normal(size=(H, H)) / np.sqrt(H), W_y=2.5 * rng.normal(size=(V, H)) / np.sqrt(H), b_y=b_y,
    )  # fmt: skip
    return given, tuple(rng.normal(size=(N, H)) for _ in range(states))
