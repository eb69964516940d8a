"""Which way does the digit move? A short video, of which one picture says nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from experiments import learning, models
from experiments.applications import classification
from experiments.data import digits
from experiments.data.digits import Images
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences

SIDE, FRAMES, NOISE = 12, 6, 0.5
DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
HELD_OUT = 400
TRAINING = {"H": 64, "N": 32, "learning_rate": 0.003, "clip": 1.0, "updates": 1000, "seconds": 60, "every": 50}
NETWORKS = ("rnn", "lstm_1", "gru")
ONE_FRAME, MEAN = "one frame", "mean over the frames"
# the tanh network again: with one setting changed, or with pictures whose rows and columns are exchanged, all or every other one
AGAIN: dict[str, Settings] = {
    "rnn_longer": {"updates": 2000, "seconds": 120},
    "rnn_exchanged": {"exchanged": 1},
    "rnn_mixed": {"exchanged": 2},
}
FOR_BASELINES = 4000


def videos(rng: np.random.Generator, data: Images, N: int) -> Sequences:
    """Videos (T, N, 144) of 6 frames: a digit on a field of 12 by 12 points whose edges are joined.

    It moves a point a frame; every point of every frame has noise of its own.
    """
    chosen, way = rng.integers(len(data.digits), size=N), rng.integers(len(DIRECTIONS), size=N)
    place = rng.integers(SIDE, size=(2, N))
    steps = np.array(list(DIRECTIONS.values()))[way]
    field = np.zeros((N, SIDE, SIDE), np.float32)
    field[:, :8, :8] = data.images[chosen]
    x = np.empty((FRAMES, N, SIDE * SIDE), np.float32)
    for n in range(N):
        for t in range(FRAMES):
            x[t, n] = np.roll(field[n], place[:, n] + t * steps[n], axis=(0, 1)).ravel()
    x += rng.normal(0, NOISE, x.shape)
    return classification.whole(x, way)


def endless(rng: np.random.Generator, data: Images, N: int) -> Iterator[Sequences]:
    while True:
        yield videos(rng, data, N)


def with_exchanged(data: Images, every: int) -> Images:
    """The pictures, with rows and columns exchanged in every so manieth of them; 0 leaves all as they are."""
    images = data.images.copy()
    if every:
        images[::every] = images[::every].swapaxes(1, 2)
    return replace(data, images=images)


def without_order(kind: str, rng: np.random.Generator, training: Images, test: Sequences) -> Result:
    """A kernel classifier on the last frame, or on the mean of the frames."""
    from sklearn.svm import SVC

    seen = videos(rng, training, FOR_BASELINES)
    of = (lambda x: x[-1]) if kind == ONE_FRAME else (lambda x: x.mean(axis=0))
    return classification.judged(SVC(C=10).fit(of(seen.x), seen.targets).predict(of(test.x)), test.targets)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    training, choosing, test = (with_exchanged(part, settings.get("exchanged", 0)) for part in digits.load())
    rng, variant = np.random.default_rng(settings["seed"]), settings["variant"]
    held_out = videos(np.random.default_rng([2, 0]), test, HELD_OUT)
    if variant in (ONE_FRAME, MEAN):
        return without_order(variant, rng, training, held_out)
    cell, watched = models.cell_of(variant), videos(np.random.default_rng([1, 0]), choosing, HELD_OUT)
    weights = models.initial_weights(variant, SIDE * SIDE, settings["H"], len(DIRECTIONS), rng)
    weights, result = learning.learn(
        weights, lambda w, batch: models.classify(w, cell, batch), endless(rng, training, settings["N"]),
        learning.budget_of(settings), lambda w: classification.error_rate(w, cell, watched), tell,
        settings["learning_rate"], settings["clip"], settings["every"],
    )  # fmt: skip
    scores = classification.scores_of(weights, cell, held_out)
    return result | classification.judged(scores.argmax(axis=1), held_out.targets)


def by_axis(rows: Sequence[Row], variant: str) -> np.ndarray:
    """In each seed, the share of right answers where the digit moves up or down, and where it moves sideways: (seeds, 2)."""
    targets = videos(np.random.default_rng([2, 0]), digits.load()[2], HELD_OUT).targets
    right = np.array(values(rows, "predictions", variant=variant)) == targets
    return np.stack([right[:, targets < 2].mean(axis=1), right[:, targets >= 2].mean(axis=1)], axis=1)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    usual, longer, exchanged, mixed = (by_axis(rows, variant) for variant in ("rnn", *AGAIN))
    return {
        "The tanh network knows left from right, and guesses between up and down, in every seed": (
            usual[:, 1].min() > 0.9 and usual[:, 0].max() < 0.65
        ),
        "So it does with twice the updates": longer[:, 1].min() > 0.9 and longer[:, 0].max() < 0.65,
        "With rows and columns of all pictures exchanged, it is the other way round": (
            exchanged[:, 0].min() > 0.9 and exchanged[:, 1].max() < 0.65
        ),
        "With every other picture exchanged, it depends on the seed": (
            (mixed[:, 0] > mixed[:, 1] + 0.1).any() and (mixed[:, 1] > mixed[:, 0] + 0.1).any()
        ),
        "The LSTM tells the direction at least 90 times in 100 from every seed": min(
            values(rows, "accuracy", variant="lstm_1")
        )
        >= 0.9,
        "From one frame the direction is a guess: at most 35 times in 100": max(
            values(rows, "accuracy", variant=ONE_FRAME)
        )
        <= 0.35,
        "From the mean of the frames it is right at most 65 times in 100": max(values(rows, "accuracy", variant=MEAN))
        <= 0.65,
    }


RUNS: list[Settings] = [{"variant": kind, "seed": seed} for kind in (ONE_FRAME, MEAN) for seed in SEEDS]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
RUNS += [
    {"kind": variant, "variant": variant, "seed": seed, **TRAINING, **changed}
    for variant, changed in AGAIN.items()
    for seed in SEEDS
]
EXPERIMENT = Experiment("moving_digit", "Which way does the digit move?", RUNS, perform, claims, {"updates": 3})
