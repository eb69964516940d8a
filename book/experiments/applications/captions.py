"""What is in the picture? A picture of two digits, and a caption written word by word: one-to-many.

The captions are "three left of eight", "eight above three", and for twice the same digit "two threes in a row" or "two threes
in a column". Which word comes where matters: the same words in another order say something false.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from experiments import learning, models
from experiments.data import digits
from experiments.data.digits import Images
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from solutions.with_numpy import decoding, recurrent
from solutions.with_numpy.affine import affine, affine_backward
from solutions.with_numpy.embedding import embed, embed_backward
from solutions.with_numpy.heads import one_to_many_inputs, one_to_many_inputs_backward
from solutions.with_numpy.language_model import of_the_cell
from solutions.with_numpy.loss import mean_cross_entropy, mean_cross_entropy_backward
from solutions.with_numpy.recurrent import States, Tape
from solutions.with_numpy.training import Weights

SIDE, LONGEST = 16, 6
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MANY = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")
END, START = "<end>", "<start>"
WORDS = (*DIGITS, *MANY, "left", "above", "of", "in", "a", "row", "column", END, START)
NUMBER = {word: number for number, word in enumerate(WORDS)}
BAG = "bag of words"
HELD_OUT = 500
TRAINING = {
    "H": 96, "D": 96, "N": 64, "learning_rate": 0.003, "clip": 1.0, "updates": 2000, "seconds": 90, "every": 100,
}  # fmt: skip
NETWORKS = ("rnn", "lstm_1", "gru")


class Captioned(NamedTuple):
    """pictures (N, 256), what is read (T, N) and what is to be written (T, N) with its mask, and the captions."""

    pictures: np.ndarray
    read: np.ndarray
    write: np.ndarray
    mask: np.ndarray
    captions: list[str]


def caption(first: int, second: int, beside: bool) -> str:
    """The first is left of the second, or above it."""
    if first == second:
        return f"two {MANY[first]} in a {'row' if beside else 'column'}"
    return f"{DIGITS[first]} {'left of' if beside else 'above'} {DIGITS[second]}"


def draw(rng: np.random.Generator, data: Images, N: int) -> Captioned:
    """Pictures of 16 by 16 points with two digits, side by side or one above the other, and their captions."""
    pictures, captions = np.zeros((N, SIDE, SIDE), np.float32), []
    for n in range(N):
        first, second = rng.integers(len(data.digits), size=2)
        beside, margin = bool(rng.integers(2)), 8 * int(rng.integers(2))
        one, other = data.images[first], data.images[second]
        if beside:
            pictures[n, margin : margin + 8] = np.concatenate([one, other], axis=1)
        else:
            pictures[n, :, margin : margin + 8] = np.concatenate([one, other], axis=0)
        captions.append(caption(int(data.digits[first]), int(data.digits[second]), beside))
    return Captioned(pictures.reshape(N, -1), *words_of(captions), captions)


def words_of(captions: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is read and what is to be written (T, N), and which of it counts."""
    written = [[NUMBER[word] for word in (*text.split(), END)] for text in captions]
    T = max(len(words) for words in written)
    write, mask = np.full((T, len(written)), NUMBER[END]), np.zeros((T, len(written)), dtype=bool)
    for n, words in enumerate(written):
        write[: len(words), n], mask[: len(words), n] = words, True
    start = np.full((1, len(written)), NUMBER[START])
    return np.concatenate([start, write[:-1]]), write, mask


def initial_weights(settings: Settings, rng: np.random.Generator) -> Weights:
    """A layer of ReLUs from the picture to D inputs, vectors of words, a cell and scores."""
    D, bound = settings["D"], 1 / SIDE
    weights = models.initial_weights(settings["variant"], D, settings["H"], len(WORDS), rng)
    picture = rng.uniform(-bound, bound, (D, SIDE * SIDE)).astype(np.float32)
    return models.with_words(weights, len(WORDS), D, rng) | {"W_i": picture, "b_i": np.zeros(D, np.float32)}


def of_cell(weights: Weights) -> Weights:
    return of_the_cell({name: array for name, array in weights.items() if name not in ("W_i", "b_i")})


def seen(weights: Weights, pictures: np.ndarray) -> np.ndarray:
    """The pictures as inputs (N, D): ReLU(W_i p + b_i)."""
    return np.maximum(affine(pictures[None], weights["W_i"], weights["b_i"])[0], 0)


def loss_and_gradients(weights: Weights, some: Captioned, cell: str) -> tuple[float, Weights]:
    """The picture at the first step alone, the words after it; the mean cross-entropy of the words."""
    picture = seen(weights, some.pictures)
    x = one_to_many_inputs(picture, len(some.read) + 1)
    x[1:] += embed(some.read, weights["W_e"])
    nothing = recurrent.initial_state(cell, x.shape[1], weights["W_h"].shape[1], x.dtype)
    h, state_T, tape = recurrent.forward(cell, x, nothing, of_cell(weights))
    y = affine(h[1:], weights["W_y"], weights["b_y"])
    dy = mean_cross_entropy_backward(y, some.write, some.mask)
    dh_words, dW_y, db_y = affine_backward(dy, h[1:], weights["W_y"])
    dh = np.concatenate([np.zeros_like(h[:1]), dh_words])
    dx, _, gradients = recurrent.backward(dh, tuple(np.zeros_like(state) for state in state_T), tape)
    da = one_to_many_inputs_backward(dx) * (picture > 0)
    gradients |= {"W_e": embed_backward(dx[1:], some.read, len(WORDS)), "W_y": dW_y, "b_y": db_y}
    gradients |= {"W_i": da.T @ some.pictures, "b_i": da.sum(axis=0)}
    return float(mean_cross_entropy(y, some.write, some.mask)), gradients


