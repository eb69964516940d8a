"""`encode`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import itertools

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import until
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
MANY = [f"word{number}" for number in range(300)]
UNKNOWN = ["supper", "chess", "tea", "Lunch", "noon", "perhaps"]


def encode_inputs(rng: Generator, N: int, T: int, known: int = 8) -> dict:
    """N texts of 1 to T words, one of them of T words, each word unknown with a probability of one third."""
    words = [str(word) for word in rng.permutation(KNOWN if known <= len(KNOWN) else MANY)[:known]]
    lengths = rng.permutation([T, 1, *rng.integers(1, T + 1, size=N)][:N])
    rows = [[str(rng.choice(UNKNOWN if rng.random() < 1 / 3 else words)) for _ in range(length)] for length in lengths]
    longest = rows[int(np.argmax(lengths))]
    longest[0], longest[-1] = words[-1], str(rng.choice(UNKNOWN))
    return {"texts": [" ".join(row) for row in rows], "vocabulary": ["<padding>", "<unknown>", *words]}


def with_capitals(inputs: dict) -> dict:
    """The same texts, with every word that has letters written large in the first: to the vocabulary it is unknown then."""
    return inputs | {"texts": [inputs["texts"][0].upper(), *inputs["texts"][1:]]}


def capitals_matter(inputs: dict) -> bool:
    known = set(inputs["vocabulary"])
    return any(word.lower() in known - {word} for word in inputs["texts"][0].split() if word not in known)


def with_signs(inputs: dict) -> dict:
    """The same texts, with a sign at the end of each that belongs to the word before it: no word of the vocabulary has one."""
    return inputs | {"texts": [f"{one}{sign}" for one, sign in zip(inputs["texts"], ".,.,.,.,", strict=False)]}


def with_wide_spaces(inputs: dict) -> dict:
    """The same texts with more spaces, also before the first word of each and behind the last."""
    return inputs | {"texts": [" " + one.replace(" ", "  ") + "  " for one in inputs["texts"]]}


def signs_matter(inputs: dict) -> bool:
    """Whether a word is in the vocabulary without its sign, for each of the two signs."""
    return {one[-1] for one in inputs["texts"] if one.split()[-1][:-1] in inputs["vocabulary"]} == {".", ","}


LONG = "ha" * 150
ALIKE = ["breakfast", "breakfasts", LONG, LONG + "h", "straße", "na\u00efve", "2", "<3", "c++"]
STRANGE = ["breakfaster", LONG[:-1], LONG + "ha", "strasse", "naive", "nai\u0308ve", "1", "02", "3", "c+"]


def with_odd_words(rng: Generator) -> dict:
    """Words that begin alike and are long, those with other letters and signs, and some that look like them and are unknown."""
    words = [str(word) for word in rng.permutation([*ALIKE, *STRANGE])]
    cuts = [0, *sorted(rng.choice(np.arange(1, len(words)), size=2, replace=False)), len(words)]
    texts = [" ".join(words[begin:end]) for begin, end in itertools.pairwise(cuts)]
    return {"texts": texts, "vocabulary": ["<padding>", "<unknown>", *[str(word) for word in rng.permutation(ALIKE)]]}


def draw_encode(rng: Generator) -> list[DrawnCase]:
    return [
        DrawnCase("several texts", encode_inputs(rng, 5, 8)),
        DrawnCase("one text", encode_inputs(rng, 1, 9)),
        DrawnCase("one word each", encode_inputs(rng, 3, 1)),
        DrawnCase("as many texts as words", encode_inputs(rng, 5, 5)),
        DrawnCase("words in capitals", until(lambda: with_capitals(encode_inputs(rng, 5, 8)), capitals_matter)),
        DrawnCase("two spaces between words, and some at either end", with_wide_spaces(encode_inputs(rng, 4, 5))),
        DrawnCase("a vocabulary of 300 words, and a text as long", encode_inputs(rng, 3, 300, known=298)),
        DrawnCase("long words, words that begin alike, and odd signs", with_odd_words(rng)),
        DrawnCase("signs that belong to a word", until(lambda: with_signs(encode_inputs(rng, 5, 6)), signs_matter)),
    ]


def worked_encode(rng: Generator) -> list[DrawnCase]:
    words = ["<padding>", "<unknown>", "meet", "for", "tea", "let's", "and", "."]
    return [
        DrawnCase("two texts", {"texts": ["let's meet . let's meet for chess", "tea and noon"], "vocabulary": words}),
        DrawnCase("two spaces between words, and some at either end", {"texts": [" for  tea "], "vocabulary": words}),
        DrawnCase(
            "an unknown word in between", {"texts": ["chess", "tea Meet let's and for . tea"], "vocabulary": words}
        ),
        DrawnCase("signs that belong to a word", {"texts": ["meet for tea.", "tea, and"], "vocabulary": words}),
        DrawnCase(
            "a vocabulary of 300 words, and a text as long",
            {"texts": ["tea " * 297 + "word297 tea word1"], "vocabulary": [*words[:2], *MANY[:298]]},
        ),
        DrawnCase("long words, words that begin alike, and odd signs", with_odd_words(rng)),
    ]


ENCODE = Check(
    "text.encode", text.encode, draw_encode, worked_encode, axes="ids: T N; mask: T N", task="messages as whole numbers, with a place for unknown words", points=2,
    section="lm-encoding: Text as numbers",
    promises={
        "of which there may be several in a row": "split at every single space",
        "for each word its place in the vocabulary": "numbers that begin again at 0",
        "A word is the whole of it, however long": "first letters compared",
        "1 for every word that is not in the list": "unknown words as padding",
        "place 1 for every word that is not in the list.": "letters made small",
        "An unknown word is a word.": "unknown words masked",
        "Each text is a column.": "texts in rows",
        "T is the number of words of the longest text.": "cut to the shortest text",
        "Shorter ones are padded at their end.": "padded in front",
        "True where a word stands, False where it is padding.": "mask inverted",
    },
)  # fmt: skip


def padded(rows):
    """Rows of numbers as columns, with zeros after the end, and where the numbers stand."""
    T = max(len(row) for row in rows)
    ids = np.array([list(row) + [0] * (T - len(row)) for row in rows], dtype=int).T
    return ids, np.arange(T)[:, None] < np.array([len(row) for row in rows])


def numbered(texts, vocabulary, unknown):
    """The places of all words, with this number for those that have none."""
    return numbered_words([one.split() for one in texts], vocabulary, unknown)


def numbered_words(rows, vocabulary, unknown):
    place = {word: number for number, word in enumerate(vocabulary)}
    return [[place.get(word, unknown) for word in row] for row in rows]


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


@ENCODE.misconception(
    "The texts were split at every single space, so two spaces in a row made an empty word between them. split() without an argument takes them as one."
)
def split_at_every_single_space(texts, vocabulary):
    return padded(numbered_words([one.split(" ") for one in texts], vocabulary, 1))


@ENCODE.misconception(
    "The words were made small first. A word that is written in another way is another word; if it is not in the list, its number is 1."
)
def letters_made_small(texts, vocabulary):
    return text.encode([one.lower() for one in texts], vocabulary)


@ENCODE.misconception(
    "Unknown words were given new numbers, after those of the vocabulary. The model has no weights for them: they all share the number 1."
)
def unknown_words_numbered_anew(texts, vocabulary):
    place = {word: number for number, word in enumerate(vocabulary)}
    return padded([[place.setdefault(word, len(place)) for word in one.split()] for one in texts])


@ENCODE.misconception(
    "The numbers are of a type as small as uint8, in which they begin again at 0 after 255. Leave the type to NumPy."
)
def numbers_that_begin_again_at_0(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    return ids.astype(np.uint8), mask


@ENCODE.misconception(
    "The texts were cut to the length of the shortest, as zip does. T is the number of words of the longest; pad the others."
)
def cut_to_the_shortest_text(texts, vocabulary):
    ids, mask = text.encode(texts, vocabulary)
    shortest = mask.all(axis=1).sum()
    return ids[:shortest], mask[:shortest]


@ENCODE.misconception(
    "Words with the same beginning count as one: an array of words has a longest length, as in dtype='U8', and cuts off the rest. Compare whole words, in a list or a dictionary."
)
def first_letters_compared(texts, vocabulary):
    known = [word[:8] for word in vocabulary]
    rows = [[word[:8] for word in one.split()] for one in texts]
    return padded([[known.index(word) if word in known else 1 for word in row] for row in rows])
