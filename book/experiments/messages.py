"""Made-up messages that end in "let's meet for ____", where a word further back decides what the blank is.

A message says when it was written ("my friend is hungry . it is eight in the morning ."), then drags on with small
words that decide nothing ("well so anyway"), and always ends in "let's meet for" and the word for the blank.
"""

import numpy as np
from numpy.random import Generator

BLANKS = {"morning": "breakfast", "afternoon": "lunch", "evening": "dinner"}
HOURS = {"morning": ("seven", "eight"), "afternoon": ("one", "two"), "evening": ("seven", "eight")}
SMALL_WORDS = ("well", "so", "anyway", "look", "and", "then")
PADDING = "<pad>"
BEGINNING = "my friend is hungry . it is"
END = "let's meet for"


def _vocabulary() -> tuple[str, ...]:
    hours = [hour for hours in HOURS.values() for hour in hours]
    words = [*BEGINNING.split(), *hours, "in", "the", *BLANKS, *SMALL_WORDS, *END.split(), *BLANKS.values()]
    return (PADDING, *dict.fromkeys(words))


VOCABULARY = _vocabulary()
NUMBER = {word: number for number, word in enumerate(VOCABULARY)}


def message(rng: Generator, small_words: int) -> list[str]:
    """The words of one message, with this many small words between the time of day and the end."""
    time = str(rng.choice(list(BLANKS)))
    hour = str(rng.choice(HOURS[time]))
    small = " ".join(rng.choice(SMALL_WORDS, size=small_words))
    return f"{BEGINNING} {hour} in the {time} . {small} {END} {BLANKS[time]}".split()


def batch(messages: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrays of shape (T, N): the word at each step, the word that follows it, and True where a step is no padding."""
    T, N = max(len(words) for words in messages) - 1, len(messages)
    ids, targets = np.zeros((2, T, N), dtype=np.int64)
    mask = np.zeros((T, N), dtype=bool)
    for n, words in enumerate(messages):
        numbers = [NUMBER[word] for word in words]
        ids[: len(words) - 1, n] = numbers[:-1]
        targets[: len(words) - 1, n] = numbers[1:]
        mask[: len(words) - 1, n] = True
    return ids, targets, mask


def last_step(mask: np.ndarray) -> np.ndarray:
    """True only at the last step of each message that is no padding: the one where the blank follows."""
    last = np.zeros_like(mask)
    last[mask.sum(axis=0) - 1, np.arange(mask.shape[1])] = True
    return last


def batch_for_blank(messages: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As ``batch``, with a mask that leaves only the step before the blank."""
    ids, targets, mask = batch(messages)
    return ids, targets, last_step(mask)


def distance(small_words: int) -> int:
    """The number of words between the time of day and the blank: the full stop, the small words and the end."""
    return 1 + small_words + len(END.split())