def write_captions(weights: Weights, cell: str, pictures: np.ndarray) -> list[str]:
    """Word by word, each time the one with the highest score."""
    nothing = recurrent.initial_state(cell, len(pictures), weights["W_h"].shape[1], np.float32)
    _, states, _ = recurrent.forward(cell, seen(weights, pictures)[None], nothing, of_cell(weights))

    def next_scores(ids: np.ndarray, before: States) -> tuple[np.ndarray, States]:
        h, after, _ = recurrent.forward(cell, embed(ids[None], weights["W_e"]), before, of_cell(weights))
        return affine(h, weights["W_y"], weights["b_y"])[0], after

    ids = decoding.greedy(next_scores, states, NUMBER[START], NUMBER[END], LONGEST)
    return [" ".join(WORDS[one] for one in column if one != NUMBER[END]) for column in ids.T]


def endless(rng: np.random.Generator, data: Images, N: int) -> Iterator[Captioned]:
    while True:
        yield draw(rng, data, N)


def words_at_once(weights: Weights, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, Tape]:
    """One step of a tanh cell on the picture, and a score for each word: its h, the scores (N, V), the tape."""
    nothing = recurrent.initial_state("rnn", len(pictures), weights["W_h"].shape[1], pictures.dtype)
    h, _, tape = recurrent.forward("rnn", seen(weights, pictures)[None], nothing, of_cell(weights))
    return h, affine(h, weights["W_y"], weights["b_y"])[0], tape


def bag_loss_and_gradients(weights: Weights, some: Captioned) -> tuple[float, Weights]:
    """Is a word in the caption? The cross-entropy of that, summed over the words, by log(1 + exp(y)) - y [it is]."""
    bags = np.zeros((len(some.captions), len(WORDS)), np.float32)
    for n, words in enumerate(some.write.T):
        bags[n, words] = 1
    h, y, tape = words_at_once(weights, some.pictures)
    loss = float(np.mean(np.sum(np.logaddexp(0, y) - y * bags, axis=1)))
    dy = ((1 + np.tanh(y / 2)) / 2 - bags) / len(bags)
    dh, dW_y, db_y = affine_backward(dy[None], h, weights["W_y"])
    dx, _, gradients = recurrent.backward(dh, (np.zeros_like(h[0]),), tape)
    da = dx[0] * (seen(weights, some.pictures) > 0)
    gradients |= {"W_y": dW_y, "b_y": db_y, "W_i": da.T @ some.pictures, "b_i": da.sum(axis=0)}
    return loss, gradients


def in_a_usual_order(weights: Weights, pictures: np.ndarray) -> list[str]:
    """The likeliest words of the bag, made into a caption.

    The best relation decides which words there are. Which digit comes first cannot be known from the words alone: it is the
    smaller one.
    """
    found = []
    for y in words_at_once(weights, pictures)[1]:
        relation = max(("left", "above", "row", "column"), key=lambda word: y[NUMBER[word]])
        if relation in ("row", "column"):
            found.append(f"two {max(MANY, key=lambda word: y[NUMBER[word]])} in a {relation}")
        else:
            first, second = sorted(sorted(DIGITS, key=lambda word: -y[NUMBER[word]])[:2], key=DIGITS.index)
            found.append(f"{first} {'left of' if relation == 'left' else relation} {second}")
    return found


def judged(found: list[str], test: Captioned) -> Result:
    """The share of captions that are right to the last word, and the captions."""
    return {
        "accuracy": float(np.mean([a == b for a, b in zip(found, test.captions, strict=True)])),
        "bag_accuracy": float(
            np.mean([sorted(a.split()) == sorted(b.split()) for a, b in zip(found, test.captions, strict=True)])
        ),
        "captions": found[:100],
    }


def perform(settings: Settings, tell: Tell) -> Result:
    """One model, from one seed."""
    training, choosing, test = digits.load()
    rng, variant = np.random.default_rng(settings["seed"]), settings["variant"]
    held_out = draw(np.random.default_rng([2, 0]), test, HELD_OUT)
    watched = draw(np.random.default_rng([1, 0]), choosing, HELD_OUT)
    cell = models.cell_of(variant)
    if variant == BAG:
        weights = initial_weights({**settings, "variant": "rnn"}, rng)
        del weights["W_e"]
        loss, write = bag_loss_and_gradients, in_a_usual_order
    else:
        weights = initial_weights(settings, rng)
        loss, write = partial(loss_and_gradients, cell=cell), partial(write_captions, cell=cell)

    def error(weights: Weights) -> float:
        found = write(weights, pictures=watched.pictures)
        return float(np.mean([a != b for a, b in zip(found, watched.captions, strict=True)]))

    weights, result = learning.learn(
        weights, loss, endless(rng, training, settings["N"]), learning.budget_of(settings), error, tell,
        settings["learning_rate"], settings["clip"], settings["every"],
    )  # fmt: skip
    return result | judged(write(weights, pictures=held_out.pictures), held_out)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    bag = max(values(rows, "accuracy", variant=BAG))
    worst = min(min(values(rows, "accuracy", variant=variant)) for variant in NETWORKS)
    return {"Every network writes more right captions than the bag of words": worst > bag}


RUNS: list[Settings] = [
    {"variant": variant, "seed": seed, **TRAINING} for variant in (BAG, *NETWORKS) for seed in SEEDS
]
EXPERIMENT = Experiment("captions", "What is in the picture?", RUNS, perform, claims, {"updates": 3})
