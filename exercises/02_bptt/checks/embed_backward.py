"""`embed_backward`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, sizes
from solutions.with_numpy import embedding

from .drawing import ALWAYS, STAYS

Generator = np.random.Generator


def embed_inputs(rng: Generator, T: int, N: int, D: int, V: int, used: int) -> dict:
    """The words from ``used`` on do not occur; the first and the last before it do."""
    ids = rng.integers(used, size=(T, N))
    ids.flat[:2] = used - 1, 0
    return {"dx": rng.normal(size=(T, N, D)), "ids": ids, "vocabulary_size": V}


def times(scale: float, inputs: dict) -> dict:
    return inputs | {"dx": scale * inputs["dx"]}


def cancelling_inputs(size: float, inputs: dict) -> dict:
    """One word more, in the middle, that stands in two places of its own; its two huge gradients come to exactly 0."""
    V, middle = inputs["vocabulary_size"] + 1, inputs["vocabulary_size"] // 2
    words, dx = inputs["ids"], inputs["dx"]
    more, huge = np.full((2, *words.shape[1:]), middle), size * np.ones((1, *dx.shape[1:]))
    ids = np.concatenate([more[:1], words + (words >= middle), more[1:]])
    return {"dx": np.concatenate([huge, dx, -huge]), "ids": ids, "vocabulary_size": V}


def draw_embed_backward(rng: Generator) -> list[DrawnCase]:
    T, N, D, V = sizes(rng, 4, range(3, 8))
    once = {
        "dx": rng.normal(size=(T, N, D)), "ids": rng.permutation(T * N).reshape(T, N), "vocabulary_size": T * N
    }  # fmt: skip
    return [
        DrawnCase("a word that does not occur", embed_inputs(rng, T, N, D, V + 1, V)),
        DrawnCase("the same sizes, large gradients", times(300, embed_inputs(rng, T, N, D, V + 1, V))),
        DrawnCase("more sequences than words", embed_inputs(rng, 2, V + 2, D, V, V)),
        DrawnCase("one sequence, more steps than words", embed_inputs(rng, V + 2, 1, D, V, V)),
        DrawnCase("one step, tiny gradients", times(1e-200, embed_inputs(rng, 1, N, D, V, V))),
        DrawnCase("vectors of one number, more than 256 words", embed_inputs(rng, T, N, 1, 300, 300)),
        DrawnCase("no word twice", once),
        DrawnCase("huge gradients that cancel", cancelling_inputs(2.0**60, embed_inputs(rng, T, N, D, V, V))),
        DrawnCase("float32", in_dtype(embed_inputs(rng, T, N, D, V, V), np.float32)),
    ]


def worked_embed_backward(rng: Generator) -> list[DrawnCase]:
    def inputs(ids: list[list[int]], D: int, V: int) -> dict:
        words = np.array(ids)
        return {"dx": np.round(rng.normal(size=(*words.shape, D)), 2), "ids": words, "vocabulary_size": V}

    return [
        DrawnCase("words that occur twice, and one that does not", inputs([[2, 0], [1, 2], [3, 3]], 2, 5)),
        DrawnCase("the same sizes, large gradients", times(300, inputs([[0, 4], [4, 1], [4, 0]], 2, 5))),
        DrawnCase("one sequence, tiny gradients", times(1e-200, inputs([[1], [0], [1]], 3, 2))),
        DrawnCase("float32", in_dtype(inputs([[0, 1]], 2, 3), np.float32)),
        DrawnCase("vectors of one number, more than 256 words", inputs([[259, 3], [130, 0]], 1, 260)),
        DrawnCase("huge gradients that cancel", cancelling_inputs(2.0**60, inputs([[1], [0]], 2, 2))),
    ]


EMBED_BACKWARD = Check(
    "embedding.embed_backward", embedding.embed_backward, draw_embed_backward, worked_embed_backward, axes="V D",
    task="the gradient of the word vectors", points=2, section="bptt-embedding: The gradient of the word vectors",
    promises=ALWAYS | STAYS | {
        "Wherever a word stands, its row was used.": "numbers cut to eight bits",
        "a row collects the gradients of all its places": "repeats lost",
        "with `V` rows even if some words do not occur": "rows of absent words missing",
        "each word collects the gradients of all the places where it stands": "word 0 taken for padding",
        "dW_e[v] = sum over t, n with ids[t, n] = v of dx[t, n]": "differences of one running sum",
    },
)  # fmt: skip


@EMBED_BACKWARD.misconception(
    "Where a word occurs twice, only one of its gradients is there. Both dW_e[ids] = dx and dW_e[ids] += dx keep the last "
    "and lose the rest: use np.add.at, or add the places one by one."
)
def repeats_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    dW_e[ids] = dx
    return dW_e


@EMBED_BACKWARD.misconception(
    "Where two sequences have the same word at the same step, one of its gradients is lost: += with an array of indices "
    "adds only once for each word."
)
def repeats_within_a_step_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    for t in range(len(ids)):
        dW_e[ids[t]] += dx[t]
    return dW_e


@EMBED_BACKWARD.misconception(
    "Where a sequence has the same word twice, one of its gradients is lost: += with an array of indices adds only once "
    "for each word."
)
def repeats_within_a_sequence_lost(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    for n in range(ids.shape[1]):
        dW_e[ids[:, n]] += dx[:, n]
    return dW_e


@EMBED_BACKWARD.misconception("Each word got the mean over its places; the gradients of all its places add up.")
def mean_over_places(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    counts = np.bincount(ids.ravel(), minlength=vocabulary_size)
    return (dW_e / np.maximum(counts, 1)[:, None]).astype(dx.dtype)


@EMBED_BACKWARD.misconception(
    "The sums were divided by the number of all steps; the gradients add up, and no mean is taken."
)
def divided_by_all_steps(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    return dW_e / ids.size


@EMBED_BACKWARD.misconception(
    "Each word's sum was taken as the difference of two running sums over all words. A small gradient is lost beside a large one of "
    "another word: add up each word's own gradients alone."
)
def differences_of_one_running_sum(dx, ids, vocabulary_size):
    words = ids.ravel()
    order = np.argsort(words, kind="stable")
    rows = dx.reshape(len(words), -1)[order]
    up_to = np.cumsum(np.vstack([np.zeros_like(rows[:1]), rows]), axis=0)
    ends = np.searchsorted(words[order], np.arange(vocabulary_size + 1))
    return np.diff(up_to[ends], axis=0)


@EMBED_BACKWARD.misconception(
    "There are only as many rows as the largest number in ids asks for. Words that do not occur have a row too, of zeros: "
    "make vocabulary_size rows."
)
def rows_of_absent_words_missing(dx, ids, vocabulary_size):
    dW_e = np.zeros((ids.max() + 1, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    return dW_e


@EMBED_BACKWARD.misconception(
    "The numbers of the words were cut to 8 bits, so the gradients of words from 256 on went to others. Use ids as they are."
)
def numbers_cut_to_eight_bits(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids.astype(np.uint8), dx)
    return dW_e


@EMBED_BACKWARD.misconception(
    "Word 0 got zeros, as if it were padding; here it is a word like all others, and collects its gradients."
)
def word_0_taken_for_padding(dx, ids, vocabulary_size):
    dW_e = np.zeros((vocabulary_size, dx.shape[2]), dtype=dx.dtype)
    np.add.at(dW_e, ids, dx)
    dW_e[0] = 0
    return dW_e
