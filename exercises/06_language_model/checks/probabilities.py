"""`probabilities`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short
from solutions.with_numpy import decoding

from .drawing import FLOATS, WRITES_NOTHING

Generator = np.random.Generator


def scores_of(rng: Generator, *shape: int) -> np.ndarray:
    """Scores that differ from each other by at least 0.2, so that rounding changes no order."""
    V = shape[-1]
    steps = rng.uniform(0.2, 0.6, size=shape).cumsum(axis=-1)
    return rng.permuted(steps - steps.mean(axis=-1, keepdims=True), axis=-1) + 0.1 * V


FAR, NEAR = 400.0, 1e-9


def apart(rng: Generator, of: float, N: int, V: int) -> np.ndarray:
    """Scores whose differences are whole numbers, and the same many times as large or as small."""
    return of * rng.permuted(np.tile(np.arange(V) - 1.0, (N, 1)), axis=1)


def draw_probabilities(rng: Generator) -> list[DrawnCase]:
    def low() -> float:
        return float(rng.uniform(0.4, 0.7))

    def high() -> float:
        return float(rng.uniform(1.5, 2.5))

    very_low, very_high = float(rng.uniform(0.01, 0.02)), float(rng.uniform(15.0, 30.0))

    thousands = rng.permutation([[1000.0], [0.0], [-1500.0]])
    tied = np.repeat(rng.normal(size=(4, 1)), 300, axis=1) + np.array([*[0.0] * 100, *[1.0] * 120, *[-1.0] * 80])
    return [
        DrawnCase("all words, temperature 1", {"y": 4 * scores_of(rng, 5, 7), "temperature": 1.0, "top_k": None}),
        DrawnCase("a very low temperature, and as many as there are", {"y": scores_of(rng, 4, 6), "temperature": very_low, "top_k": 6}),
        DrawnCase("the best three, and a high temperature", {"y": scores_of(rng, 5, 8), "temperature": very_high, "top_k": 3}),
        DrawnCase("a temperature of ten billion", {"y": scores_of(rng, 5, 7), "temperature": 1e10, "top_k": 4}),
        DrawnCase("scores far apart, at as high a temperature", {"y": apart(rng, FAR, 4, 6), "temperature": FAR, "top_k": 5}),
        DrawnCase("scores that nearly agree, at as low a temperature", {"y": apart(rng, NEAR, 4, 6), "temperature": NEAR, "top_k": 3}),
        DrawnCase("one sequence, without another axis", {"y": scores_of(rng, 7), "temperature": high(), "top_k": 3}),
        DrawnCase("one word stays", {"y": scores_of(rng, 1, 5), "temperature": high(), "top_k": 1}),
        DrawnCase("more than there are", {"y": scores_of(rng, 2, 3), "temperature": low(), "top_k": 4}),
        DrawnCase("equal scores", {"y": rng.permuted(tied, axis=1), "temperature": low(), "top_k": 5}),
        DrawnCase("scores in the thousands", {"y": thousands + scores_of(rng, 3, 5), "temperature": low(), "top_k": None}),
        DrawnCase("a sequence of batches", {"y": scores_of(rng, 3, 2, 5), "temperature": high(), "top_k": 2}),
        DrawnCase("as many sequences as words", {"y": scores_of(rng, 4, 4), "temperature": low(), "top_k": 2}),
        DrawnCase("float32", in_dtype({"y": scores_of(rng, 3, 6), "temperature": low(), "top_k": 4}, np.float32)),
    ]  # fmt: skip


def worked_probabilities(rng: Generator) -> list[DrawnCase]:
    y = np.array([[2.0, 1.0, 0.0], [0.5, 1.5, -1.0]])
    return [
        DrawnCase("three words", {"y": y, "temperature": 1.0, "top_k": None}),
        DrawnCase("temperature one half, and more than there are", {"y": y, "temperature": 0.5, "top_k": 4}),
        DrawnCase("the best two of four", {"y": np.array([[0.3, 2.0, -1.0, 1.2], [1.0, 0.2, 0.6, 2.5]]), "temperature": 2.0, "top_k": 2}),
        DrawnCase("a temperature of ten billion", {"y": np.array([0.5, 2.0, -1.0]), "temperature": 1e10, "top_k": 2}),
        DrawnCase("equal scores", {"y": np.array([[0.0, 1.0, 1.0] * 10]), "temperature": 2.0, "top_k": 3}),
        DrawnCase("scores in the thousands, and a very low temperature", {"y": np.array([[1000.0, 1000.01, 999.98], [1.5, 0.0, 1.0]]), "temperature": 0.01, "top_k": None}),
        DrawnCase("scores far apart, at as high a temperature", {"y": apart(rng, FAR, 2, 4), "temperature": FAR, "top_k": None}),
        DrawnCase("scores that nearly agree, at as low a temperature", {"y": apart(rng, NEAR, 2, 4), "temperature": NEAR, "top_k": 2}),
        DrawnCase("a sequence of batches", {"y": short(scores_of(rng, 2, 2, 3)), "temperature": 0.8, "top_k": 2}),
        DrawnCase("float32", {"y": np.array([[0.25, -1.5]], np.float32), "temperature": 0.5, "top_k": 1}),
    ]  # fmt: skip


PROBABILITIES = Check(
    "decoding.probabilities", decoding.probabilities, draw_probabilities, worked_probabilities, axes="", task="from scores to probabilities, with a temperature and top-k", points=3,
    section="lm-temperature: Temperature and top-k",
    promises=FLOATS | WRITES_NOTHING | {
        r"The scores are divided by the temperature $\tau$ before the softmax": "temperature multiplied",
        "only the $k$ largest scores of each sequence stay": "best of the whole array",
        r"All the others count as $-\infty$": "cut scores set to a large negative number",
        "the rest still adds up to 1": "not normalised again",
        "Of equal scores, those with the lower numbers stay.": "of equal scores the last",
        "If $k$ is larger than the vocabulary, all of it stays.": "more words asked for than there are",
        "For large scores exp overflows.": "exponential of the scores",
        "what has become 0 in the softmax stays 0": "powers of probabilities",
        "first subtract the largest score of each sequence": "largest of the whole array subtracted",
        "`y` may have any number of axes; the words stand on the last one.": "words on the second axis",
        "They add up to 1.": "probabilities divided",
    },
)  # fmt: skip


def best(y, k):
    """Where the k largest scores stand; of equal ones the first."""
    order = np.argsort(np.argsort(-y, axis=-1, kind="stable"), axis=-1, kind="stable")
    return order < k


def softmax_of(y):
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cut_to(y, k):
    """The scores with -inf for all but the k largest."""
    return y if k is None else np.where(best(y, k), y, -np.inf)


@PROBABILITIES.misconception(
    "The scores were multiplied by the temperature. Divide: a low temperature has to make the differences larger."
)
def temperature_multiplied(y, temperature=1.0, top_k=None):
    return softmax_of(cut_to(y, top_k) * temperature)


@PROBABILITIES.misconception(
    "The softmax came first, and then powers of its probabilities. Of scores that lie far apart it makes zeros, which no power brings back. Divide the scores, before the softmax."
)
def powers_of_probabilities(y, temperature=1.0, top_k=None):
    p = softmax_of(cut_to(y, top_k))
    shares = (p / p.max(axis=-1, keepdims=True)) ** (1 / temperature)
    return shares / shares.sum(axis=-1, keepdims=True)


@PROBABILITIES.misconception("The temperature is not used. Divide the scores by it, before the softmax.")
def temperature_not_used(y, temperature=1.0, top_k=None):
    return softmax_of(cut_to(y, top_k))


@PROBABILITIES.misconception(
    "The probabilities were divided by the temperature, so they do not add up to 1. Divide the scores, before the softmax."
)
def probabilities_divided(y, temperature=1.0, top_k=None):
    return softmax_of(cut_to(y, top_k)) / temperature


@PROBABILITIES.misconception(
    "The softmax was taken a second time, of probabilities divided by the temperature. Divide the scores themselves."
)
def softmax_taken_twice(y, temperature=1.0, top_k=None):
    return softmax_of(cut_to(softmax_of(y) / temperature, top_k))


@PROBABILITIES.misconception("Top-k keeps the smallest scores: np.argsort puts the smallest first. Keep the k largest.")
def the_smallest_kept(y, temperature=1.0, top_k=None):
    return softmax_of((y if top_k is None else np.where(best(-y, top_k), y, -np.inf)) / temperature)


@PROBABILITIES.misconception(
    "Top-k took probabilities away, but those that stay were not made to add up to 1 again. Set scores to -inf before the softmax instead."
)
def not_normalised_again(y, temperature=1.0, top_k=None):
    p = softmax_of(y / temperature)
    return p if top_k is None else np.where(best(y, top_k), p, 0)


@PROBABILITIES.misconception(
    "The scores that fall out were set to 0. exp(0) is 1, so these words stay possible; set them to -inf."
)
def cut_scores_set_to_zero(y, temperature=1.0, top_k=None):
    return softmax_of((y if top_k is None else np.where(best(y, top_k), y, 0)) / temperature)


@PROBABILITIES.misconception("top_k is not used: all words stay possible.")
def top_k_not_used(y, temperature=1.0, top_k=None):
    return softmax_of(y / temperature)


@PROBABILITIES.misconception("One word too many stays: exactly top_k scores are to be kept.")
def one_word_too_many(y, temperature=1.0, top_k=None):
    return softmax_of(cut_to(y, None if top_k is None else top_k + 1) / temperature)


@PROBABILITIES.misconception(
    "All scores that equal the k-th stay, which can be more than k. Of equal scores, keep those with the lower numbers."
)
def all_equal_scores_kept(y, temperature=1.0, top_k=None):
    if top_k is not None:
        least = np.sort(y, axis=-1)[..., max(y.shape[-1] - top_k, 0), None]
        y = np.where(y >= least, y, -np.inf)
    return softmax_of(y / temperature)


@PROBABILITIES.misconception(
    "The k largest scores were looked for in the whole array. Each sequence, at each step, has its own k: look along the last axis."
)
def best_of_the_whole_array(y, temperature=1.0, top_k=None):
    if top_k is not None:
        y = np.where(best(y.reshape(-1), top_k).reshape(y.shape), y, -np.inf)
        y = np.where(np.isfinite(y).any(axis=-1, keepdims=True), y, 0)
    return softmax_of(y / temperature)


@PROBABILITIES.misconception(
    "The softmax runs over the first axis, so the sequences share one sum. The words stand on the last axis: use axis=-1."
)
def softmax_over_the_sequences(y, temperature=1.0, top_k=None):
    e = np.exp((y - y.max()) / temperature)
    if top_k is not None:
        e = np.where(best(y, top_k), e, 0)
    total = e.sum(axis=0, keepdims=True)
    return e / np.where(total > 0, total, 1)


@PROBABILITIES.misconception(
    "exp overflows for large scores. Subtract the largest score of each sequence first; the probabilities stay the same."
)
def exponential_of_the_scores(y, temperature=1.0, top_k=None):
    e = np.exp(cut_to(y, top_k) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


@PROBABILITIES.misconception(
    "-inf was written into the scores that came in, as y[...] = -np.inf does. Write into a copy."
)
def scores_overwritten(y, temperature=1.0, top_k=None):
    y[...] = cut_to(y, top_k)
    return softmax_of(y / temperature)


@PROBABILITIES.misconception(
    "The scores that fall out were set to a large negative number. At a very high temperature their words are possible again; only -inf has the probability 0 at any."
)
def cut_scores_set_to_a_large_negative_number(y, temperature=1.0, top_k=None):
    return softmax_of((y if top_k is None else np.where(best(y, top_k), y, -1e9)) / temperature)


@PROBABILITIES.misconception(
    "Of equal scores, those with the higher numbers stay: an order turned round by [::-1] turns equal ones round too. Sort -y, with kind='stable'."
)
def of_equal_scores_the_last(y, temperature=1.0, top_k=None):
    return softmax_of(
        (y if top_k is None else np.where(best(y[..., ::-1], top_k)[..., ::-1], y, -np.inf)) / temperature
    )


@PROBABILITIES.misconception(
    "The largest score of the whole array was subtracted. In a sequence whose scores are all far lower, every exp is then 0, and 0 / 0 is no number. Each sequence has its own."
)
def largest_of_the_whole_array_subtracted(y, temperature=1.0, top_k=None):
    e = np.exp((cut_to(y, top_k) - y.max()) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


@PROBABILITIES.misconception(
    "The words were taken to stand on axis 1. That is so for two axes alone; they stand on the last one, however many there are: axis=-1."
)
def words_on_the_second_axis(y, temperature=1.0, top_k=None):
    y = np.moveaxis(y, 1, -1)
    return np.moveaxis(softmax_of(cut_to(y, top_k) / temperature), -1, 1)


@PROBABILITIES.misconception(
    "It fails where top_k is larger than the vocabulary, as an index of top_k - 1 and np.partition do. All words stay then."
)
def more_words_asked_for_than_there_are(y, temperature=1.0, top_k=None):
    if top_k is not None and top_k > y.shape[-1]:
        raise IndexError("there are fewer words than top_k")
    return decoding.probabilities(y, temperature, top_k)


BAD_OPTIONS = "the exercise says that a temperature that is not above 0, or a k below 1, is not asked for"
DEFAULT_TEMPERATURE = "every case passes temperature; its default stands in the signature that students are given"
PROBABILITIES.changes_nothing(
    {
        "if not temperature > 0: raise ValueError(f'probabilities: th: statement left out": BAD_OPTIONS,
        "temperature > 0: Gt to GtE": BAD_OPTIONS,
        "ValueError(f'probabilities: the argument temperature must be: call left out": BAD_OPTIONS,
        "temperature: temperature to top_k (place 3)": BAD_OPTIONS,
        "0: 0 to -1": BAD_OPTIONS,
        "if top_k < 1: raise ValueError(f'probabilities: the argument: statement left out": BAD_OPTIONS,
        "1: 1 to 0": BAD_OPTIONS,
        "ValueError(f'probabilities: the argument top_k must be at le: call left out": BAD_OPTIONS,
        "top_k: top_k to y (place 3)": BAD_OPTIONS,
        "1.0: 1.0 to 2.0": DEFAULT_TEMPERATURE,
        "1.0: 1.0 to 0.0": DEFAULT_TEMPERATURE,
        "np.argsort(-y, axis=-1, kind='stable'): axis left out": "-1 is the default of argsort",
    }
)
