"""Tasks that ask for memory and for nothing else, made for each batch anew."""

import numpy as np

from experiments.models import Sequences

Generator = np.random.Generator


def everywhere(T: int, N: int) -> np.ndarray:
    return np.ones((T, N), dtype=bool)


def first_step(rng: Generator, lag: int, N: int) -> Sequences:
    """Say after ``lag`` steps which sign the first input had.

    Two inputs: the first is +1 or -1 at the first step and 0 after it; the second is noise, uniform from -1 to 1.
    """
    targets = rng.integers(2, size=N)
    x = np.zeros((lag + 1, N, 2), np.float32)
    x[0, :, 0] = 2 * targets - 1
    x[:, :, 1] = rng.uniform(-1, 1, (lag + 1, N))
    return Sequences(x, targets, everywhere(lag + 1, N))


def adding(rng: Generator, T: int, N: int) -> Sequences:
    """Add two numbers that are marked, one in each half of the sequence.

    Two inputs: numbers uniform from 0 to 1, and marks: 1 at two steps, else 0. Guessing the mean, 1, has the squared error
    1/6. Source: Hochreiter and Schmidhuber, 1997, in the form of Le, Jaitly and Hinton, 2015.
    """
    x = np.zeros((T, N, 2), np.float32)
    x[:, :, 0] = rng.uniform(size=(T, N))
    columns, half = np.arange(N), T // 2
    first, second = rng.integers(half, size=N), rng.integers(half, T, size=N)
    x[first, columns, 1] = x[second, columns, 1] = 1
    return Sequences(x, x[first, columns, 0] + x[second, columns, 0], everywhere(T, N))


SYMBOLS, TO_COPY = 8, 10
BLANK, CUE = SYMBOLS, SYMBOLS + 1


def copying(rng: Generator, delay: int, N: int) -> Sequences:
    """Repeat ten symbols of eight after a delay, when a cue comes.

    T = delay + 20 steps: ten symbols, delay - 1 blanks, the cue, ten blanks. The targets are blanks, and the ten symbols at
    the last ten steps. Who remembers nothing has the cross-entropy 10 ln 8 / T. Source: Arjovsky, Shah and Bengio, 2016.
    """
    T = delay + 2 * TO_COPY
    symbols = rng.integers(SYMBOLS, size=(TO_COPY, N))
    words = np.full((T, N), BLANK)
    words[:TO_COPY] = symbols
    words[-TO_COPY - 1] = CUE
    targets = np.full((T, N), BLANK)
    targets[-TO_COPY:] = symbols
    return Sequences(np.eye(SYMBOLS + 2, dtype=np.float32)[words], targets, everywhere(T, N))


NOISE = 4


def temporal_order(rng: Generator, T: int, N: int) -> Sequences:
    """Say in which order two marks came: XX, XY, YX or YY, among symbols that mean nothing.

    The first mark is at a step of the tenth to the second tenth of the sequence, the second of the fifth to the sixth tenth.
    Source: Hochreiter and Schmidhuber, 1997, experiment 6a, shortened.
    """
    words = rng.integers(2, 2 + NOISE, size=(T, N))
    columns, marks = np.arange(N), rng.integers(2, size=(2, N))
    words[rng.integers(T // 10, T // 5, size=N), columns] = marks[0]
    words[rng.integers(T // 2, 6 * T // 10, size=N), columns] = marks[1]
    return Sequences(np.eye(2 + NOISE, dtype=np.float32)[words], 2 * marks[0] + marks[1], everywhere(T, N))
