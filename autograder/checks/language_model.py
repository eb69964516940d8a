"""Exercise 6: the checks of language models, and what learners get wrong about them."""

# A misconception takes what the reference takes, whether it uses it or not.

from pathlib import Path

import numpy as np

from autograder.checks.declaration import Check, DrawnCase, Exercise, Trained
from autograder.checks.drawing import in_dtype, short
from autograder.runner.calling import Given
from solutions.with_numpy import decoding, gru_language_model, text
from solutions.with_numpy.clipping import clip_by_global_norm
from solutions.with_numpy.decoding import choose, probabilities
from solutions.with_numpy.gru_language_model import loss_and_gradients, update
from solutions.with_numpy.loss import perplexity

Generator = np.random.Generator


# ---- encode ----------------------------------------------------------------------------------------------------------

KNOWN = [
    "well",
    "so",
    "anyway",
    "look",
    "and",
    "then",
    "let's",
    "meet",
    "for",
    "breakfast",
    "lunch",
    "dinner",
    ".",
    "it",
    "is",
    "not",
    "morning",
    "but",
    "evening",
]
UNKNOWN = ["supper", "chess", "tea", "Lunch", "noon", "perhaps"]


def encode_inputs(rng: Generator, N: int, T: int, known: int = 8) -> dict:
    """N texts of 1 to T words, one of them of T words, each word unknown with a probability of one third."""
    words = [str(word) for word in rng.permutation(KNOWN)[:known]]
    lengths = rng.permutation([T, 1, *rng.integers(1, T + 1, size=N)][:N])
    rows = [[str(rng.choice(UNKNOWN if rng.random() < 1 / 3 else words)) for _ in range(length)] for length in lengths]
    longest = rows[int(np.argmax(lengths))]
    longest[0], longest[-1] = str(rng.choice(words[1:])), str(rng.choice(UNKNOWN))
    return {"texts": [" ".join(row) for row in rows], "vocabulary": ["<padding>", "<unknown>", *words]}


def draw_encode(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several texts", encode_inputs(rng, 5, 8)),
        DrawnCase("one text", encode_inputs(rng, 1, 9)),
        DrawnCase("one word each", encode_inputs(rng, 3, 1)),
        DrawnCase("as many texts as words", encode_inputs(rng, 5, 5)),
        DrawnCase("a larger vocabulary", encode_inputs(rng, 3, 7, known=15)),
    ]


def worked_encode(rng: Generator) -> list[DrawnCase]:
    words = ["<padding>", "<unknown>", "meet", "for", "tea", "let's", "and"]
    return [
        DrawnCase("two texts", {"texts": ["let's meet for chess", "tea and noon"], "vocabulary": words}),
        DrawnCase("one text", {"texts": ["for tea"], "vocabulary": words}),
        DrawnCase("an unknown word in between", {"texts": ["chess", "tea now let's", "and for"], "vocabulary": words}),
    ]


ENCODE = Check(
    "text.encode", text.encode, draw_encode, worked_encode, axes="ids: T N; mask: T N", points=2,
    section="lm-encoding: Text as numbers",
)  # fmt: skip


def padded(rows):
    """Rows of numbers as columns, with zeros after the end, and where the numbers stand."""
    T = max(len(row) for row in rows)
    ids = np.array([list(row) + [0] * (T - len(row)) for row in rows], dtype=int).T
    return ids, np.arange(T)[:, None] < np.array([len(row) for row in rows])


def numbered(texts, vocabulary, unknown):
    """The places of all words, with this number for those that have none."""
    place = {word: number for number, word in enumerate(vocabulary)}
    return [[place.get(word, unknown) for word in one.split()] for one in texts]


@ENCODE.misconception(
    "Words that are not in the vocabulary were left out, so all that follows has moved up. Each stands for a step: write 1 in its place."
)
def unknown_words_left_out(texts, vocabulary):
    return padded([[word for word in row if word >= 0] for row in numbered(texts, vocabulary, -1)])


@ENCODE.misconception(
    "Unknown words got the number 0, which is that of the padding. They are words of the text: their number is 1."
)
def unknown_words_as_padding(texts, vocabulary):
    return padded(numbered(texts, vocabulary, 0))


@ENCODE.misconception(
    "Unknown words got the number -1. As an index it means the last word of the vocabulary; the place for unknown words is 1."
)
def unknown_words_as_minus_one(texts, vocabulary):
    return padded(numbered(texts, vocabulary, -1))


