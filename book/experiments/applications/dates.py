"""From a date as one of twelve languages writes it to ISO 8601: an encoder reads letters, a decoder writes them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from experiments import learning
from experiments.data import dates
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from solutions.with_numpy import decoding, encoder_decoder, optimisers
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.initialisation import forget_bias
from solutions.with_numpy.loss import mean_cross_entropy, mean_cross_entropy_backward
from solutions.with_numpy.optimisers import State
from solutions.with_numpy.padding import mask_of
from solutions.with_numpy.training import Optimiser, Weights

WRITTEN = "0123456789-"
START, END = len(WRITTEN), len(WRITTEN) + 1
ISO = len("2026-11-23")
POOL, CHOOSING, TEST = 20000, 300, 500
LETTERS = "bag of letters"
FOR_BASELINE = 8000
WIDTHS = (1, 3, 10)
TRAINING = {
    "H": 128, "D": 32, "N": 64, "learning_rate": 0.004, "falls_after": 1000, "clip": 1.0, "updates": 2000, "seconds": 240,
    "every": 100, "pool": POOL,
}  # fmt: skip
NETWORKS = {"lstm_1": "LSTM", "gru": "GRU"}


class Translator:
    """Numbers for the letters of the training dates: 0 for those that were never seen."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.numbers = {letter: number for number, letter in enumerate(sorted(set("".join(texts))), start=1)}

    def source(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The letters (S, N), and where there is one."""
        lengths = np.array([len(text) for text in texts])
        ids = np.zeros((lengths.max(), len(texts)), dtype=np.int64)
        for n, text in enumerate(texts):
            ids[: len(text), n] = [self.numbers.get(letter, 0) for letter in text]
        return ids, mask_of(lengths, int(lengths.max()))


def target(isos: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """What the decoder reads (11, N), the start first, and what it is to write, the end last."""
    letters = np.array([[WRITTEN.index(letter) for letter in iso] for iso in isos]).T
    edge = np.ones((1, len(isos)), dtype=np.int64)
    return np.concatenate([START * edge, letters]), np.concatenate([letters, END * edge])


def text_of(ids: Sequence[int]) -> str:
    """The letters up to the end."""
    return "".join(WRITTEN[one] for one in ids if one < START)


def initial_weights(settings: Settings, letters: int, rng: np.random.Generator) -> Weights:
    """Weights of encoder and decoder; an LSTM's forget bias is 1."""
    cell = settings["variant"].partition("_")[0]
    weights = encoder_decoder.initial_weights(cell, letters + 1, END + 1, settings["D"], settings["H"], rng, np.float32)
    if cell == "lstm":
        weights |= {name: forget_bias(weights[name], 1.0) for name in ("encoder.b", "decoder.b")}
    return weights


def greedy(weights: Weights, cell: str, translator: Translator, texts: Sequence[str]) -> list[str]:
    """The translations, letter by letter."""
    states, _ = encoder_decoder.encode(*_with_mask(translator, texts, weights, cell))
    ids = decoding.greedy(encoder_decoder.next_scores(weights, cell), states, START, END, ISO + 1)
    return [text_of(column) for column in ids.T]


def _with_mask(translator: Translator, texts: Sequence[str], weights: Weights, cell: str) -> tuple:
    source, mask = translator.source(texts)
    return source, weights, cell, mask


def beam(weights: Weights, cell: str, translator: Translator, texts: Sequence[str], width: int) -> list[str]:
    """The translations that are likeliest as a whole, of those that a beam of this width sees."""
    states, _ = encoder_decoder.encode(*_with_mask(translator, texts, weights, cell))
    of = encoder_decoder.next_scores(weights, cell)
    found = []
    for n in range(len(texts)):
        one = tuple(state[n : n + 1] for state in states)
        found.append(text_of(decoding.beam(of, one, START, END, ISO + 1, width)[0][0]))
    return found


def batches(
    rng: np.random.Generator, translator: Translator, pairs: tuple[list[str], list[str]], N: int
) -> Iterator[tuple]:
    """Batches of pairs, drawn from the training dates."""
    while True:
        chosen = rng.integers(len(pairs[0]), size=N)
        yield (*translator.source([pairs[0][n] for n in chosen]), *target([pairs[1][n] for n in chosen]))


def loss_and_gradients(weights: Weights, some: tuple, cell: str) -> tuple[float, Weights]:
    """The mean cross-entropy of the letters, with teacher forcing."""
    source, mask, read, write = some
    y, tape = encoder_decoder.forward(source, read, weights, cell, mask)
    return float(mean_cross_entropy(y, write)), encoder_decoder.backward(mean_cross_entropy_backward(y, write), tape)


def falling(settings: Settings) -> Optimiser:
    """Adam, whose learning rate stays as it is for some updates and then falls to zero in a straight line."""
    after, end = settings["falls_after"], settings["updates"]

    def step(weights: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray], state: State) -> tuple:
        left = (end - state.get("k", 0)) / max(end - after, 1)
        return optimisers.adam(weights, gradients, state, settings["learning_rate"] * min(left, 1.0))

    return step


