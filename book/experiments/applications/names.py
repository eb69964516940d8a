"""Of which language is a family name? Letter by letter."""

from collections.abc import Sequence

import numpy as np

from experiments import models
from experiments.applications import classification
from experiments.data import names
from experiments.data.names import LANGUAGES, Names
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences

LETTERS, PIECES = "bag of letters", "bag of pieces of 1 to 3 letters"
NETWORKS = ("rnn", "lstm_1", "gru")
TRAINING = {
    "H": 96, "D": 24, "N": 64, "learning_rate": 0.003, "clip": 1.0, "updates": 2000, "seconds": 90, "every": 100,
}  # fmt: skip
STRENGTHS = (1, 3, 10)


def alphabet(training: Names) -> dict[str, int]:
    """A number for each letter of the training set, from 1; 0 is for all others."""
    return {letter: number for number, letter in enumerate(sorted(set("".join(training.names))), start=1)}


def sequences(data: Names, numbers: dict[str, int]) -> Sequences:
    return classification.spelled([[numbers.get(letter, 0) for letter in name] for name in data.names], data.languages)


def without_order(kind: str) -> Result:
    """Logistic regression on counts, as strong as is best on the names for choosing."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    training, choosing, test = names.load()
    longest = {LETTERS: 1, PIECES: 3}[kind]
    fitted = [
        make_pipeline(
            CountVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False),
            LogisticRegression(C=strength, max_iter=3000),
        ).fit(training.names, training.languages)
        for strength in STRENGTHS
    ]
    best = max(fitted, key=lambda one: one.score(choosing.names, choosing.languages))
    return classification.judged(best.predict(test.names), test.languages)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    variant = settings["variant"]
    if variant in (LETTERS, PIECES):
        return without_order(variant)
    training, choosing, test = names.load()
    numbers = alphabet(training)
    rng, D = np.random.default_rng(settings["seed"]), settings["D"]
    weights = models.initial_weights(variant, D, settings["H"], len(LANGUAGES), rng)
    weights = models.with_words(weights, len(numbers) + 1, D, rng)
    first, second, third = (sequences(one, numbers) for one in (training, choosing, test))
    weights, result = classification.train(settings, weights, first, second, tell, rng)
    scores = classification.scores_of(weights, models.cell_of(variant), third)
    return result | classification.judged(scores.argmax(axis=1), third.targets)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    letters = values(rows, "accuracy", variant=LETTERS)[0]
    return {
        "Every LSTM and every GRU does better than the bag of letters": all(
            min(values(rows, "accuracy", variant=variant)) > letters for variant in ("lstm_1", "gru")
        ),
    }


RUNS: list[Settings] = [{"variant": kind, "seed": 0} for kind in (LETTERS, PIECES)]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
EXPERIMENT = Experiment("names", "Of which language is a family name?", RUNS, perform, claims, {"updates": 3})