@ENCODE.misconception("Shorter texts were padded with 1, the number of unknown words. Padding has the number 0.")
def padded_with_the_unknown_word(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return np.where(mask, ids, 1), mask


@ENCODE.misconception(
    "The padding stands before the words. All texts begin at step 0; what is missing is missing at the end."
)
def padded_in_front(texts, vocabulary):
    ids, mask = padded([row[::-1] for row in numbered(texts, vocabulary, 1)])
    return ids[::-1], mask[::-1]


@ENCODE.misconception("The texts were taken apart into letters. Here the pieces are words: what stands between spaces.")
def letters_instead_of_words(texts, vocabulary):
    return padded(numbered([" ".join(one.replace(" ", "_")) for one in texts], vocabulary, 1))


@ENCODE.misconception(
    "The texts stand in rows, (N, T). Arrays are time-major here: each text is a column, and step t of all texts is row t."
)
def texts_in_rows(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return ids.T, mask.T


@ENCODE.misconception("The mask is the wrong way round: True where a word stands, False where it is padding.")
def mask_inverted(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return ids, ~mask


@ENCODE.misconception(
    "The mask is False at unknown words. They are no padding: a step counts wherever a word stands, known or not."
)
def unknown_words_masked(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return ids, mask & (ids != 1)


@ENCODE.misconception(
    "The vocabulary was sorted anew. A word's number is its place in the list as it is given: the weights know it by this number."
)
def vocabulary_sorted(texts, vocabulary):
    return text.encode(texts, [*vocabulary[:2], *sorted(vocabulary[2:])])


@ENCODE.misconception(
    "The places were counted from 1, so every known word has the number of its neighbour. Count from 0."
)
def counted_from_one(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return np.where(ids > 1, ids + 1, ids), mask


# ---- probabilities ---------------------------------------------------------------------------------------------------


def scores_of(rng: Generator, *shape: int) -> np.ndarray:
    """Scores that differ from each other by at least 0.2, so that rounding changes no order."""
    V = shape[-1]
    steps = rng.uniform(0.2, 0.6, size=shape).cumsum(axis=-1)
    return rng.permuted(steps - steps.mean(axis=-1, keepdims=True), axis=-1) + 0.1 * V


def draw_probabilities(rng: Generator) -> list[DrawnCase]:
    def low() -> float:
        return float(rng.uniform(0.4, 0.7))

    def high() -> float:
        return float(rng.uniform(1.5, 2.5))

    thousands = rng.permutation([[1000.0], [0.0], [-1500.0]])
    tied = np.repeat(rng.normal(size=(4, 1)), 30, axis=1) + np.array([*[0.0] * 10, *[1.0] * 12, *[-1.0] * 8])
    return [
        DrawnCase("all words, temperature 1", {"y": scores_of(rng, 5, 7), "temperature": 1.0, "top_k": None}),
        DrawnCase("a low temperature", {"y": scores_of(rng, 4, 6), "temperature": low(), "top_k": None}),
        DrawnCase("the best three, and a high temperature", {"y": scores_of(rng, 5, 8), "temperature": high(), "top_k": 3}),
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
        DrawnCase("temperature one half", {"y": y, "temperature": 0.5, "top_k": None}),
        DrawnCase("the best two of four", {"y": np.array([[0.3, 2.0, -1.0, 1.2], [1.0, 0.2, 0.6, 2.5]]), "temperature": 2.0, "top_k": 2}),
        DrawnCase("equal scores", {"y": np.array([[1.0, 0.0, 1.0, 1.0]]), "temperature": 2.0, "top_k": 2}),
        DrawnCase("scores in the thousands", {"y": np.array([[1000.0, 1001.0, 998.5], [1.5, 0.0, 1.0]]), "temperature": 0.5, "top_k": None}),
        DrawnCase("a sequence of batches", {"y": short(scores_of(rng, 2, 2, 3)), "temperature": 0.8, "top_k": 2}),
        DrawnCase("float32", {"y": np.array([[0.25, -1.5]], np.float32), "temperature": 0.5, "top_k": 1}),
    ]  # fmt: skip


PROBABILITIES = Check(
    "decoding.probabilities", decoding.probabilities, draw_probabilities, worked_probabilities, axes="", points=3,
    section="lm-temperature: Temperature and top-k",
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


# ---- choose ----------------------------------------------------------------------------------------------------------


def distributions(rng: Generator, N: int, V: int) -> np.ndarray:
    p = rng.uniform(0.2, 1.0, size=(N, V))
    return p / p.sum(axis=1, keepdims=True)


def spread_out(rng: Generator, N: int) -> np.ndarray:
    """N numbers from 0.02 to 0.98, one in each N-th part, in any order."""
    return 0.02 + 0.96 * rng.permutation((np.arange(N) + rng.uniform(0.1, 0.9, size=N)) / N)


def sixteenths(rng: Generator) -> dict:
    """Probabilities that add up exactly, among them zero, and numbers that lie on the borders."""
    p, u = np.zeros((9, 4)), np.zeros(9)
    for row, place in enumerate(rng.permutation(9)):
        cuts = np.sort(rng.choice(np.arange(1, 16), size=2, replace=False))
        p[row] = np.insert(np.diff([0, *cuts, 16]), [0, 1, 3][place % 3], 0) / 16
        u[row] = [0, *cuts][place // 3] / 16
    return {"p": p, "u": u}


def short_of_one(rng: Generator, dtype: type = np.float64) -> dict:
    """Probabilities that rounding has left a little below 1, with an impossible word at the end."""
    p = distributions(rng, 5, 3)
    p[:, -1] -= 0.001
    u = np.array([0.9995, p[1, 0] / 2, 0.9999, p[3, 0] + p[3, 1] / 2, 0.99995])
    order = rng.permutation(5)
    return in_dtype({"p": np.column_stack([p, np.zeros(5)])[order], "u": u[order]}, dtype)


def draw_choose(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several sequences", {"p": distributions(rng, 12, 6), "u": spread_out(rng, 12)}),
        DrawnCase("many words", {"p": distributions(rng, 8, 30), "u": spread_out(rng, 8)}),
        DrawnCase("one sequence", {"p": distributions(rng, 1, 9), "u": rng.uniform(0.4, 0.9, size=1)}),
        DrawnCase("one word", {"p": rng.uniform(0.99, 1.0, size=(2, 1)), "u": rng.random(2)}),
        DrawnCase("as many sequences as words", {"p": distributions(rng, 6, 6), "u": spread_out(rng, 6)}),
        DrawnCase("on the borders", sixteenths(rng)),
        DrawnCase("a sum below 1", short_of_one(rng)),
        DrawnCase("float32", short_of_one(rng, np.float32)),
    ]


def worked_choose(rng: Generator) -> list[DrawnCase]:
    p = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4]])
    return [
        DrawnCase("four sequences", {"p": p, "u": np.array([0.1, 0.65, 0.9, 0.45])}),
        DrawnCase("on the borders", {"p": np.array([[0.0, 0.5, 0.5], [0.25, 0.75, 0.0]]), "u": np.array([0.0, 0.25])}),
        DrawnCase("a sum below 1", {"p": np.array([[0.5, 0.499, 0.0], [0.3, 0.699, 0.0]]), "u": np.array([0.9995, 0.2])}),
    ]  # fmt: skip


CHOOSE = Check(
    "decoding.choose", decoding.choose, draw_choose, worked_choose, axes="N", points=2, section="lm-sampling: Sampling"
)


def within(counted, p):
    """No word beyond the last possible one."""
    return np.minimum(counted, p.shape[1] - 1 - np.argmax(p[:, ::-1] > 0, axis=1))


@CHOOSE.misconception(
    "Always the likeliest word was taken. Then u does nothing; lay the probabilities end to end, and take the word on whose piece u falls."
)
def always_the_likeliest(p, u):
    return p.argmax(axis=1)


@CHOOSE.misconception(
    "A number on the border of two pieces draws the word before it, so u = 0 can draw a word of probability 0. Take the first whose sum is above u, not equal to it."
)
def border_belongs_to_the_word_before(p, u):
    return within((np.cumsum(p, axis=1) < u[:, None]).sum(axis=1), p)


@CHOOSE.misconception("The word is one too far: its number is the number of sums that u has passed, and not one more.")
def one_word_too_far(p, u):
    return within((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1) + 1, p)


@CHOOSE.misconception(
    "All words were drawn with the same probability, by u times V. A word's piece is as long as its probability."
)
def as_if_all_were_equal(p, u):
    return (u * p.shape[1]).astype(int)


@CHOOSE.misconception(
    "The probabilities were added up over the sequences. Each sequence has its own: add up along the words, axis=1."
)
def summed_over_the_sequences(p, u):
    return within((np.cumsum(p, axis=0) <= u[:, None]).sum(axis=1), p)


@CHOOSE.misconception("Each probability was compared with u by itself. Add them up first, and compare the sums so far.")
def not_added_up(p, u):
    return np.argmax(p > u[:, None], axis=1)


@CHOOSE.misconception(
    "The pieces were laid out from the likeliest word on. Lay them in the order of the words; otherwise the same u draws other words."
)
def from_the_likeliest_on(p, u):
    order = np.argsort(-p, axis=1, kind="stable")
    sorted_p = np.take_along_axis(p, order, axis=1)
    place = within((np.cumsum(sorted_p, axis=1) <= u[:, None]).sum(axis=1), sorted_p)
    return np.take_along_axis(order, place[:, None], axis=1)[:, 0]


@CHOOSE.misconception("The pieces were laid out from the last word to the first. Begin with word 0, at u = 0.")
def from_the_last_word_on(p, u):
    return p.shape[1] - 1 - choose(p[:, ::-1], u)


@CHOOSE.misconception("All sequences were drawn with the first number of u; each has its own.")
def one_number_for_all(p, u):
    return choose(p, np.full_like(u, u[0]))


@CHOOSE.misconception(
    "Where the probabilities add up to a little less than 1 and u lies above, the number is that of a word that does not exist. "
    "Such a u belongs to the last word that is possible."
)
def beyond_the_last_word(p, u):
    return (np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1)


@CHOOSE.misconception(
    "Where the probabilities add up to a little less than 1 and u lies above, the last word of all was drawn, though its probability is 0. "
    "Such a u belongs to the last word that is possible."
)
def the_last_word_even_if_impossible(p, u):
    return np.minimum((np.cumsum(p, axis=1) <= u[:, None]).sum(axis=1), p.shape[1] - 1)


# ---- sample ----------------------------------------------------------------------------------------------------------

ONE_STATE = """
def value(ids, states):
    h = np.tanh(W_e[ids] + states[0] @ W_h.T)
    return h @ W_y.T + b_y, (h,)
"""
TWO_STATES = """
def value(ids, states):
    h = np.tanh(W_e[ids] + states[0] @ W_h.T - 0.5 * states[1])
    return h @ W_y.T + b_y, (h, states[0])
"""


def sample_inputs(rng: Generator, T: int, N: int, V: int, states: int = 1, **options) -> dict:
    """A small random model whose words depend much on the state."""
    H, start, end = 5, *(int(word) for word in rng.permutation(V)[:2])
    b_y = 0.3 * rng.normal(size=V)
    model = Given(
        ONE_STATE if states == 1 else TWO_STATES, W_e=rng.normal(size=(V, H)), W_h=1.2 * rng.normal(size=(H, H)),
        W_y=1.5 * rng.normal(size=(V, H)), b_y=b_y,
    )  # fmt: skip
    return {
        "next_scores": model, "states": tuple(np.tanh(rng.normal(size=(N, H))) for _ in range(states)),
        "start": start, "end": end, "u": rng.uniform(0.02, 0.98, size=(T, N)), "temperature": 1.0, "top_k": None,
    } | options  # fmt: skip


def written_by(inputs: dict) -> np.ndarray:
    return decoding.sample(inputs["next_scores"].made(None), *list(inputs.values())[1:])


def without_memory_of_ends(inputs: dict) -> np.ndarray:
    """What is written where nobody remembers who has ended."""
    return ends_not_remembered(inputs["next_scores"].made(None), *list(inputs.values())[1:])


def where_some_end(
    rng: Generator, T: int, N: int, V: int, all_end: bool, change=lambda inputs: inputs, **options
) -> dict:
    """Inputs with which the sequences end at different steps: all of them before the last step, or not all."""
    while True:
        inputs = change(sample_inputs(rng, T, N, V, **options))
        ids, end = written_by(inputs), inputs["end"]
        ends = np.where((ids == end).any(axis=0), (ids == end).argmax(axis=0), len(ids))
        early = ends.min() + 1 < ends.max()
        if all_end and len(without_memory_of_ends(inputs)) == len(ids):
            continue
        if early and ((len(ids) < T - 1) if all_end else ends.max() == T):
            return inputs


def draw_sample(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("sequences that end at different steps", where_some_end(rng, 9, 6, 8, all_end=False)),
        DrawnCase("all sequences end early", where_some_end(rng, 14, 3, 5, all_end=True)),
        DrawnCase("a low temperature", where_some_end(rng, 10, 7, 9, all_end=False, temperature=0.5)),
        DrawnCase("the best two, at a high temperature", where_some_end(rng, 8, 6, 7, all_end=False, top_k=2, temperature=1.5)),
        DrawnCase("two states", where_some_end(rng, 11, 5, 9, all_end=False, states=2)),
        DrawnCase("one sequence", sample_inputs(rng, 12, 1, 20)),
        DrawnCase("one step", sample_inputs(rng, 1, 4, 6)),
        DrawnCase("as many steps as sequences", where_some_end(rng, 8, 8, 10, all_end=False)),
        DrawnCase("float32", where_some_end(rng, 9, 4, 8, all_end=False, change=lambda inputs: in_dtype(inputs, np.float32))),
    ]  # fmt: skip


def worked_sample(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("sequences that end at different steps", where_some_end(rng, 6, 3, 5, all_end=False, change=short)),
        DrawnCase("all sequences end early", where_some_end(rng, 9, 2, 4, all_end=True, change=short)),
        DrawnCase("a low temperature", where_some_end(rng, 6, 4, 6, all_end=False, change=short, temperature=0.5)),
        DrawnCase("the best two", where_some_end(rng, 6, 4, 6, all_end=False, change=short, top_k=2)),
        DrawnCase("two states", where_some_end(rng, 5, 4, 6, all_end=False, change=short, states=2)),
    ]


SAMPLE = Check(
    "decoding.sample", decoding.sample, draw_sample, worked_sample, axes="T N", points=3,
    section="lm-sampling: Sampling", earlier=("probabilities", "choose"),
)  # fmt: skip


def loop(next_scores, states, start, end, u, draw, carry=True, feed=True, hold=True, stop="all"):
    """The loop, with one thing wrong."""
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for t in range(len(u)):
        y, after = next_scores(ids if feed else np.full(len(ids), start), states)
        states = after if carry else states
        drawn = draw(y, t)
        ids = np.where(ended, end, drawn) if hold else drawn
        ended = ended | (ids == end)
        written.append(ids)
        if {"all": ended.all(), "any": ended.any(), "together": (ids == end).all(), "never": False}[stop]:
            break
    return np.array(written)


@SAMPLE.misconception(
    "The states were not carried on: every step starts from the first ones, so the model knows its last word alone. Pass on the states that next_scores returned."
)
def states_not_carried_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, carry=False)


@SAMPLE.misconception("The word start is read at every step. Read the words that were drawn last: feed them back.")
def drawn_word_not_fed_back(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, feed=False)


@SAMPLE.misconception(
    "At each step the likeliest word was taken. Sampling draws a word by its probability, with the number in u."
)
def likeliest_word_at_each_step(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return y.argmax(axis=1)

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("Every step draws with the first row of u. Step t has the row u[t].")
def same_numbers_at_each_step(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[0])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("The temperature was not passed on to probabilities.")
def temperature_not_passed_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, 1.0, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception("top_k was not passed on to probabilities.")
def top_k_not_passed_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature), u[t])

    return loop(next_scores, states, start, end, u, draw)


@SAMPLE.misconception(
    "A sequence goes on after its end. Once it has drawn the end word, write the end word for the rest of the steps."
)
def ended_sequences_go_on(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, hold=False)


@SAMPLE.misconception(
    "A sequence goes on after its end, and the loop waits until all draw the end word in one step. Remember which sequences have ended."
)
def ends_not_remembered(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, hold=False, stop="together")


@SAMPLE.misconception(
    "The loop stops when the first sequence has ended. The others are not finished: stop when all have ended."
)
def stopped_at_the_first_end(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, stop="any")


@SAMPLE.misconception(
    "The loop goes on after all sequences have ended, to the last row of u. Stop when all have ended."
)
def never_stopped(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    def draw(y, t):
        return choose(probabilities(y, temperature, top_k), u[t])

    return loop(next_scores, states, start, end, u, draw, stop="never")


@SAMPLE.misconception("The result begins with the word start. Return what was drawn, and not what it began with.")
def start_in_the_result(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    ids = decoding.sample(next_scores, states, start, end, u, temperature, top_k)
    return np.concatenate([np.full_like(ids[:1], start), ids])


@SAMPLE.misconception(
    "The sequences stand in rows, (N, T). Arrays are time-major here: row t holds the words of step t."
)
def sequences_in_rows(next_scores, states, start, end, u, temperature=1.0, top_k=None):
    return decoding.sample(next_scores, states, start, end, u, temperature, top_k).T


# ---- fill_blank ------------------------------------------------------------------------------------------------------


def blank_inputs(rng: Generator, T: int, N: int, V: int, K: int, shortest: int = 2) -> dict:
    """Messages of different lengths: the first and the last are neither the longest nor of two words."""
    lengths = rng.integers(min(shortest, T), T + 1, size=N)
    if N > 3:
        lengths[:4] = T // 2 + 1, T, T // 2, T - 1
        lengths = np.maximum(1, np.concatenate([lengths[:1], rng.permutation(lengths[1:])]))
    y = rng.normal(size=(T, N, V))
    allowed = rng.permutation(np.arange(1, V))[:K]
    return {"y": y, "mask": np.arange(T)[:, None] < lengths, "allowed": allowed}


def told_apart(make):
    """Inputs on which every mistake shows, and no two come to the same: with few words, chance would hide some."""
    while True:
        inputs = make()
        right = decoding.fill_blank(**inputs)
        wrong = [mistake.function(**inputs) for mistake in FILL_BLANK.misconceptions]
        if all((right != one).any() for one in wrong) and len({one.tobytes() for one in wrong}) == len(wrong):
            return inputs


def draw_fill_blank(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several messages", told_apart(lambda: blank_inputs(rng, 8, 7, 12, 3))),
        DrawnCase("many words are allowed", blank_inputs(rng, 7, 6, 15, 9)),
        DrawnCase("one message", blank_inputs(rng, 5, 1, 8, 3, shortest=4)),
        DrawnCase("one word each", blank_inputs(rng, 1, 4, 6, 3)),
        DrawnCase("one word is allowed", blank_inputs(rng, 6, 4, 9, 1)),
        DrawnCase("as many messages as words and steps", blank_inputs(rng, 6, 6, 6, 5)),
        DrawnCase("float32", in_dtype(told_apart(lambda: blank_inputs(rng, 9, 6, 11, 4)), np.float32)),
    ]


def worked_fill_blank(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("three messages", short(told_apart(lambda: short(blank_inputs(rng, 5, 3, 6, 3))))),
        DrawnCase("one message", short(blank_inputs(rng, 4, 1, 5, 2, shortest=3))),
        DrawnCase("float32", in_dtype(short(blank_inputs(rng, 5, 3, 7, 3)), np.float32)),
    ]


FILL_BLANK = Check(
    "decoding.fill_blank", decoding.fill_blank, draw_fill_blank, worked_fill_blank, axes="N", points=2,
    section="lm-next-word: The next word",
)  # fmt: skip


def filled_at(y, last, allowed):
    """The allowed word with the highest score at one step of each message."""
    return allowed[y[last, np.arange(y.shape[1])][:, allowed].argmax(axis=1)]


@FILL_BLANK.misconception(
    "The scores were read at the last row, y[-1]. For a shorter message that is padding: find its last word with the mask."
)
def mask_ignored(y, mask, allowed):
    return filled_at(y, np.full(y.shape[1], len(y) - 1), allowed)


@FILL_BLANK.misconception(
    "The scores were read one step too late: a message of M words has its last word at step M - 1, counted from 0."
)
def one_step_too_late(y, mask, allowed):
    return filled_at(y, np.minimum(mask.sum(axis=0), len(y) - 1), allowed)


@FILL_BLANK.misconception(
    "The scores were read one step too early. The scores after the last word, and not those before it, say what comes next."
)
def one_step_too_early(y, mask, allowed):
    return filled_at(y, np.maximum(mask.sum(axis=0) - 2, 0), allowed)


@FILL_BLANK.misconception(
    "The scores were read at the first step. The last word of the message stands before the blank."
)
def first_step(y, mask, allowed):
    return filled_at(y, np.zeros(y.shape[1], dtype=int), allowed)


@FILL_BLANK.misconception(
    "All messages were read where the first one ends. Each has its own length: use one step for each column of the mask."
)
def length_of_the_first_message(y, mask, allowed):
    return filled_at(y, np.full(y.shape[1], mask[:, 0].sum() - 1), allowed)


@FILL_BLANK.misconception(
    "The best word of the whole vocabulary was taken. Compare the scores of the allowed words alone."
)
def every_word_allowed(y, mask, allowed):
    return filled_at(y, mask.sum(axis=0) - 1, np.arange(y.shape[2]))


@FILL_BLANK.misconception("The result is the place in allowed, and not the word. Look it up: allowed[place].")
def place_instead_of_word(y, mask, allowed):
    return y[mask.sum(axis=0) - 1, np.arange(y.shape[1])][:, allowed].argmax(axis=1)


@FILL_BLANK.misconception("The allowed word with the lowest score was taken; the highest is asked for.")
def lowest_score(y, mask, allowed):
    return filled_at(-y, mask.sum(axis=0) - 1, allowed)


@FILL_BLANK.misconception("The scores of all steps were added up. Only those after the last word are about the blank.")
def scores_of_all_steps_added(y, mask, allowed):
    return allowed[np.where(mask[..., None], y, 0).sum(axis=0)[:, allowed].argmax(axis=1)]


# ---- update ----------------------------------------------------------------------------------------------------------


def model_weights(rng: Generator, V: int, D: int, H: int) -> dict:
    shapes = {
        "W_e": (V, D),
        "W_x": (3 * H, D),
        "W_h": (3 * H, H),
        "b": (3 * H,),
        "b_hn": (H,),
        "W_y": (V, H),
        "b_y": (V,),
    }
    return {name: rng.normal(size=shape) / np.sqrt(shape[-1]) for name, shape in shapes.items()}


def update_inputs(
    rng: Generator, T: int, N: int, V: int, D: int, H: int, share: float, dtype: type = np.float64
) -> dict:
    """A block of T words to read and one more; the limit is this share of the gradients' norm."""
    words = rng.integers(V, size=(T + 1, N))
    given = short({"weights": model_weights(rng, V, D, H), "words": words, "h": np.tanh(rng.normal(size=(N, H)))})
    _, gradients, _ = gru_language_model.loss_and_gradients(words[:-1], words[1:], given["h"], given["weights"])
    _, norm = clip_by_global_norm(gradients, 1.0)
    rate = {"learning_rate": round(float(rng.uniform(0.3, 0.7)) / share**0.5, 2), "limit": float(f"{share * norm:.2g}")}
    return in_dtype({**given, **rate}, dtype)


def draw_update(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("gradients above the limit", update_inputs(rng, 6, 4, 9, 5, 7, 0.1)),
        DrawnCase("gradients below the limit", update_inputs(rng, 5, 3, 8, 4, 6, 2.5)),
        DrawnCase("one sequence", update_inputs(rng, 7, 1, 6, 3, 5, 0.4)),
        DrawnCase("one word to read", update_inputs(rng, 1, 5, 7, 2, 4, 0.3)),
        DrawnCase("one hidden unit", update_inputs(rng, 4, 2, 5, 3, 1, 0.5)),
        DrawnCase("as many words, inputs and hidden units", update_inputs(rng, 5, 5, 5, 5, 5, 0.2)),
        DrawnCase("float32", update_inputs(rng, 4, 3, 7, 5, 6, 0.3, np.float32)),
    ]


def worked_update(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("gradients above the limit", update_inputs(rng, 3, 2, 4, 2, 2, 0.1)),
        DrawnCase("gradients below the limit", update_inputs(rng, 2, 2, 3, 2, 2, 2.5)),
        DrawnCase("float32", update_inputs(rng, 2, 1, 4, 2, 3, 0.4, np.float32)),
    ]


UPDATE = Check(
    "gru_language_model.update", gru_language_model.update, draw_update, worked_update,
    axes="weights: ; h: N H; L: ", points=3, section="lm-training: Training",
)  # fmt: skip


def global_norm_of(gradients):
    return np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in gradients.values()))


def stepped(weights, gradients, learning_rate):
    """The weights after a step down the gradients."""
    return {name: w - learning_rate * gradients[name] for name, w in weights.items()}


@UPDATE.misconception(
    "The gradients were not clipped. Clip all of them together, by their global norm, before the step."
)
def gradients_not_clipped(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    return stepped(weights, gradients, learning_rate), h, L


@UPDATE.misconception(
    "Each gradient was clipped by its own norm, which turns the step. Clip all together: one norm, one factor."
)
def each_gradient_clipped_alone(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    clipped = {name: g * min(1.0, limit / float(global_norm_of({name: g}))) for name, g in gradients.items()}
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "Every number was clipped by itself, to at most the limit. Shorten all gradients by one factor, so that the direction stays."
)
def clipped_by_value(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    return stepped(weights, {name: np.clip(g, -limit, limit) for name, g in gradients.items()}, learning_rate), h, L


@UPDATE.misconception(
    "The gradients were scaled to the limit even where their norm is below it. Clipping shortens what is too long, and never lengthens."
)
def always_scaled_to_the_limit(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    factor = limit / float(global_norm_of(gradients))
    return stepped(weights, {name: g * factor for name, g in gradients.items()}, learning_rate), h, L


@UPDATE.misconception(
    "The whole step was clipped, learning rate and all. The limit is for the gradients: clip first, then multiply by the learning rate."
)
def step_clipped_instead_of_gradient(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[1:], h, weights)
    clipped, _ = clip_by_global_norm({name: learning_rate * g for name, g in gradients.items()}, limit)
    return stepped(weights, clipped, 1.0), h, L


@UPDATE.misconception(
    "The step goes up the gradient, so that the loss grows. Subtract the gradient times the learning rate."
)
def step_upwards(weights, words, h, learning_rate, limit):
    return update(weights, words, h, -learning_rate, limit)


@UPDATE.misconception("The learning rate was left out of the step.")
def learning_rate_left_out(weights, words, h, learning_rate, limit):
    return update(weights, words, h, 1.0, limit)


@UPDATE.misconception(
    "The right answers are the words themselves, so the model learns to repeat what it reads. The answer to each word is the one after it: words[1:]."
)
def answer_is_the_word_itself(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[:-1], words[:-1], h, weights)
    clipped, _ = clip_by_global_norm(gradients, limit)
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "Words and answers have changed places: the model reads words[1:] and is asked for the word before. Read words[:-1] and ask for words[1:]."
)
def word_before_asked_for(weights, words, h, learning_rate, limit):
    L, gradients, h = loss_and_gradients(words[1:], words[:-1], h, weights)
    clipped, _ = clip_by_global_norm(gradients, limit)
    return stepped(weights, clipped, learning_rate), h, L


@UPDATE.misconception(
    "The states that came in were returned. Return those after the block: the next block begins with them."
)
def old_states_returned(weights, words, h, learning_rate, limit):
    new, _, L = update(weights, words, h, learning_rate, limit)
    return new, h, L


@UPDATE.misconception("The block was read from states of zero. It begins with the states h that the last block left.")
def states_not_used(weights, words, h, learning_rate, limit):
    return update(weights, words, np.zeros_like(h), learning_rate, limit)


@UPDATE.misconception(
    "The weights that came in were changed, as -= does. Make new arrays: whoever called update still has the old ones."
)
def weights_changed_in_place(weights, words, h, learning_rate, limit):
    new, h, L = update(weights, words, h, learning_rate, limit)
    for name, array in new.items():
        weights[name][...] = array
    return new, h, L


# ---- train -----------------------------------------------------------------------------------------------------------

MESSAGES, FIRST_WORDS = 500, 20
VOCABULARY = text.vocabulary_of([text.message(np.random.default_rng(seed)) for seed in range(MESSAGES)])
V, D, H = len(VOCABULARY), 16, 32
SHAPES = {"W_e": (V, D), "W_x": (3 * H, D), "W_h": (3 * H, H), "b": (3 * H,), "b_hn": (H,), "W_y": (V, H), "b_y": (V,)}


def draw_train(rng: Generator) -> list[DrawnCase]:
    return [DrawnCase("new messages", {"text": text.streams(rng, 300, 40, VOCABULARY)})]


def at_the_meals(words: np.ndarray) -> np.ndarray:
    """Where a meal comes next: after "for". A text may begin in the middle of a message, so its first words do not count."""
    asked = words[:-1] == VOCABULARY.index("for")
    asked[:FIRST_WORDS] = False
    return asked


def perplexity_of_meals(weights: dict, data: dict) -> float:
    """The perplexity of a trained model at the meals, with the states carried on from the first word to the last."""
    words = data["text"]
    y, _, _ = gru_language_model.scores(words[:-1], np.zeros((words.shape[1], H)), weights)
    return float(perplexity(y, words[1:], at_the_meals(words)))


TRAIN = Check(
    "gru_language_model.train", gru_language_model.train, draw_train, lambda rng: [], axes="", points=3,
    section="lm-training: Training",
    trained=Trained(
        "weights", SHAPES, perplexity_of_meals, 1.5, higher=False, measure="perplexity of the word after 'for' in new messages"
    ),
)  # fmt: skip


def as_it_began(weights: dict) -> bool:
    """The bias of the scores begins with zeros, and each update moves it."""
    return float(np.abs(weights["b_y"]).max()) < 0.05


@TRAIN.misconception(
    "The weights are hardly different from those at the beginning: every update began with the first ones. Each update has to begin with the weights that the one before it returned.",
    symptom=lambda weights, score: as_it_began(weights),
)
def weights_not_handed_on(weights, text, block, learning_rate, limit):
    h, new = np.zeros((text.shape[1], len(weights["b_hn"]))), weights
    for start in range(0, len(text) - block, block):
        rate = learning_rate * (1 - start / len(text))
        new, h, _ = update(weights, text[start : start + block + 1], h, rate, limit)
    return new


@TRAIN.misconception(
    "The model guesses at the meal, one of three: it has not learned to look back further than a block. Do the states go on from block to block, or does each begin with zeros?",
    symptom=lambda weights, score: not as_it_began(weights) and 2.5 < score < 3.5,
)
def states_set_to_zero_at_each_block(weights, text, block, learning_rate, limit):
    for start in range(0, len(text) - block, block):
        rate, zeros = learning_rate * (1 - start / len(text)), np.zeros((text.shape[1], len(weights["b_hn"])))
        weights, _, _ = update(weights, text[start : start + block + 1], zeros, rate, limit)
    return weights


EXERCISE = Exercise(
    slug="06_language_model",
    title="Language models",
    checks=(ENCODE, PROBABILITIES, CHOOSE, SAMPLE, FILL_BLANK, UPDATE, TRAIN),
    packages=("numpy", "matplotlib"),
    alternatives=tuple(sorted((Path(__file__).parent / "alternatives" / "language_model").glob("[!_]*.py"))),
    limits={"cell_seconds": 120.0, "notebook_seconds": 400.0},
)  # fmt: skip
