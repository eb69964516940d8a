"""Which digit is it? Pictures read row by row, or point by point."""

from collections.abc import Sequence

import numpy as np

from experiments import models
from experiments.applications import classification
from experiments.data import digits
from experiments.data.digits import Images
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences

TRAINING = {
    "rows": {"H": 64, "N": 32, "learning_rate": 0.005, "clip": 1.0, "updates": 1200, "seconds": 60, "every": 60},
    "points": {"H": 64, "N": 32, "learning_rate": 0.005, "clip": 1.0, "updates": 1800, "seconds": 90, "every": 90},
}
NETWORKS = ("rnn", "lstm_1", "lstm_lag", "gru")
SET, SHUFFLED = "set", "lstm_1, shuffled"


def sequences(data: Images, reading: str, shuffle: np.random.Generator | None = None) -> Sequences:
    """A picture as 8 rows of 8 numbers, or as 64 numbers one by one; perhaps each in an order of its own."""
    x = data.images.reshape(len(data.digits), *{"rows": (8, 8), "points": (64, 1)}[reading]).astype(np.float32)
    if shuffle is not None:
        x = shuffle.permuted(x, axis=1) if x.shape[2] == 1 else np.array([shuffle.permutation(one) for one in x])
    return classification.whole(np.ascontiguousarray(x.transpose(1, 0, 2)), data.digits)


def as_set(x: np.ndarray) -> np.ndarray:
    """Each picture (T, N, D) without the order of its steps: every column's numbers, sorted."""
    return np.sort(x, axis=0).transpose(1, 0, 2).reshape(x.shape[1], -1)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    from sklearn.svm import SVC

    variant, reading, rng = settings["variant"], settings["reading"], np.random.default_rng(settings["seed"])
    shuffle = rng if variant == SHUFFLED else None
    training, choosing, test = (sequences(one, reading, shuffle) for one in digits.load())
    if variant == SET:
        fitted = SVC(C=10).fit(as_set(training.x), training.targets)
        return classification.judged(fitted.predict(as_set(test.x)), test.targets)
    of_cell = {**settings, "variant": variant.partition(",")[0]}
    T, _, D = training.x.shape
    weights = models.initial_weights(of_cell["variant"], D, settings["H"], 10, rng, longest=T)
    weights, result = classification.train(of_cell, weights, training, choosing, tell, rng)
    scores = classification.scores_of(weights, models.cell_of(of_cell["variant"]), test)
    return result | classification.judged(scores.argmax(axis=1), test.targets)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    best = {variant: min(values(rows, "accuracy", reading="rows", variant=variant)) for variant in ("lstm_1", "gru")}
    without = max(
        values(rows, "accuracy", reading="rows", variant=SET)
        + values(rows, "accuracy", reading="rows", variant=SHUFFLED)
    )
    points = values(rows, "accuracy", reading="points", variant="lstm_lag")
    return {
        "Row by row, the LSTM is right at least 95 times in 100 from every seed": best["lstm_1"] >= 0.95,
        "Row by row, so is the GRU": best["gru"] >= 0.95,
        "No model that ignores the order of the rows is right more than 87 times in 100": without <= 0.87,
        "Point by point, the LSTM with its bias set for the lag is right at least 90 times in 100 from every seed": min(
            points
        )
        >= 0.9,
    }


RUNS: list[Settings] = [
    {"reading": reading, "variant": variant, "seed": seed, **TRAINING[reading]}
    for reading in TRAINING
    for variant in (*NETWORKS, SHUFFLED)
    for seed in SEEDS
    if (reading, variant) != ("points", SHUFFLED)
]
RUNS += [{"reading": reading, "variant": SET, "seed": 0} for reading in TRAINING]
EXPERIMENT = Experiment(
    "digits", "Which digit is it, read row by row or point by point?", RUNS, perform, claims, {"updates": 3}
)
