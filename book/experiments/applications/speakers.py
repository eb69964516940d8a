"""Who is talking? Two vowels spoken by nine men: the honest counterexample, where order hardly matters."""

from collections.abc import Sequence

import numpy as np

from experiments import models
from experiments.applications import classification
from experiments.data import speakers
from experiments.data.speakers import Utterances
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.with_numpy.padding import mask_of

WITHOUT_ORDER = ("mean over time", "summary statistics", "last frame")
NETWORKS = ("rnn", "lstm_1", "gru")
TRAINING = {"H": 64, "N": 30, "learning_rate": 0.005, "clip": 1.0, "updates": 600, "seconds": 60, "every": 60}


def frames(data: Utterances) -> list[np.ndarray]:
    """Each utterance by itself: (length, 12)."""
    return [data.x[:length, n] for n, length in enumerate(data.lengths)]


def features(data: Utterances, kind: str) -> np.ndarray:
    """One vector an utterance, in which the order of the steps is lost."""
    of_one = {
        "mean over time": lambda x: x.mean(axis=0),
        "summary statistics": lambda x: np.concatenate([x.mean(0), x.std(0), x.min(0), x.max(0)]),
        "last frame": lambda x: x[-1],
    }[kind]
    return np.array([of_one(x) for x in frames(data)])


def without_order(kind: str) -> Result:
    """A linear or a kernel classifier on such vectors."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    training, test = speakers.load()
    model = SVC(C=10) if kind == "summary statistics" else LogisticRegression(max_iter=1000)
    fitted = make_pipeline(StandardScaler(), model).fit(features(training, kind), training.speakers)
    return classification.judged(fitted.predict(features(test, kind)), test.speakers)


def sequences(data: Utterances, mean: np.ndarray, deviation: np.ndarray) -> Sequences:
    """The utterances as a batch, each input with mean 0 and deviation 1 over the training set."""
    mask = mask_of(data.lengths, len(data.x))
    x = np.where(mask[:, :, None], (data.x - mean) / deviation, 0)
    return Sequences(x.astype(np.float32), data.speakers, mask)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    if settings["variant"] in WITHOUT_ORDER:
        return without_order(settings["variant"])
    training, test = speakers.load()
    every = np.concatenate(frames(training))
    mean, deviation = every.mean(axis=0), every.std(axis=0)
    rng = np.random.default_rng(settings["seed"])
    weights = models.initial_weights(settings["variant"], 12, settings["H"], 9, rng)
    weights, result = classification.train(settings, weights, sequences(training, mean, deviation), None, tell, rng)
    held_out = sequences(test, mean, deviation)
    scores = classification.scores_of(weights, models.cell_of(settings["variant"]), held_out)
    return result | classification.judged(scores.argmax(axis=1), held_out.targets)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    best = max(values(rows, "accuracy", variant=kind)[0] for kind in WITHOUT_ORDER[:2])
    lstm = values(rows, "accuracy", variant="lstm_1")
    return {
        "A model without order does at least as well as the median LSTM": best >= float(np.median(lstm)),
        "Every LSTM is right more than nine times in ten": min(lstm) > 0.9,
    }


RUNS: list[Settings] = [{"variant": kind, "seed": 0} for kind in WITHOUT_ORDER]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
EXPERIMENT = Experiment("speakers", "Who is talking, and does it need memory?", RUNS, perform, claims, {"updates": 3})
