"""Let's meet for ____: a language model of messages, where the words that decide lie 5 to 100 words back.

Beside the messages of ``experiments.messages`` there is a second time of day, of yesterday, which decides nothing: who only
knows which words a message has, and not their order, cannot tell the two apart.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from experiments import learning, messages, models
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell
from experiments.models import Sequences
from solutions.with_numpy.affine import affine
from solutions.with_numpy.training import Weights

YESTERDAY = "yesterday we met at {hour} in the {time} ."
VOCABULARY = tuple(dict.fromkeys((*messages.VOCABULARY, *YESTERDAY.split()[:4])))
NUMBER = {word: number for number, word in enumerate(VOCABULARY)}
BLANKS = tuple(messages.BLANKS.values())
NEAR, FAR = 5, 100
DISTANCES = (5, 10, 20, 50, 100)
AFTER = len(YESTERDAY.split())  # so many words lie between, when yesterday comes after today
HELD_OUT, FOR_BASELINE = 200, 3000
WORDS = "bag of words"
NETWORKS = ("rnn", "lstm_0", "lstm_1", "lstm_lag", "gru")
TRAINING = {
    "H": 48, "D": 16, "N": 32, "learning_rate": 0.01, "clip": 1.0, "updates": 1000, "seconds": 60, "every": 50,
    "near": NEAR, "far": FAR,
}  # fmt: skip


def message(rng: np.random.Generator, distance: int) -> list[str]:
    """The words of a message whose time of day lies ``distance`` words before the blank."""
    time = str(rng.choice(list(messages.BLANKS)))
    other = str(rng.choice([one for one in messages.BLANKS if one != time]))
    yesterday = YESTERDAY.format(hour=rng.choice(messages.HOURS[other]), time=other).split()
    between = distance - messages.distance(0)
    after = between >= AFTER and rng.integers(2) == 1
    small = list(rng.choice(messages.SMALL_WORDS, size=between - AFTER * after))
    today = f"{messages.BEGINNING} {rng.choice(messages.HOURS[time])} in the {time} .".split()
    told = today + yesterday if after else yesterday + today
    return [*told, *small, *messages.END.split(), messages.BLANKS[time]]


def batch(texts: list[list[str]]) -> Sequences:
    """Each word's number (T, N), the one that follows it, and where there is one."""
    lengths = np.array([len(words) - 1 for words in texts])
    x, targets = np.zeros((2, lengths.max(), len(texts)), dtype=np.int64)
    for n, words in enumerate(texts):
        numbers = [NUMBER[word] for word in words]
        x[: lengths[n], n], targets[: lengths[n], n] = numbers[:-1], numbers[1:]
    return Sequences(x, targets, np.arange(len(x))[:, None] < lengths)


def endless(rng: np.random.Generator, N: int, near: int, far: int) -> Iterator[Sequences]:
    while True:
        yield batch([message(rng, int(distance)) for distance in rng.integers(near, far + 1, size=N)])


def blanks_filled(weights: Weights, cell: str, texts: list[list[str]]) -> list[str]:
    """The meal with the highest score where the blank is."""
    data = batch(texts)
    h, _ = models.states(weights, cell, data)
    last = h[data.mask.sum(axis=0) - 1, np.arange(len(texts))]
    meals = [NUMBER[meal] for meal in BLANKS]
    scores = affine(last[None], weights["W_y"], weights["b_y"])[0][:, meals]
    return [BLANKS[best] for best in scores.argmax(axis=1)]


def held_out() -> dict[int, list[list[str]]]:
    """Messages for the test, at each distance."""
    rng = np.random.default_rng([2, 0])
    return {distance: [message(rng, distance) for _ in range(HELD_OUT)] for distance in DISTANCES}


def judged(filled: dict[int, list[str]], texts: dict[int, list[list[str]]]) -> Result:
    """How many blanks are right at each distance, and the first that is wrong."""
    right = {d: [a == words[-1] for a, words in zip(filled[d], texts[d], strict=True)] for d in DISTANCES}
    wrong = [(d, n) for d in DISTANCES for n in range(HELD_OUT) if not right[d][n]][:1]
    return {
        "accuracy": float(np.mean([np.mean(right[d]) for d in DISTANCES])),
        "by_distance": {str(d): float(np.mean(right[d])) for d in DISTANCES},
        "wrong": [{"text": " ".join(texts[d][n]), "filled": filled[d][n]} for d, n in wrong],
    }


def counts(texts: list[list[str]]) -> np.ndarray:
    """How often each word is in a message, without the last."""
    return np.array([np.bincount([NUMBER[word] for word in words[:-1]], minlength=len(VOCABULARY)) for words in texts])


def without_order(rng: np.random.Generator) -> Result:
    """Logistic regression on the words of a message, whatever their order."""
    from sklearn.linear_model import LogisticRegression

    training = [message(rng, int(distance)) for distance in rng.integers(NEAR, FAR + 1, size=FOR_BASELINE)]
    model = LogisticRegression(max_iter=3000).fit(counts(training), [words[-1] for words in training])
    texts = held_out()
    return judged({d: list(model.predict(counts(texts[d]))) for d in DISTANCES}, texts)


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed: it learns every next word, and is asked for the last."""
    rng, variant = np.random.default_rng(settings["seed"]), settings["variant"]
    if variant == WORDS:
        return without_order(rng)
    cell, D, V = models.cell_of(variant), settings["D"], len(VOCABULARY)
    weights = models.initial_weights(variant, D, settings["H"], V, rng, longest=FAR)
    weights = models.with_words(weights, V, D, rng)
    watching = np.random.default_rng([1, 0])
    watched = [message(watching, int(distance)) for distance in watching.integers(NEAR, FAR + 1, size=HELD_OUT)]
    weights, result = learning.learn(
        weights, lambda w, some: models.label_each(w, cell, some),
        endless(rng, settings["N"], settings["near"], settings["far"]), learning.budget_of(settings),
        lambda w: float(np.mean([a != b[-1] for a, b in zip(blanks_filled(w, cell, watched), watched, strict=True)])),
        tell, settings["learning_rate"], settings["clip"], settings["every"],
    )  # fmt: skip
    texts = held_out()
    return result | judged({d: blanks_filled(weights, cell, texts[d]) for d in DISTANCES}, texts)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    def far(variant: str) -> list[float]:
        return [row.result["by_distance"]["100"] for row in rows if row.settings["variant"] == variant]

    def filled(variant: str) -> int:
        return sum(value >= 0.95 for value in far(variant))

    return {
        "100 words back, a GRU fills at least 95 of 100 blanks in at least 4 of 5 seeds": filled("gru") >= 4,
        "100 words back, an LSTM with its bias set for the lag does in more seeds than one with forget bias 0": (
            filled("lstm_lag") > filled("lstm_0")
        ),
        "The tanh network never gets more than half of the blanks": max(far("rnn")) <= 0.5,
        "Without the order of the words at most 60 of 100 are right": max(far(WORDS)) <= 0.6,
    }


RUNS: list[Settings] = [{"variant": WORDS, "seed": seed} for seed in SEEDS]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
EXPERIMENT = Experiment(
    "messages",
    "Let's meet for ____: how far back may the word lie that decides?",
    RUNS,
    perform,
    claims,
    {"updates": 3},
)
