"""`fill_blank`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short
from solutions.with_numpy import decoding

Generator = np.random.Generator


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
    "decoding.fill_blank", decoding.fill_blank, draw_fill_blank, worked_fill_blank, axes="N", task="\"let's meet for ____\"", points=2,
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
