"""Is the reviewer pleased? Sentences from film reviews, word by word.

All models learn the mean rating, which says more than its sign, and are judged by the sign.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from experiments import learning, models
from experiments.applications import classification
from experiments.data import reviews
from experiments.data.reviews import Sentences
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.with_numpy.training import Weights

WORDS, PAIRS = "bag of words", "bag of words and pairs"
NETWORKS = ("rnn", "lstm_1", "gru")
TRAINING = {
    "H": 64, "D": 48, "N": 64, "learning_rate": 0.002, "clip": 1.0, "updates": 800, "seconds": 90, "every": 50,
    "forgotten_words": 0.3, "scale": 0.1,
}  # fmt: skip
STRENGTHS = (0.1, 0.2, 0.5, 1, 2, 5)
LONGEST = 40
UNKNOWN, HALF = 0, 2
WORD = re.compile(r"[a-z']+|[.,!?]")


def split(text: str) -> list[str]:
    """The words of a sentence, in small letters, and its marks."""
    return WORD.findall(text.lower())


def vocabulary(training: Sentences) -> dict[str, int]:
    """A number, from 1, for each word that the training set has at least twice; 0 is for all others."""
    counts = Counter(word for text in training.texts for word in split(text))
    return {word: number for number, word in enumerate(sorted(w for w, c in counts.items() if c > 1), start=1)}


def judged(ratings: np.ndarray, data: Sentences) -> Result:
    """The share of sentences whose rating has the right sign, the correlation with people's ratings, and the ratings."""
    return {
        "accuracy": float(np.mean((ratings > 0) == (data.ratings > 0))),
        "correlation": float(np.corrcoef(ratings, data.ratings)[0, 1]),
        "ratings": [round(float(rating), 2) for rating in ratings],
    }


def sequences(data: Sentences, numbers: dict[str, int]) -> Sequences:
    """Word numbers, and ratings divided by ``HALF``, so that the targets are about as large as the network's scores."""
    texts = [[numbers.get(word, UNKNOWN) for word in split(text)][-LONGEST:] or [UNKNOWN] for text in data.texts]
    return classification.spelled(texts, (data.ratings / HALF).astype(np.float32))


def without_order(kind: str) -> Result:
    """Linear regression on weighted counts, as strong as is best on the sentences for choosing."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    training, choosing, test = reviews.load()
    pairs = {WORDS: 1, PAIRS: 2}[kind]
    fitted = [
        make_pipeline(
            TfidfVectorizer(
                tokenizer=split, token_pattern=None, lowercase=False, ngram_range=(1, pairs), sublinear_tf=True
            ),
            Ridge(alpha=strength),
        ).fit(training.texts, training.ratings)
        for strength in STRENGTHS
    ]
    best = max(fitted, key=lambda one: one.score(choosing.texts, choosing.ratings))
    return judged(best.predict(test.texts), test)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed. Words are forgotten at random in training, so that no single one is relied on."""
    variant = settings["variant"]
    if variant in (WORDS, PAIRS):
        return without_order(variant)
    training, choosing, test = reviews.load()
    numbers = vocabulary(training)
    rng, D, cell = np.random.default_rng(settings["seed"]), settings["D"], models.cell_of(variant)
    weights = models.with_words(models.initial_weights(variant, D, settings["H"], 1, rng), len(numbers) + 1, D, rng)
    weights["W_e"] = (settings["scale"] * weights["W_e"]).astype(np.float32)
    first, second, third = (sequences(one, numbers) for one in (training, choosing, test))

    def loss_and_gradients(current: Weights, batch: Sequences) -> tuple[float, Weights]:
        forgotten = rng.uniform(size=batch.x.shape) < settings["forgotten_words"]
        return models.regress(current, cell, batch._replace(x=np.where(forgotten, UNKNOWN, batch.x)))

    weights, result = learning.learn(
        weights, loss_and_gradients, classification.batches(rng, first, settings["N"]), learning.budget_of(settings),
        lambda w: classification.squared_error(w, cell, second), tell, settings["learning_rate"], settings["clip"],
        settings["every"],
    )  # fmt: skip
    return result | judged(HALF * classification.scores_of(weights, cell, third)[:, 0], test)


def together(rows: Sequence[Row], variant: str) -> np.ndarray:
    """The mean of the ratings that the networks of all seeds give."""
    mean: np.ndarray = np.mean(values(rows, "ratings", variant=variant), axis=0)
    return mean


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    return {
        "Every network does better than always saying the more frequent answer": min(
            accuracy for variant in NETWORKS for accuracy in values(rows, "accuracy", variant=variant)
        )
        > 0.55,
    }


RUNS: list[Settings] = [{"variant": kind, "seed": 0} for kind in (WORDS, PAIRS)]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
EXPERIMENT = Experiment("sentiment", "Is the reviewer pleased?", RUNS, perform, claims, {"updates": 3})
