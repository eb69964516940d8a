"""From scores to words: always the best one, one drawn by chance, or the best of many whole sequences.

All functions take ``next_scores(ids, states)``, which maps the last words (N,) and a tuple of states (N, H) to the scores
(N, V) of the next words and the new states: a decoder, or a language model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray, IntArray
from solutions.with_numpy.recurrent import States

NextScores = Callable[[IntArray, States], tuple[FloatArray, States]]
Choose = Callable[[FloatArray, int], IntArray]


def log_softmax(y: FloatArray) -> FloatArray:
    """log softmax(y) along the last axis; no exp overflows."""
    shifted = y - y.max(axis=-1, keepdims=True)
    result: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def probabilities(y: FloatArray, temperature: float = 1.0, top_k: int | None = None) -> FloatArray:
    """The probabilities of the words, sharpened or flattened, perhaps of the best k alone.

    p = softmax(y / temperature),  with -inf for all scores but the k largest

    Parameters
    ----------
    y : (..., V)
        The scores.
    temperature : float
        Above 0. Below 1 the likely words become likelier, above 1 all become more alike.
    top_k : int or None
        How many words stay possible; of equal scores those with the lower numbers. None for all.

    Returns
    -------
    p : (..., V)
        They add up to 1.

    Raises
    ------
    ValueError
        If the temperature is not above 0, or top_k is below 1.

    Source: temperature: Ackley, Hinton and Sejnowski, "A learning algorithm for Boltzmann machines", 1985; top-k: Fan,
    Lewis and Dauphin, "Hierarchical neural story generation", 2018.
    """
    if not temperature > 0:
        raise ValueError(f"probabilities: the argument temperature must be above 0, but is {temperature}.")
    if top_k is not None:
        if top_k < 1:
            raise ValueError(f"probabilities: the argument top_k must be at least 1, but is {top_k}.")
        order = np.argsort(-y, axis=-1, kind="stable")
        y = y.copy()
        np.put_along_axis(y, order[..., top_k:], -np.inf, axis=-1)
    return np.exp(log_softmax(y / temperature))


@takes(p="N V", u="N")
def choose(p: FloatArray, u: FloatArray) -> IntArray:
    """Draw words by their probabilities: the first whose cumulative probability is above u.

    Parameters
    ----------
    p : (N, V)
        Probabilities.
    u : (N,)
        Uniform random numbers from 0 to below 1.

    Returns
    -------
    ids : (N,) integers
        Never a word of probability 0, whatever rounding does to the sum.

    Source: Devroye, "Non-uniform random variate generation", 1986, chapter III (inversion).
    """
    cumulative = np.cumsum(p, axis=1)
    ids: IntArray = (cumulative <= u[:, None] * cumulative[:, -1:]).sum(axis=1)
    last_possible: IntArray = p.shape[1] - 1 - np.argmax(p[:, ::-1] > 0, axis=1)
    return np.where(ids < last_possible, ids, last_possible)


def write(
    next_scores: NextScores, states: States, start: int, end: int, longest: int, choose_words: Choose
) -> IntArray:
    """Write word after word until every sequence has ended, or is as long as allowed.

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (N, H).
    start, end : int
        The words that begin and end a sequence.
    longest : int
        The most words to write.
    choose_words
        Takes the scores (N, V) and the number of the step, and returns the next words (N,).

    Returns
    -------
    ids : (T, N) integers
        The words without the first; after a sequence's end only the end word.
    """
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for t in range(longest):
        y, states = next_scores(ids, states)
        ids = np.where(ended, end, choose_words(y, t))
        ended |= ids == end
        written.append(ids)
        if ended.all():
            break
    return np.array(written, dtype=int).reshape(-1, len(ended))


def greedy(next_scores: NextScores, states: States, start: int, end: int, longest: int) -> IntArray:
    """At each step the word with the highest score; of equal ones that with the lowest number.

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (N, H).
    start, end : int
        The words that begin and end a sequence.
    longest : int
        The most words to write.

    Returns
    -------
    ids : (T, N) integers
        The words without the first; after a sequence's end only the end word.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", 2014, as beam width 1.
    """
    return write(next_scores, states, start, end, longest, lambda y, t: y.argmax(axis=1))


def sample(
    next_scores: NextScores, states: States, start: int, end: int, u: FloatArray, temperature: float = 1.0,
    top_k: int | None = None,
) -> IntArray:  # fmt: skip
    """At each step a word drawn by its probability.

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (N, H).
    start, end : int
        The words that begin and end a sequence.
    u : (longest, N)
        Uniform random numbers from 0 to below 1, one for each word that may be written.
    temperature : float
        As in ``probabilities``.
    top_k : int or None
        As in ``probabilities``.

    Returns
    -------
    ids : (T, N) integers
        The words without the first; after a sequence's end only the end word.

    Raises
    ------
    ValueError
        If the temperature is not above 0, or top_k is below 1.

    Source: Graves, "Generating sequences with recurrent neural networks", 2013.
    """
    return write(
        next_scores, states, start, end, len(u), lambda y, t: choose(probabilities(y, temperature, top_k), u[t])
    )


@dataclass(frozen=True)
class Hypothesis:
    """A sequence under way or ended, its log probability, and the states after it."""

    ids: tuple[int, ...]
    log_p: float
    states: States

    def score(self, length_penalty: float) -> float:
        """log p / length^penalty."""
        return self.log_p / float(max(1, len(self.ids)) ** length_penalty)


def beam(
    next_scores: NextScores, states: States, start: int, end: int, longest: int, width: int, length_penalty: float = 0.0
) -> list[tuple[list[int], float]]:
    """The most probable sequences, of those that stay among the best ``width`` at each step.

    score = log p(sequence) / length^length_penalty

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (1, H): one sequence at a time.
    start, end : int
        The words that begin and end a sequence.
    longest : int
        The most words to write.
    width : int
        How many sequences are kept, at least 1. With width 1 the result is that of ``greedy``.
    length_penalty : float
        0 compares by probability, which favours short sequences; 1 by the mean log probability of a word.

    Returns
    -------
    found : list of (ids, log probability)
        The best first, at most ``width``; an ended sequence has the end word last.

    Raises
    ------
    ValueError
        If the width is below 1, or the states are of more than one sequence.

    Source: Graves, "Sequence transduction with recurrent neural networks", 2012; Sutskever, Vinyals and Le, "Sequence to
    sequence learning with neural networks", 2014.
    """
    if width < 1:
        raise ValueError(f"beam: the argument width must be at least 1, but is {width}.")
    if len(states[0]) != 1:
        raise ValueError(f"beam: the states must be those of one sequence, but are of {len(states[0])}.")
    kept = [Hypothesis((), 0.0, states)]
    for _ in range(longest):
        ended = [one for one in kept if one.ids[-1:] == (end,)]
        grown = [new for old in kept if old.ids[-1:] != (end,) for new in extensions(next_scores, old, start, width)]
        if not grown:
            break
        kept = sorted(ended + grown, key=lambda one: -one.score(length_penalty))[:width]
    return [(list(one.ids), one.log_p) for one in kept]


def extensions(next_scores: NextScores, old: Hypothesis, start: int, width: int) -> list[Hypothesis]:
    """The best ``width`` sequences that are one word longer; of equal ones those with the lower number."""
    last = old.ids[-1] if old.ids else start
    y, after = next_scores(np.array([last]), old.states)
    log_p = log_softmax(y[0])
    words = np.argsort(-log_p, kind="stable")[:width]
    return [Hypothesis((*old.ids, int(word)), old.log_p + float(log_p[word]), after) for word in words]
