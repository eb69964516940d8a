"""How exercise 07_pytorch trains, and the best that is possible on the adding problem without memory.

The notebook's own cell is run, from another seed each time. Without memory means one of two models, whichever is better on
the data, each fitted to 20,000 other sequences. One sees all numbers, in the order of their size, but not which are marked.
The other sees the last ten steps with their marks.
"""

import io
from contextlib import redirect_stdout

import numpy as np
import torch

from autograder.exercise import EXERCISES
from autograder.exercise.cells import train_id
from autograder.exercise.source import source_notebook
from solutions.with_numpy.adding import adding_problem
from solutions.with_torch.adding import Adder, train
from solutions.with_torch.nn_lstm import lag_biases

EXERCISE = EXERCISES["07_pytorch"]

FITTED, WINDOW, SEED = 20_000, 10, "seed = 0"


def weights_from(seed: int) -> dict[str, np.ndarray]:
    """What the notebook's cell makes of the reference's functions, from this seed."""
    torch.set_num_threads(1)
    cell = next(one for one in source_notebook(EXERCISE, EXERCISE.text()).cells if one.id == train_id("weights"))
    assert cell.source.startswith(SEED)
    names = {"np": np, "torch": torch, "Adder": Adder, "adding_problem": adding_problem, "train": train}
    names["lag_biases"] = lag_biases
    with redirect_stdout(io.StringIO()):
        exec(cell.source.replace(SEED, f"seed = {seed}", 1), names)  # noqa: S102 - our own text
    return names["weights"]


def numbers(x: np.ndarray) -> np.ndarray:
    """All numbers of each sequence by their size, and 1."""
    return np.column_stack([np.sort(x[:, :, 0], axis=0).T, np.ones(x.shape[1])])


def window(x: np.ndarray) -> np.ndarray:
    """Of the last steps the sum of the marked numbers and how many there are, and 1."""
    last = x[-WINDOW:]
    return np.column_stack(
        [(last[:, :, 0] * last[:, :, 1]).sum(axis=0), last[:, :, 1].sum(axis=0), np.ones(x.shape[1])]
    )


def without_memory(data: dict) -> float:
    """The lower squared error of the two models."""
    x, targets = adding_problem(np.random.default_rng(0), len(data["x"]), FITTED)
    errors = []
    for features in (numbers, window):
        coefficients = np.linalg.lstsq(features(x), targets, rcond=None)[0]
        errors.append(float(np.mean((features(data["x"]) @ coefficients - data["targets"]) ** 2)))
    return min(errors)


MEASURED = {"adding.train": (weights_from, without_memory)}
