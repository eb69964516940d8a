"""The next letter: models of film reviews and of Python's standard library, their samples, and cells that one can read."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from experiments import learning, models
from experiments.data import code, reviews
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from solutions.with_numpy import decoding, language_model, recurrent
from solutions.with_numpy.loss import mean_cross_entropy
from solutions.with_numpy.training import Weights

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
RARE = 20  # a letter that the training text has less often is unknown
LONGEST_TRAINING, LONGEST_TEST = 1_500_000, 40_000
STREAMS, WATCHED = 40, 20_000  # of the test text, read side by side; for choosing and for the test
SAMPLE, TEMPERATURES = 160, (0.5, 1.0, 1.5)
READABLE, SHOWN = 12_000, 400  # letters on which cells are compared with what one can read, and those that are kept
FREQUENCIES, TRIPLES = "frequencies of letters", "triples of letters"
TRAINING = {
    "H": 128, "D": 32, "N": 32, "T": 64, "learning_rate": 0.004, "clip": 1.0, "updates": 2400, "seconds": 150, "every": 300,
}  # fmt: skip


def texts(corpus: str) -> tuple[str, str]:
    """The text for training, and that for choosing and for the test."""
    if corpus == "code":
        return code.load(LONGEST_TRAINING)[0], code.load(LONGEST_TEST)[1]
    training, choosing, test = reviews.load()
    return "\n".join(training.texts)[:LONGEST_TRAINING], "\n".join(choosing.texts + test.texts)[:LONGEST_TEST]


def alphabet(text: str) -> str:
    """The letters that a model knows, the unknown one first."""
    return UNKNOWN + "".join(sorted(letter for letter, count in Counter(text).items() if count >= RARE))


def numbers(text: str, letters: str) -> np.ndarray:
    known = {letter: number for number, letter in enumerate(letters)}
    return np.array([known.get(letter, 0) for letter in text])


def streams(ids: np.ndarray, N: int) -> np.ndarray:
    """One long text as N streams (length, N), side by side."""
    return ids[: len(ids) // N * N].reshape(N, -1).T


def pieces(ids: np.ndarray, N: int, T: int) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """T steps of N streams at a time, the letters and those that follow; True where the streams begin anew."""
    side_by_side = streams(ids, N)
    while True:
        for start in range(0, len(side_by_side) - T - 1, T):
            yield side_by_side[start : start + T], side_by_side[start + 1 : start + T + 1], start == 0


def bits(weights: Weights, cell: str, ids: np.ndarray) -> float:
    """The mean cross-entropy of the next letter, in bits."""
    side_by_side = streams(ids, STREAMS)
    state = recurrent.initial_state(cell, STREAMS, weights["W_h"].shape[1], np.float32)
    y, _, _, _ = language_model.scores(side_by_side[:-1], state, weights, cell)
    return float(mean_cross_entropy(y, side_by_side[1:])) / math.log(2)


def sample(weights: Weights, cell: str, letters: str, temperature: float) -> str:
    """Letters that the model writes after a new line, always by the same uniform numbers."""
    state = recurrent.initial_state(cell, 1, weights["W_h"].shape[1], np.float32)
    start = letters.index("\n")

    def next_scores(ids: np.ndarray, before: recurrent.States) -> tuple[np.ndarray, recurrent.States]:
        y, after, _, _ = language_model.scores(ids[None], before, weights, cell)
        return y[0], after

    u = np.random.default_rng(3).uniform(size=(SAMPLE, 1))
    written = decoding.sample(next_scores, state, start, -1, u, temperature)
    return "".join(letters[one] for one in written[:, 0])


def features(corpus: str, text: str) -> dict[str, np.ndarray]:
    """What one can read in a text, at each letter, as a number."""
    found: dict[str, list[float]] = {
        "steps since the line began": [],
        "inside brackets": [],
        "steps since the word began": [],
    }
    if corpus == "code":
        found |= {"inside a comment": [], "inside a string": [], "depth of the indentation": []}
    column = word = depth = indent = 0
    comment, quote, leading = False, "", True
    for letter in text:
        if letter == "\n":
            column, comment, leading, indent, depth = 0, False, True, 0, 0
            quote = ""
        else:
            column += 1
            leading = leading and letter == " "
            indent += leading
        word = word + 1 if letter.isalnum() else 0
        if not comment and not quote:
            depth = depth + 1 if letter in "([{" else max(0, depth - 1) if letter in ")]}" else depth
            comment = letter == "#"
            quote = letter if letter in "\"'" else ""
        elif letter == quote:
            quote = ""
        found["steps since the line began"].append(column)
        found["inside brackets"].append(float(depth > 0))
        found["steps since the word began"].append(word)
        if corpus == "code":
            found["inside a comment"].append(float(comment))
            found["inside a string"].append(float(bool(quote)))
            found["depth of the indentation"].append(indent)
    return {name: np.array(values) for name, values in found.items()}


def correlations(units: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """The correlation of each unit (n, H) with a feature (n,)."""
    a, b = units - units.mean(axis=0), feature - feature.mean()
    scale = np.linalg.norm(a, axis=0) * np.linalg.norm(b)
    correlation: np.ndarray = (b @ a) / np.where(scale > 0, scale, np.inf)
    return correlation


def readable(weights: Weights, cell: str, corpus: str, text: str, letters: str) -> list[dict[str, Any]]:
    """For each feature the unit that follows it best in the first half of a text, and how well it does in the second."""
    ids = numbers(text, letters)[:, None]
    state = recurrent.initial_state(cell, 1, weights["W_h"].shape[1], np.float32)
    _, _, h, tape = language_model.scores(ids, state, weights, cell)
    units = np.tanh(tape.made[1][:, 0]) if cell == "lstm" else h[:, 0]
    half = len(text) // 2
    found = []
    for name, feature in features(corpus, text).items():
        best = int(np.abs(correlations(units[:half], feature[:half])).argmax())
        trace = units[half : half + SHOWN, best]
        second = float(correlations(units[half:, best : best + 1], feature[half:])[0])
        found.append({"feature": name, "unit": best, "correlation": second, "trace": np.round(trace, 2)})
    return found


def without_order(corpus: str, kind: str) -> Result:
    """How many bits a letter takes, if one knows how frequent it is; or how frequent it is after the two before it."""
    training, held_out = texts(corpus)
    letters = alphabet(training)
    ids, test = numbers(training, letters), numbers(held_out, letters)[WATCHED:]
    V = len(letters)
    single = (np.bincount(ids, minlength=V) + 1) / (len(ids) + V)
    p = single[test[2:]]
    if kind == TRIPLES:
        for known in (1, 2):
            p = _backed_off(ids, test, V, known, p)
    return {"bits": float(-np.log2(p).mean())}


def _backed_off(
    ids: np.ndarray, test: np.ndarray, V: int, known: int, p: np.ndarray, weight: float = 5.0
) -> np.ndarray:
    """(count(context, letter) + weight p) / (count(context) + weight), for contexts of so many letters."""
    contexts, of_test = np.zeros(len(ids) - known, int), np.zeros(len(test) - 2, int)
    for back in range(known, 0, -1):
        contexts = contexts * V + ids[known - back : len(ids) - back]
        of_test = of_test * V + test[2 - back : len(test) - back]
    together = np.bincount(contexts * V + ids[known:], minlength=V ** (known + 1))
    alone = np.bincount(contexts, minlength=V**known)
    result: np.ndarray = (together[of_test * V + test[2:]] + weight * p) / (alone[of_test] + weight)
    return result


def perform(settings: Settings, tell: Tell) -> Result:
    """One model of one text, from one seed; its states go on from batch to batch."""
    corpus, variant = settings["corpus"], settings["variant"]
    if variant in (FREQUENCIES, TRIPLES):
        return without_order(corpus, variant)
    training, held_out = texts(corpus)
    letters, cell = alphabet(training), models.cell_of(variant)
    ids, test = numbers(training, letters), numbers(held_out, letters)
    rng, V, D = np.random.default_rng(settings["seed"]), len(letters), settings["D"]
    weights = models.with_words(models.initial_weights(variant, D, settings["H"], V, rng), V, D, rng)
    ids = np.roll(ids, -int(rng.integers(len(ids))))  # each seed begins at another place
    beginning = recurrent.initial_state(cell, settings["N"], settings["H"], np.float32)
    kept: dict[str, Any] = {"states": beginning, "samples": []}

    def loss_and_gradients(current: Weights, piece: tuple[np.ndarray, np.ndarray, bool]) -> tuple[float, Weights]:
        read, write, anew = piece
        states = beginning if anew else kept["states"]
        loss, gradients, kept["states"] = language_model.loss_and_gradients(read, write, states, current, cell)
        return loss, gradients

    def error(current: Weights) -> float:
        kept["samples"].append(sample(current, cell, letters, 1.0))
        return bits(current, cell, test[:WATCHED])

    weights, result = learning.learn(
        weights, loss_and_gradients, pieces(ids, settings["N"], settings["T"]), learning.budget_of(settings), error, tell,
        settings["learning_rate"], settings["clip"], settings["every"],
    )  # fmt: skip
    result["bits"] = bits(weights, cell, test[WATCHED:])
    if settings["seed"] == SEEDS[0]:
        result["samples"] = kept["samples"]
        result["temperatures"] = {str(t): sample(weights, cell, letters, t) for t in TEMPERATURES}
    seen = held_out[WATCHED : WATCHED + READABLE]
    cells = readable(weights, cell, corpus, seen, letters)
    if settings["seed"] == SEEDS[0]:
        result["text"] = seen[len(seen) // 2 : len(seen) // 2 + SHOWN]
    else:
        for one in cells:
            del one["trace"]
    return result | {"cells": cells}


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    held = {}
    for corpus, name in (("reviews", "film reviews"), ("code", "code")):
        lstm = max(values(rows, "bits", corpus=corpus, variant="lstm_1"))
        triples = values(rows, "bits", corpus=corpus, variant=TRIPLES)[0]
        held[f"Every LSTM needs fewer bits for a letter of {name} than triples of letters do"] = lstm < triples
    return held


RUNS: list[Settings] = [
    {"corpus": corpus, "variant": kind, "seed": 0} for corpus in ("reviews", "code") for kind in (FREQUENCIES, TRIPLES)
]
RUNS += [
    {"corpus": corpus, "variant": "lstm_1", "seed": seed, **TRAINING}
    for corpus in ("reviews", "code")
    for seed in SEEDS
]
EXPERIMENT = Experiment("characters", "What is the next letter?", RUNS, perform, claims, {"updates": 3})
