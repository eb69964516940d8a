"""Connectionist temporal classification: a loss for labels without times, over all alignments; blank is number 0.

Source of all functions: Graves, Fernández, Gomez and Schmidhuber, "Connectionist temporal classification: labelling unsegmented
sequence data with recurrent neural networks", 2006.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, FloatScalar, IntArray

BLANK = 0


def log_softmax(y: FloatArray) -> FloatArray:
    """The logarithms of the probabilities (T, N, V), from scores (T, N, V)."""
    shifted: FloatArray = y - y.max(axis=-1, keepdims=True)
    log_p: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_p


def with_blanks(targets: IntArray) -> IntArray:
    """The labels with a blank before, between and behind them: (2S+1, N) from (S, N)."""
    extended = np.full((2 * len(targets) + 1, targets.shape[1]), BLANK, dtype=targets.dtype)
    extended[1::2] = targets
    return extended


def moved(log_p: FloatArray, places: int) -> FloatArray:
    """Each place gets what stands so many places before it, or behind it for a negative number; -inf where there is none."""
    result = np.full_like(log_p, -np.inf)
    if places > 0:
        result[places:] = log_p[:-places]
    else:
        result[:places] = log_p[-places:]
    return result


def skips(extended: IntArray) -> BoolArray:
    """Whether a place (2S+1, N) can be reached from two places before: from a label to another one, over a blank."""
    allowed = np.zeros(extended.shape, dtype=bool)
    allowed[2:] = (extended[2:] != BLANK) & (extended[2:] != extended[:-2])
    return allowed


def forward_variables(log_p: FloatArray, extended: IntArray, mask: BoolArray) -> FloatArray:
    """The probability of having read the first t steps and standing at place s, for all t and s, as logarithms.

    alpha_t(s) = p_t(l_s) (alpha_{t-1}(s) + alpha_{t-1}(s-1) + alpha_{t-1}(s-2) where skipping is allowed)

    Parameters
    ----------
    log_p : (T, N, V)
        The logarithms of the probabilities.
    extended : (2S+1, N) integers
        The labels with blanks between them.
    mask : (T, N) booleans
        True where a step counts; elsewhere alpha stays as it was.

    Returns
    -------
    log_alpha : (T+1, 2S+1, N)
        After 0, 1, ..., T steps. Before the first step all is at place 0: alpha_0(0) = 1 stands for the start.
    """
    places, allowed = len(extended), skips(extended)
    log_alpha = np.full((len(log_p) + 1, *extended.shape), -np.inf, dtype=log_p.dtype)
    log_alpha[0, 0] = 0
    for t in range(len(log_p)):
        before = log_alpha[t]
        reached = np.logaddexp(before, moved(before, 1)) if places > 1 else before
        reached = np.logaddexp(reached, np.where(allowed, moved(before, 2), -np.inf)) if places > 2 else reached
        made = reached + np.take_along_axis(log_p[t], extended.T, axis=1).T
        log_alpha[t + 1] = np.where(mask[t], made, before)
    return log_alpha


def backward_variables(log_p: FloatArray, extended: IntArray, lengths: IntArray, mask: BoolArray) -> FloatArray:
    """The probability of what follows step t, when it leads from place s to the end, as logarithms.

    beta_t(s) = sum over r in (s, s+1, s+2 where skipping is allowed) of  p_{t+1}(l_r) beta_{t+1}(r)

    Parameters
    ----------
    log_p : (T, N, V)
        The logarithms of the probabilities.
    extended : (2S+1, N) integers
        The labels with blanks between them.
    lengths : (N,) integers
        The number of labels of each sequence.
    mask : (T, N) booleans
        True where a step counts.

    Returns
    -------
    log_beta : (T+1, 2S+1, N)
        After 0, 1, ..., T steps. At the end it is 1 at the last label and at the blank behind it, and 0 elsewhere.
    """
    places, allowed = len(extended), skips(extended)
    log_beta = np.full((len(log_p) + 1, *extended.shape), -np.inf, dtype=log_p.dtype)
    at = np.arange(places)[:, None]
    log_beta[-1][(at == 2 * lengths) | (at == 2 * lengths - 1)] = 0
    for t in reversed(range(len(log_p))):
        after = log_beta[t + 1]
        ahead = after + np.take_along_axis(log_p[t], extended.T, axis=1).T
        reached = np.logaddexp(ahead, moved(ahead, -1)) if places > 1 else ahead
        skipped = moved(np.where(allowed, ahead, -np.inf), -2) if places > 2 else -np.inf
        log_beta[t] = np.where(mask[t], np.logaddexp(reached, skipped), after)
    return log_beta


def _everything(
    y: FloatArray, targets: IntArray, mask: BoolArray | None, target_mask: BoolArray | None
) -> tuple[IntArray, IntArray, BoolArray]:
    """The labels with blanks, their number, and the mask of the steps."""
    counts = np.ones(targets.shape, dtype=bool) if target_mask is None else target_mask
    if (counts[1:] & ~counts[:-1]).any():
        raise ValueError(
            "ctc: the argument target_mask must be True for the first labels of a sequence and False behind them."
        )
    if (targets[counts] == BLANK).any():
        raise ValueError("ctc: the argument targets must hold no blank, which is number 0, where target_mask is True.")
    every = np.ones(y.shape[:2], dtype=bool) if mask is None else mask
    return with_blanks(np.where(counts, targets, BLANK)), counts.sum(axis=0), every


@takes(y="T N V", targets="int S N < V", mask="optional bool T N", target_mask="optional bool S N")
def ctc(
    y: FloatArray, targets: IntArray, mask: BoolArray | None = None, target_mask: BoolArray | None = None
) -> FloatScalar:
    """The CTC loss, summed over the sequences: -log of the probability of all alignments that come to the labels.

    L = sum over n of  -log sum over alignments of the labels of  product over t of p_t(what the alignment says at t)

    Parameters
    ----------
    y : (T, N, V)
        The scores of the blank, number 0, and of the labels 1 to V - 1.
    targets : (S, N) integers
        The labels of each sequence, in their order, from 1 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.
    target_mask : (S, N) booleans, or None
        True where a label counts, False behind the last one of a sequence. None counts every label.

    Returns
    -------
    L : a number
        The loss; inf if a sequence has too few steps for its labels: one for each, and one more between two equal neighbours.

    Raises
    ------
    ValueError
        If a label that counts is the blank.
    """
    extended, lengths, counts = _everything(y, targets, mask, target_mask)
    log_alpha = forward_variables(log_softmax(y), extended, counts)
    return -np.sum(ends(log_alpha[-1], lengths))


def ends(log_alpha: FloatArray, lengths: IntArray) -> FloatArray:
    """The logarithms (N,) of the probabilities of ending at the last label or at the blank behind it."""
    columns = np.arange(len(lengths))
    at_label = np.where(lengths > 0, log_alpha[np.maximum(2 * lengths - 1, 0), columns], -np.inf)
    total: FloatArray = np.logaddexp(log_alpha[2 * lengths, columns], at_label.astype(log_alpha.dtype))
    return total


@takes(y="T N V", targets="int S N < V", mask="optional bool T N", target_mask="optional bool S N")
def ctc_backward(
    y: FloatArray, targets: IntArray, mask: BoolArray | None = None, target_mask: BoolArray | None = None
) -> FloatArray:
    """The gradient of the CTC loss: the predicted probabilities, less the probability of each label there given the targets.

    dy[t, n, v] = p_t(v) - sum over places s with label v of  alpha_t(s) beta_t(s) / p(labels)

    Parameters
    ----------
    y : (T, N, V)
        The scores of the blank, number 0, and of the labels 1 to V - 1.
    targets : (S, N) integers
        The labels of each sequence, in their order, from 1 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.
    target_mask : (S, N) booleans, or None
        True where a label counts, False behind the last one of a sequence. None counts every label.

    Returns
    -------
    dy : (T, N, V)
        The gradient with respect to the scores; 0 at padding, and for a sequence whose loss is inf.

    Raises
    ------
    ValueError
        If a label that counts is the blank.
    """
    extended, lengths, counts = _everything(y, targets, mask, target_mask)
    log_p = log_softmax(y)
    log_alpha = forward_variables(log_p, extended, counts)
    total = ends(log_alpha[-1], lengths)
    possible = np.isfinite(total)
    log_beta = backward_variables(log_p, extended, lengths, counts)
    at_place = np.exp(log_alpha[1:] + log_beta[1:] - np.where(possible, total, 0))
    dy = np.exp(log_p)
    for place, labels in enumerate(extended):
        dy[:, np.arange(len(labels)), labels] -= at_place[:, place]
    return np.where(counts[..., None] & possible[:, None], dy, 0)


def collapse(path: IntArray) -> list[int]:
    """What an alignment comes to: equal neighbours become one, then blanks are left out.

    Parameters
    ----------
    path : (T,) integers
        A label, or the blank, for each step.

    Returns
    -------
    labels : list of integers
    """
    return [int(label) for t, label in enumerate(path) if label != BLANK and (t == 0 or label != path[t - 1])]


@takes(y="T N V", mask="optional bool T N")
def best_path(y: FloatArray, mask: BoolArray | None = None) -> list[list[int]]:
    """What the most likely alignment of each sequence comes to; another sequence of labels may be more likely, summed up.

    Parameters
    ----------
    y : (T, N, V)
        The scores.
    mask : (T, N) booleans, or None
        True where a step counts. None counts every step.

    Returns
    -------
    labels : a list of lists of integers
        The labels of each sequence.
    """
    path = y.argmax(axis=2)
    every = np.ones(path.shape, dtype=bool) if mask is None else mask
    return [collapse(path[every[:, n], n]) for n in range(path.shape[1])]


def edit_distance(made: list[int], right: list[int]) -> int:
    """The fewest insertions, deletions and replacements of labels that turn one list into the other.

    Parameters
    ----------
    made : list of integers
    right : list of integers

    Returns
    -------
    distance : int

    Source: Levenshtein's distance, as in Jurafsky and Martin, "Speech and Language Processing", 3rd edition draft.
    """
    row = list(range(len(right) + 1))
    for i, one in enumerate(made, start=1):
        above, row[0] = row[0], i
        for j, other in enumerate(right, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (one != other))
    return row[-1]
