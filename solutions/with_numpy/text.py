"""Text as numbers: a vocabulary, the places of words in it, and made-up messages to learn from."""

from collections.abc import Iterable, Sequence

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, IntArray


def vocabulary_of(texts: Iterable[str]) -> list[str]:
    """All words of the texts, in alphabetical order, after a place for padding and one for unknown words.

    Parameters
    ----------
    texts : strings
        Words are what stands between spaces.

    Returns
    -------
    words : list of str
        ``<padding>`` at place 0, ``<unknown>`` at place 1, then every word once.
    """
    return ["<padding>", "<unknown>", *sorted({word for text in texts for word in text.split()})]


def encode(texts: Sequence[str], vocabulary: Sequence[str]) -> tuple[IntArray, BoolArray]:
    """A batch of texts as whole numbers: for each word its place in the vocabulary.

    ids[t, n] = the place of word t of text n,  1 if it has none, 0 after the end of the text

    Parameters
    ----------
    texts : N strings
        Words are what stands between spaces, of which there may be several in a row, and some at either end. A word is the
        whole of it, however long. Each text has at least one word.
    vocabulary : list of V strings
        No word stands in it twice. Place 0 is for padding, which no text names, and place 1 for every word that is not in
        the list.

    Returns
    -------
    ids : (T, N) integers
        T is the number of words of the longest text. Shorter ones are padded at their end.
    mask : (T, N) booleans
        True where a word stands, False where it is padding.

    Source: Jurafsky and Martin, "Speech and Language Processing", 3rd edition (draft), chapter on n-gram language models.
    """
    place = {word: number for number, word in enumerate(vocabulary)}
    rows = [[place.get(word, 1) for word in text.split()] for text in texts]
    T = max(len(row) for row in rows)
    ids = np.array([row + [0] * (T - len(row)) for row in rows]).T
    mask = np.array([[t < len(row) for row in rows] for t in range(T)])
    return ids, mask


@takes(ids="int T")
def decode(ids: IntArray, vocabulary: Sequence[str]) -> str:
    """The words at these places, with a space between; padding is left out.

    Parameters
    ----------
    ids : (T,) integers
        Places in the vocabulary.
    vocabulary : list of V strings
        As ``encode`` took it.

    Returns
    -------
    text : str
    """
    return " ".join(vocabulary[number] for number in ids if number != 0)


def message(rng: np.random.Generator) -> str:
    """A made-up message: "it is not evening but morning . well let's meet for breakfast <end>".

    The second time of day decides the meal. One to three small words stand in between, which decide nothing.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the choices come from.

    Returns
    -------
    text : str
        Words with spaces between; the last one is ``<end>``.
    """
    meals = {"morning": "breakfast", "afternoon": "lunch", "evening": "dinner"}
    other, time = rng.permutation(list(meals))[:2]
    small = rng.choice(["well", "so", "anyway", "look", "and", "then"], size=rng.integers(1, 4))
    return f"it is not {other} but {time} . {' '.join(small)} let's meet for {meals[time]} <end>"


def streams(rng: np.random.Generator, steps: int, N: int, vocabulary: Sequence[str]) -> IntArray:
    """N long texts side by side, as numbers; each is one message after the other.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the choices come from.
    steps : int
        How many words of each text to return.
    N : int
        The number of texts.
    vocabulary : list of V strings
        It has to hold every word of the messages.

    Returns
    -------
    ids : (steps, N) integers
        Text n begins with word n of its first message, so that the messages do not all end at the same step.
    """
    columns = []
    for n in range(N):
        words: list[str] = []
        while len(words) < n + steps:
            words += message(rng).split()
        columns.append(words[n : n + steps])
    return np.array([[vocabulary.index(word) for word in words] for words in columns]).T
