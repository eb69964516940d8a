"""From scores to words: always the best one, one drawn by chance, or the best of many whole sequences.

All functions take ``next_scores(ids, states)``, which maps the last words (N,) and a tuple of states (N, H) to the scores
(N, V) of the next words and the new states: a decoder, or a language model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray
from solutions.with_numpy.recurrent import States

NextScores = Callable[[IntArray, States], tuple[FloatArray, States]]


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
    p: FloatArray = np.exp((y - y.max(axis=-1, keepdims=True)) / temperature)
    p /= p.sum(axis=-1, keepdims=True)
    return p


@takes(p="N V", u="N")
def choose(p: FloatArray, u: FloatArray) -> IntArray:
    """Draw words by their probabilities: the first whose cumulative probability is above u.

    ids = the smallest v with  p[0] + ... + p[v] > u * (the sum of all p),  which is 1 but for rounding

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
    ids: IntArray = np.count_nonzero(cumulative <= u[:, None] * cumulative[:, -1:], axis=1)
    return ids


@takes(y="T N V", mask="bool T N", allowed="int K")
def fill_blank(y: FloatArray, mask: BoolArray, allowed: IntArray) -> IntArray:
    """For each message, the allowed word with the highest score after its last word.

    ids[n] = the word v among ``allowed`` with the largest y[t, n, v],  where t is the last step with mask[t, n]

    Parameters
    ----------
    y : (T, N, V)
        Scores of the next word after each word; at padding any numbers, even NaN.
    mask : (T, N) booleans
        True where a step is a word of the message, False where it is padding, which stands at the end.
    allowed : (K,) integers
        The words that may be filled in.

    Returns
    -------
    ids : (N,) integers
        Of equal scores the word that comes first in ``allowed``.

    Source: Mikolov et al., "Recurrent neural network based language model", 2010, where scores of the next word come from.
    """
    last = mask.sum(axis=0) - 1
    at_the_blank = y[last, np.arange(len(last))]
    ids: IntArray = allowed[at_the_blank[:, allowed].argmax(axis=1)]
    return ids


def greedy(next_scores: NextScores, states: States, start: int, end: int, longest: int) -> IntArray:
    """Write the word with the highest score at each step, until every sequence has ended.

    w_t = argmax over v of y_t[v];  of equal scores the word with the lowest number

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (N, H). ``next_scores(ids, states)`` takes the last words (N,) and the states, and
        returns the scores (N, V) of the next words and the new states.
    start, end : int
        The words that begin and end a sequence, two different ones.
    longest : int
        The most words to write.

    Returns
    -------
    ids : (T, N) integers
        The words without the first; after a sequence's end only the end word.

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", 2014, as beam width 1.
    """
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for _ in range(longest):
        y, states = next_scores(ids, states)
        ids = np.where(ended, end, y.argmax(axis=1))
        ended = ids == end
        written.append(ids)
        if ended.all():
            break
    return np.array(written, dtype=int).reshape(-1, len(ids))


def sample(
    next_scores: NextScores, states: States, start: int, end: int, u: FloatArray, temperature: float = 1.0,
    top_k: int | None = None,
) -> IntArray:  # fmt: skip
    """Write words that are drawn by their probabilities, until every sequence has ended or u is used up.

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (N, H). ``next_scores(ids, states)`` takes the last words (N,) and the states, and
        returns the scores (N, V) of the next words and the new states.
    start, end : int
        The words that begin and end a sequence.
    u : (longest, N)
        Uniform random numbers from 0 to below 1: a row for each step.
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
    ids = np.full(len(states[0]), start)
    ended, written = np.zeros(len(ids), dtype=bool), []
    for u_t in u:
        y, states = next_scores(ids, states)
        ids = np.where(ended, end, choose(probabilities(y, temperature, top_k), u_t))
        ended = ids == end
        written.append(ids)
        if ended.all():
            break
    return np.array(written, dtype=int).reshape(-1, len(ended))


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
