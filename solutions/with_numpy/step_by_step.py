"""Encoder, decoder and beam search, written with one step of any network, which is given as a function.

The decoder's step is ``next_scores(ids, states)``, as in ``decoding``. ``encoder_decoder`` has the same for whole sequences at
once, with the way back.
"""

from collections.abc import Callable

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray
from solutions.with_numpy.decoding import NextScores, log_softmax
from solutions.with_numpy.recurrent import States


@takes(x="S N D", mask="bool S N", h_0="N H")
def encode(
    x: FloatArray, mask: BoolArray, h_0: FloatArray, step: Callable[[FloatArray, FloatArray], FloatArray]
) -> FloatArray:
    """The state of each sequence after its own last step: all that a decoder gets to know of it.

    h_t = step(x_t, h_{t-1}) where the step counts, else h_{t-1}

    Parameters
    ----------
    x : (S, N, D)
        The inputs. Behind a sequence's end stands padding, which may be any numbers.
    mask : (S, N) booleans
        True where a step counts.
    h_0 : (N, H)
        The states to begin with.
    step : callable
        ``step(x_t, h)`` takes an input (N, D) and states (N, H), and returns the new states (N, H).

    Returns
    -------
    h : (N, H)
        The last states.

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """
    h = h_0
    for x_t, counts in zip(x, mask, strict=True):
        h = np.where(counts[:, None], step(x_t, h), h)
    return h


@takes(target="int T N")
def forced_scores(target: IntArray, states: States, start: int, next_scores: NextScores) -> FloatArray:
    """The decoder's scores with teacher forcing: at each step it is given the right word before, not its own.

    y_t, states_t = next_scores(w_{t-1}, states_{t-1})  with w_0 = start and w_1 ... w_T the target

    Parameters
    ----------
    target : (T, N) integers
        The right words.
    states : a tuple of (N, H)
        What the encoder hands over.
    start : int
        The word that begins each sequence.
    next_scores : callable
        ``next_scores(ids, states)`` takes the words before (N,) and the states, and returns the scores (N, V) of the next words
        and the new states.

    Returns
    -------
    y : (T, N, V)
        The scores at each step, of which ``target[t]`` should get the highest.

    Source: Williams and Zipser, "A learning algorithm for continually running fully recurrent neural networks", 1989.
    """
    ids, scores = np.full(target.shape[1], start), []
    for right in target:
        y, states = next_scores(ids, states)
        scores.append(y)
        ids = right
    return np.stack(scores)


def beam_search(
    next_scores: NextScores, states: States, start: int, end: int, longest: int, width: int
) -> tuple[IntArray, FloatArray]:
    """The likeliest sequences that stay among the best at each step, with all of them in one batch.

    log p(w_1 ... w_T) = sum over t of log p(w_t | w_1 ... w_{t-1})

    Parameters
    ----------
    next_scores, states
        The model, and a tuple of its states (1, H) for one sequence. ``next_scores(ids, states)`` takes the last words (K,)
        and states (K, H) of K sequences, and returns the scores (K, V) of the next words and the new states.
    start, end : int
        The words that begin and end a sequence, two different ones.
    longest : int
        The most words to write.
    width : int
        How many sequences are kept, from 1 to V.

    Returns
    -------
    ids : (width, T) integers
        The words without the first, the likeliest sequence first; after a sequence's end only the end word.
    log_p : (width,)
        The logarithms of their probabilities, in the dtype of the states.

    Source: Graves, "Sequence transduction with recurrent neural networks", 2012; Sutskever, Vinyals and Le, "Sequence to
    sequence learning with neural networks", 2014.
    """
    ids, log_p = np.full((1, 1), start), np.zeros(1, dtype=states[0].dtype)
    while ids.shape[1] <= longest and not (ids[:, -1] == end).all():
        y, states = next_scores(ids[:, -1], states)
        grown = log_p[:, None] + log_softmax(y)
        grown[ids[:, -1] == end] = -np.inf
        grown[ids[:, -1] == end, end] = log_p[ids[:, -1] == end]
        best = np.argsort(-grown, axis=None, kind="stable")[:width]
        parent, word = np.unravel_index(best, grown.shape)
        ids, log_p = np.column_stack([ids[parent], word]), grown[parent, word]
        states = tuple(state[parent] for state in states)
    return ids[:, 1:], log_p