def wrong_share(found: Sequence[str], isos: Sequence[str]) -> float:
    return float(np.mean([a != b for a, b in zip(found, isos, strict=True)]))


def without_order(rng: np.random.Generator) -> Result:
    """Each letter of the ISO date by logistic regression on how often each letter is in the text."""
    from sklearn.linear_model import LogisticRegression

    texts, isos = dates.load(rng, FOR_BASELINE, test=False)
    test_texts, test_isos = dates.load(np.random.default_rng([2, 0]), TEST, test=True)
    translator = Translator(texts)

    def counts(some: Sequence[str]) -> np.ndarray:
        ids, mask = translator.source(some)
        size = len(translator.numbers) + 1
        return np.array([np.bincount(ids[mask[:, n], n], minlength=size) for n in range(len(some))])

    columns = []
    for place in range(ISO):
        letters = [iso[place] for iso in isos]
        if len(set(letters)) == 1:
            columns.append([letters[0]] * TEST)
        else:
            fitted = LogisticRegression(C=10, solver="newton-cholesky").fit(counts(texts), letters)
            columns.append(list(fitted.predict(counts(test_texts))))
    found = ["".join(letters) for letters in zip(*columns, strict=True)]
    return judged(found, test_texts, test_isos)


def judged(found: list[str], texts: list[str], isos: list[str]) -> Result:
    """The share that is right to the last letter, and examples."""
    wrong = [n for n in range(len(texts)) if found[n] != isos[n]]
    right = [n for n in range(len(texts)) if found[n] == isos[n]]
    return {
        "accuracy": 1 - len(wrong) / len(texts),
        "right": [[texts[n], found[n]] for n in right[:12]],
        "wrong": [[texts[n], found[n], isos[n]] for n in wrong[:6]],
    }


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    rng = np.random.default_rng(settings["seed"])
    if settings["variant"] == LETTERS:
        return without_order(rng)
    training = dates.load(rng, settings["pool"], test=False)
    translator, cell = Translator(training[0]), settings["variant"].partition("_")[0]
    choosing = dates.load(np.random.default_rng([1, 0]), CHOOSING, test=False)
    weights, result = learning.learn(
        initial_weights(settings, len(translator.numbers), rng), lambda w, some: loss_and_gradients(w, some, cell),
        batches(rng, translator, training, settings["N"]), learning.budget_of(settings),
        lambda w: wrong_share(greedy(w, cell, translator, choosing[0]), choosing[1]), tell,
        clip=settings["clip"], every=settings["every"], optimiser=falling(settings),
    )  # fmt: skip
    texts, isos = dates.load(np.random.default_rng([2, 0]), settings.get("test", TEST), test=True)
    by_width = {
        str(width): 1 - wrong_share(beam(weights, cell, translator, texts, width), isos)
        for width in WIDTHS
        if width > 1
    }
    found = greedy(weights, cell, translator, texts)
    return result | judged(found, texts, isos) | {"by_width": {"1": 1 - wrong_share(found, isos)} | by_width}


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    networks = {
        f"Every {title} translates at least 95 of 100 unseen dates without a mistake": min(
            values(rows, "accuracy", variant=variant)
        )
        >= 0.95
        for variant, title in NETWORKS.items()
    }
    letters = max(values(rows, "accuracy", variant=LETTERS))
    return networks | {"Without the order of the letters fewer than 5 of 100 are right": letters < 0.05}


RUNS: list[Settings] = [{"variant": LETTERS, "seed": seed} for seed in SEEDS]
RUNS += [{"variant": variant, "seed": seed, **TRAINING} for variant in NETWORKS for seed in SEEDS]
EXPERIMENT = Experiment(
    "dates", "From a date in twelve languages to ISO 8601", RUNS, perform, claims, {"updates": 3, "test": 2}
)
