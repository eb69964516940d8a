"""`encode`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from solutions.with_numpy import text

Generator = np.random.Generator


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
    "text.encode", text.encode, draw_encode, worked_encode, axes="ids: T N; mask: T N", task="messages as whole numbers, with a place for unknown words", points=2,
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
