"""One class for each sequence: batches, training, and what is kept of the answers. The applications' common part."""

from collections.abc import Iterator

import numpy as np

from experiments import learning, models
from experiments.experiment import Result, Settings, Tell
from experiments.models import Sequences
from solutions.with_numpy.padding import mask_of
from solutions.with_numpy.training import Weights


def part(data: Sequences, columns: np.ndarray) -> Sequences:
    """Some of the sequences, as long as the longest of them."""
    mask = data.mask[:, columns]
    T = int(mask.sum(axis=0).max())
    return Sequences(data.x[:T, columns], data.targets[columns], mask[:T])


def batches(rng: np.random.Generator, data: Sequences, N: int) -> Iterator[Sequences]:
    """Batches for ever: in each round every sequence once, in a new order."""
    while True:
        order = rng.permutation(len(data.targets))
        for start in range(0, len(order) - N + 1, N):
            yield part(data, order[start : start + N])


def whole(x: np.ndarray, targets: np.ndarray) -> Sequences:
    """Sequences of one length: every step counts."""
    return Sequences(x, targets, np.ones(x.shape[:2], dtype=bool))


def spelled(texts: list[list[int]], targets: np.ndarray) -> Sequences:
    """Numbers of words or letters as a right-padded batch (T, N)."""
    lengths = np.array([len(text) for text in texts])
    x = np.zeros((lengths.max(), len(texts)), dtype=np.int64)
    for n, text in enumerate(texts):
        x[: len(text), n] = text
    return Sequences(x, targets, mask_of(lengths, int(lengths.max())))


def scores_of(weights: Weights, cell: str, data: Sequences, N: int = 256) -> np.ndarray:
    """Scores (n, V) of all sequences, a batch at a time."""
    count = len(data.targets)
    columns = [np.arange(start, min(start + N, count)) for start in range(0, count, N)]
    return np.concatenate([models.answers(weights, cell, part(data, some)) for some in columns])


def error_rate(weights: Weights, cell: str, data: Sequences) -> float:
    """The share of sequences that get a wrong class."""
    return float(np.mean(scores_of(weights, cell, data).argmax(axis=1) != data.targets))


def squared_error(weights: Weights, cell: str, data: Sequences) -> float:
    """The mean squared error of one number for each sequence."""
    return float(np.mean((scores_of(weights, cell, data)[:, 0] - data.targets) ** 2))


def train(
    settings: Settings, weights: Weights, training: Sequences, choosing: Sequences | None, tell: Tell,
    rng: np.random.Generator,
) -> tuple[Weights, Result]:  # fmt: skip
    """Train a classifier; of the weights seen, those that make the fewest errors on the sequences for choosing.

    Without such sequences training goes on to its end, and the error that is watched is that on the training set.
    """
    cell = models.cell_of(settings["variant"])
    kept, result = learning.learn(
        weights, lambda w, batch: models.classify(w, cell, batch), batches(rng, training, settings["N"]),
        learning.budget_of(settings), lambda w: error_rate(w, cell, training if choosing is None else choosing), tell,
        settings["learning_rate"], settings["clip"], settings["every"],
    )  # fmt: skip
    return kept, result


def judged(predictions: np.ndarray, targets: np.ndarray) -> Result:
    """What is kept of the answers on the test set."""
    return {"accuracy": float(np.mean(predictions == targets)), "predictions": predictions.tolist()}
