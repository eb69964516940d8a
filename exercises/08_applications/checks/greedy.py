"""`greedy`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

from collections.abc import Callable

import numpy as np

from autograder.exercise import Check, DrawnCase
from autograder.exercise.drawing import in_dtype, short, sizes, until
from solutions.with_numpy import decoding
from solutions.with_numpy.decoding import greedy

from .decoder import decoder, nearly_equal, table_decoder
from .drawing import SIZES

Generator = np.random.Generator


def writing(rng: Generator, N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
    start, end = (int(word) for word in rng.permutation(np.arange(1, V))[:2])
    next_scores, begun = decoder(rng, N, H, V, states, end)
    return {"next_scores": next_scores, "states": begun, "start": start, "end": end, "longest": longest}


def made(inputs: dict) -> dict:
    """The inputs with the program run."""
    return inputs | {"next_scores": inputs["next_scores"].made(None)}


def clearly(inputs: dict, by: float = 1e-3) -> bool:
    """Whether single precision or a little noise would choose the same words."""
    ready = made(inputs)
    right = greedy(**ready)
    noise = np.random.default_rng(0)

    def noisy(ids, states):
        y, states = ready["next_scores"](ids, states)
        return y + by * noise.normal(size=y.shape), states

    return np.array_equal(greedy(**ready | {"next_scores": noisy}), right)


def lengths_written(ids: np.ndarray, end: int) -> np.ndarray:
    """How many words come before the end word; all where there is none."""
    return np.where((ids == end).any(axis=0), (ids == end).argmax(axis=0), len(ids))


def ends_apart(inputs: dict) -> bool:
    """Whether all sequences end in time, one two steps before another, neither at once."""
    ids = greedy(**made(inputs))
    lengths = lengths_written(ids, inputs["end"])
    in_time = len(ids) < inputs["longest"] and bool((ids[-1] == inputs["end"]).all())
    return in_time and lengths.min() >= 1 and lengths.max() - lengths.min() >= 2 and clearly(inputs)


def goes_on(inputs: dict) -> bool:
    """Whether no sequence ends in time, and they do not all say the same word for ever."""
    ids = greedy(**made(inputs))
    return not (ids == inputs["end"]).any() and len(np.unique(ids)) > 1 and clearly(inputs)


def ends_later(inputs: dict) -> bool:
    """Whether the last sequence ends in time, but not at once."""
    ids = greedy(**made(inputs))
    return 2 < len(ids) < inputs["longest"] and clearly(inputs)


def ends_at_once(inputs: dict) -> bool:
    return len(greedy(**made(inputs))) == 1 and clearly(inputs)


def to_the_last_row(inputs: dict) -> dict:
    """The same with as many words as it takes until the last sequence ends."""
    return inputs | {"longest": len(greedy(**made(inputs)))}


def with_equal_scores(rng: Generator, N: int, V: int) -> dict:
    def tied() -> dict:
        start, end = (int(word) for word in rng.permutation(np.arange(1, V))[:2])
        next_scores, begun = table_decoder(rng, N, V)
        return {"next_scores": next_scores, "states": begun, "start": start, "end": end, "longest": 12}

    return until(tied, shows_ties)


def shows_ties(inputs: dict) -> bool:
    """Whether sequences end apart, and others would be written by whoever takes another of equal words."""
    words = greedy(**made(inputs))
    lengths = lengths_written(words, inputs["end"])
    right = len(words) < inputs["longest"] and lengths.max() - lengths.min() >= 2
    return right and not np.array_equal(last_of_equal_words(**made(inputs)), words)


def with_nearly_equal_scores(inputs: dict) -> dict:
    """The same words to be written, by scores that differ by a billionth."""
    return inputs | {"next_scores": nearly_equal(inputs["next_scores"])}


def says_high_words(inputs: dict) -> bool:
    words = greedy(**made(inputs))
    return len(words) > 2 and bool((words > 255).any()) and clearly(inputs)


def draw_greedy(rng: Generator) -> list[DrawnCase]:
    N, H, V = sizes(rng, 3, SIZES)
    N, V = min(N, 5), V + 5

    def found(fits: Callable[[dict], bool], N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
        return until(lambda: writing(rng, N, H, V, longest, states), fits)

    apart = found(ends_apart, N, H, V, 14)
    return [
        DrawnCase("sequences that end at different steps", apart),
        DrawnCase("two states", found(ends_apart, N, H, V, 15, states=2)),
        DrawnCase("no sequence ends in time", found(goes_on, 2, H, V, 4)),
        DrawnCase("as many words once more", found(goes_on, 2, H, V, 4)),
        DrawnCase("the last sequence ends in the last row", to_the_last_row(apart)),
        DrawnCase("all sequences end at once", found(ends_at_once, 2, H, V, 5)),
        DrawnCase("equal scores, far below zero", with_equal_scores(rng, 3, V)),
        DrawnCase("nearly equal scores", with_nearly_equal_scores(with_equal_scores(rng, 3, V))),
        DrawnCase("one sequence, 300 words", found(says_high_words, 1, 2, 300, 4)),
        DrawnCase("as many sequences, units and words", found(ends_apart, 5, 5, 5, 16)),
        DrawnCase("float32", in_dtype(found(ends_apart, N, H, V, 14), np.float32)),
    ]


def worked_greedy(rng: Generator) -> list[DrawnCase]:
    def found(fits: Callable[[dict], bool], N: int, H: int, V: int, longest: int, states: int = 1) -> dict:
        return until(lambda: short(writing(rng, N, H, V, longest, states)), fits)

    return [
        DrawnCase("two sequences that end at different steps", found(ends_apart, 2, 3, 5, 8)),
        DrawnCase("two states", found(ends_apart, 2, 3, 4, 9, states=2)),
        DrawnCase("no sequence ends in time", found(goes_on, 2, 3, 4, 3)),
        DrawnCase("the last sequence ends in the last row", to_the_last_row(found(ends_apart, 2, 2, 4, 8))),
        DrawnCase("all sequences end at once", found(ends_at_once, 2, 2, 3, 3)),
        DrawnCase("equal scores, far below zero", with_equal_scores(rng, 2, 4)),
        DrawnCase("nearly equal scores", with_nearly_equal_scores(with_equal_scores(rng, 2, 4))),
        DrawnCase("one sequence, 300 words", found(says_high_words, 1, 1, 300, 3)),
        DrawnCase("as many sequences, units and words", found(ends_apart, 4, 4, 4, 9)),
    ]


GREEDY = Check(
    "decoding.greedy", decoding.greedy, draw_greedy, worked_greedy, axes="T N", task="words, the best one at each step", points=3, section="app-greedy: Greedy decoding",
    promises={
        "of equal scores the word with the lowest number": "last of equal words",
        "Take the word with the highest score": "softmax of unshifted scores",
        "by however little": "nearly the highest score",
        "give it back as the next input": "own words not given back",
        "A batch goes on until its last sequence has ended, or `longest` words are written": "stopped at the first end",
        "A sequence that has ended holds the end word from then on": "written on after the end",
        "after a sequence's end only the end word": "zeros after the end",
        "last sequence ends is part of the result; the start word is not": "last row missing",
        "The words without the first": "start included",
        "The most words to write": "not stopped at the end",
        "returns the scores (N, V) of the next words and the new states": "same states at every step",
        "the result has one row for each step": "batch first",
        "A function never writes to its inputs": "writes to its inputs",
    },
)  # fmt: skip


def written(next_scores, states, start, longest, choose):
    """The words of every step, chosen by a function of scores and of the last words; no end is looked at."""
    ids, words = np.full(len(states[0]), start), []
    for _ in range(longest):
        y, states = next_scores(ids, states)
        ids = choose(y, ids)
        words.append(ids)
    return np.array(words)


def held(y, ids, end):
    """The best words; the end word where it was the last one already."""
    return np.where(ids == end, end, y.argmax(axis=1))


@GREEDY.misconception(
    "Sequences went on after their end word. Once it is written, the sequence holds the end word alone, while others go on."
)
def written_on_after_the_end(next_scores, states, start, end, longest):
    words = written(next_scores, states, start, longest, lambda y, ids: y.argmax(axis=1))
    ended = np.logical_or.accumulate(words == end).all(axis=1)
    return words[: int(ended.argmax()) + 1] if ended.any() else words


@GREEDY.misconception("All steps were written, though every sequence had ended. Stop as soon as the last one has.")
def not_stopped_at_the_end(next_scores, states, start, end, longest):
    return written(next_scores, states, start, longest, lambda y, ids: held(y, ids, end))


@GREEDY.misconception("All stopped as soon as one sequence had ended. Stop when every one has, with all and not any.")
def stopped_at_the_first_end(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    ended = (words == end).any(axis=1)
    return words[: int(ended.argmax()) + 1] if ended.any() else words


@GREEDY.misconception("The row in which the last sequence ends is missing; the end word belongs to the result.")
def last_row_missing(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    return words[:-1] if (words[-1] == end).all() else words


@GREEDY.misconception("After a sequence's end stand zeros; it should be the end word.")
def zeros_after_the_end(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    before = np.cumsum(words == end, axis=0) - (words == end)
    return np.where(before > 0, 0, words)


@GREEDY.misconception(
    "The start sign stands in front of the result; the words that were written are asked for, without it."
)
def start_included(next_scores, states, start, end, longest):
    words = greedy(next_scores, states, start, end, longest)
    return np.concatenate([np.full_like(words[:1], start), words])


@GREEDY.misconception(
    "The start sign was given at every step. After the first, each sequence gets the word that it wrote."
)
def own_words_not_given_back(next_scores, states, start, end, longest):
    def always_started(ids, states):
        return next_scores(np.full_like(ids, start), states)

    return greedy(always_started, states, start, end, longest)


@GREEDY.misconception(
    "Each step began with the first states. next_scores returns new ones, which belong to the next step."
)
def same_states_at_every_step(next_scores, states, start, end, longest):
    def forgetful(ids, _):
        return next_scores(ids, states)

    return greedy(forgetful, states, start, end, longest)


@GREEDY.misconception(
    "argmax went over the sequences. The words compete: take it over the last axis of the scores (N, V)."
)
def argmax_over_the_sequences(next_scores, states, start, end, longest):
    ids, ended, words = np.full(len(states[0]), start), np.zeros(len(states[0]), dtype=bool), []
    for _ in range(longest):
        y, states = next_scores(ids, states)
        ids = np.where(ended, end, y.argmax(axis=0))
        ended = ended | (ids == end)
        words.append(ids)
        if ended.all():
            break
    return np.array(words)


@GREEDY.misconception(
    "Of words with equal scores the last was taken; it should be the one with the lowest number, which argmax finds."
)
def last_of_equal_words(next_scores, states, start, end, longest):
    def turned(ids, states):
        y, states = next_scores(y_width - 1 - ids, states)
        return y[:, ::-1], states

    y_width = next_scores(np.full(len(states[0]), start), states)[0].shape[1]
    return y_width - 1 - greedy(turned, states, y_width - 1 - start, y_width - 1 - end, longest)


@GREEDY.misconception(
    "The scores went through exp, which makes zero of all that are far below zero, and infinity of large ones. The highest score is the likeliest word as it is."
)
def softmax_of_unshifted_scores(next_scores, states, start, end, longest):
    def likely(ids, states):
        y, states = next_scores(ids, states)
        return np.exp(y) / np.exp(y).sum(axis=1, keepdims=True), states

    return greedy(likely, states, start, end, longest)


@GREEDY.misconception(
    "The first word whose score comes near the highest was taken. The highest counts, by however little it is higher; only of equal ones the first."
)
def nearly_the_highest_score(next_scores, states, start, end, longest):
    def rounded(ids, states):
        y, states = next_scores(ids, states)
        return (y >= y.max(axis=1, keepdims=True) - 1e-8).astype(y.dtype), states

    return greedy(rounded, states, start, end, longest)


@GREEDY.misconception("The sequences come first in your result; here time comes first: (T, N).")
def batch_first(next_scores, states, start, end, longest):
    return greedy(next_scores, states, start, end, longest).T


GREEDY.changes_nothing(
    {
        "np.zeros(len(ids), dtype=bool): dtype left out": "np.where takes zeros for False",
        "np.array(written, dtype=int): dtype left out": "with words in it the array holds integers, and the exercise says that longest below 1 is not asked for",
        "1: 1 to 2": "NumPy takes any negative length for the one to find",
        "0: 0 to -1": "every state has one row for each sequence",
    }
)
