"""Who speaks, one after the other? Utterances joined end to end, and networks that learn from the names in their order: CTC."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from experiments import learning, models
from experiments.applications.speakers import frames
from experiments.data import speakers
from experiments.data.speakers import Utterances
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from solutions.with_numpy import recurrent
from solutions.with_numpy.affine import affine, affine_backward
from solutions.with_numpy.ctc import best_path, ctc, ctc_backward, edit_distance
from solutions.with_numpy.layers import bidirectional_backward, bidirectional_forward
from solutions.with_numpy.padding import mask_of
from solutions.with_numpy.training import Weights

VARIANTS = {"frame": "a frame alone", "both": "GRU, both directions"}
FEWEST, MOST = 2, 5  # utterances of a recording
LABELS = 10  # nine speakers, and the blank
TRAINING = {"H": 32, "N": 30, "learning_rate": 0.01, "clip": 5.0, "updates": 200, "seconds": 60, "every": 50}
WATCHED, TEST = 40, 300  # recordings
SHOWN = 3  # recordings of which the probabilities are kept


class Recordings(NamedTuple):
    """x (T, N, 12) and its mask (T, N); the speakers in their order, from 1 to 9, (S, N) and their mask; where each ends."""

    x: np.ndarray
    mask: np.ndarray
    targets: np.ndarray
    target_mask: np.ndarray
    ends: list[list[int]]


def joined(rng: np.random.Generator, spoken: list[np.ndarray], who: np.ndarray, N: int) -> Recordings:
    """So many recordings: each of two to five utterances that are drawn at random, one after the other."""
    counts = rng.integers(FEWEST, MOST + 1, size=N)
    chosen = [rng.integers(len(spoken), size=count) for count in counts]
    whole = [np.concatenate([spoken[one] for one in some]) for some in chosen]
    lengths = np.array([len(one) for one in whole])
    x = np.zeros((lengths.max(), N, whole[0].shape[1]), np.float32)
    targets = np.zeros((counts.max(), N), dtype=np.int64)
    for n, (one, some) in enumerate(zip(whole, chosen, strict=True)):
        x[: len(one), n] = one
        targets[: len(some), n] = who[some] + 1
    ends = [np.cumsum([len(spoken[one]) for one in some]).tolist() for some in chosen]
    return Recordings(x, mask_of(lengths, len(x)), targets, mask_of(counts, len(targets)), ends)


def standardised(data: Utterances, mean: np.ndarray, deviation: np.ndarray) -> list[np.ndarray]:
    """Each utterance by itself, each input with mean 0 and deviation 1 over the training set."""
    return [(one - mean) / deviation for one in frames(data)]


def sets() -> tuple[tuple[list[np.ndarray], np.ndarray], tuple[list[np.ndarray], np.ndarray]]:
    """Utterances and their speakers, to learn from and for the test."""
    training, test = speakers.load()
    every = np.concatenate(frames(training))
    mean, deviation = every.mean(axis=0), every.std(axis=0)
    return tuple((standardised(data, mean, deviation), data.speakers) for data in (training, test))  # type: ignore[return-value]


def initial_weights(variant: str, H: int, rng: np.random.Generator) -> Weights:
    """Weights of the cells, whose names begin with their direction, and of the scores."""
    weights: Weights = {}
    ways = ("on", "back") if variant == "both" else ()
    for way in ways:
        drawn = recurrent.initial_weights("gru", 12, H, rng, np.float32)
        weights |= {f"{way}.{name}": array for name, array in drawn.items()}
    return weights | models.scores_weights(H * len(ways) or 12, LABELS, rng)


def of_way(weights: Weights, way: str) -> Weights:
    """The weights of the cell that reads in one direction."""
    return {name.partition(".")[2]: array for name, array in weights.items() if name.startswith(f"{way}.")}


def scores(weights: Weights, data: Recordings) -> tuple[np.ndarray, np.ndarray, list[recurrent.Tape]]:
    """Scores (T, N, 10) of the blank and of the speakers, what they are made of, and what the backward pass needs."""
    on, back = of_way(weights, "on"), of_way(weights, "back")
    h, tapes = data.x, list[recurrent.Tape]()
    if on:
        state = recurrent.initial_state("gru", data.x.shape[1], on["W_h"].shape[1], data.x.dtype)
        h, _, both = bidirectional_forward("gru", data.x, (state, state), (on, back), data.mask)
        tapes += both
    return affine(h, weights["W_y"], weights["b_y"]), h, tapes


def loss_and_gradients(weights: Weights, data: Recordings) -> tuple[float, Weights]:
    """The CTC loss of a recording, on average, and its gradients."""
    y, h, tapes = scores(weights, data)
    N, known = data.x.shape[1], (data.targets, data.mask, data.target_mask)
    dh, dW_y, db_y = affine_backward(ctc_backward(y, *known) / N, h, weights["W_y"])
    gradients: Weights = {}
    if tapes:
        zeros = tuple(np.zeros_like(state) for state in tapes[0].state_0)
        for way, of_one in zip(("on", "back"), bidirectional_backward(dh, (zeros, zeros), tapes)[2], strict=True):
            gradients |= {f"{way}.{name}": array for name, array in of_one.items()}
    return float(ctc(y, *known)) / N, gradients | {"W_y": dW_y, "b_y": db_y}


def said(weights: Weights, data: Recordings) -> list[list[int]]:
    """The speakers that the best path names."""
    return best_path(scores(weights, data)[0], data.mask)


def label_error_rate(made: list[list[int]], data: Recordings) -> float:
    """The edit distance from the right speakers, for each speaker who spoke."""
    right = [data.targets[data.target_mask[:, n], n].tolist() for n in range(data.targets.shape[1])]
    return sum(map(edit_distance, made, right)) / sum(map(len, right))


def perform(settings: Settings, tell: Tell) -> Result:
    """Train on recordings made of training utterances, and name the speakers of recordings made of others."""
    (spoken, who), (spoken_test, who_test) = sets()
    rng = np.random.default_rng(settings["seed"])
    weights = initial_weights(settings["variant"], settings["H"], rng)
    watched = joined(np.random.default_rng([97, settings["seed"]]), spoken, who, WATCHED)
    test = joined(np.random.default_rng(98), spoken_test, who_test, settings.get("test", TEST))

    def batches() -> Iterator[Recordings]:
        while True:
            yield joined(rng, spoken, who, settings["N"])

    weights, result = learning.learn(
        weights, loss_and_gradients, batches(), learning.budget_of(settings),
        lambda current: label_error_rate(said(current, watched), watched), tell, settings["learning_rate"],
        settings["clip"], settings["every"],
    )  # fmt: skip
    made = said(weights, test)
    return result | {
        "label_error_rate": label_error_rate(made, test),
        "all_right": float(np.mean([label_error_rate([one], part(test, n)) == 0 for n, one in enumerate(made)])),
        "shown": [probabilities(weights, test, n) for n in range(min(SHOWN, len(made)))]
        if settings["seed"] == 0
        else [],
    }


def part(data: Recordings, n: int) -> Recordings:
    """One of the recordings by itself, without padding."""
    T, S = int(data.mask[:, n].sum()), int(data.target_mask[:, n].sum())
    one = slice(n, n + 1)
    return Recordings(
        data.x[:T, one], data.mask[:T, one], data.targets[:S, one], data.target_mask[:S, one], [data.ends[n]]
    )


def probabilities(weights: Weights, data: Recordings, n: int) -> Result:
    """One recording: the probability of each label at each step, who spoke, and until which step."""
    one = part(data, n)
    y = scores(weights, one)[0][:, 0].astype(np.float64)
    p = np.exp(y - y.max(axis=1, keepdims=True))
    p = (p / p.sum(axis=1, keepdims=True)).round(3)
    return {"p": p.tolist(), "speakers": one.targets[:, 0].tolist(), "ends": one.ends[0]}


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    frame, both = (values(rows, "label_error_rate", variant=variant) for variant in VARIANTS)
    return {
        "Every GRU that reads in both directions makes less than a fifth of the errors of the best model of a frame alone": (
            5 * max(both) < min(frame)
        ),
        "Every GRU names fewer than one speaker in ten wrongly": max(both) < 0.1,
    }


RUNS: list[Settings] = [{"variant": variant, "seed": seed, **TRAINING} for variant in VARIANTS for seed in SEEDS]
EXPERIMENT = Experiment(
    "turns", "Who speaks, one after the other, if nobody says when?", RUNS, perform, claims, {"updates": 5, "test": 8}
)
