"""How wrong the predictions of a sequence are."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, FloatScalar, IntArray


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def cross_entropy(y: FloatArray, targets: IntArray, mask: BoolArray | None = None) -> FloatScalar:
    """Softmax cross-entropy, summed over the steps and the sequences.

    L = sum over t, n with mask[t, n] of  -log softmax(y[t, n])[targets[t, n]]      (5)

    Parameters
    ----------
    y : (T, N, V)
        The scores of the V words.
    targets : (T, N) integers
        The word that was right, from 0 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.

    Returns
    -------
    L : a number
        The loss; 0 if no step counts.

    The largest score is subtracted first: softmax stays the same, and exp cannot overflow.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, sections 4.1 and 10.2.
    """
    shifted = y - y.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    loss = -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]
    if mask is not None:
        loss = np.where(mask, loss, 0)
    return np.sum(loss)


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def cross_entropy_backward(y: FloatArray, targets: IntArray, mask: BoolArray | None = None) -> FloatArray:
    """The gradient of the summed cross-entropy: the predicted probabilities, less 1 for the word that was right.

    dy[t, n] = softmax(y[t, n]) - onehot(targets[t, n]),  and 0 where the mask is False

    Parameters
    ----------
    y : (T, N, V)
        The scores of the V words.
    targets : (T, N) integers
        The word that was right, from 0 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.

    Returns
    -------
    dy : (T, N, V)
        The gradient with respect to the scores.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.2.
    """
    dy = np.exp(y - y.max(axis=-1, keepdims=True))
    dy /= dy.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(dy, targets[..., None], axis=-1)
    np.put_along_axis(dy, targets[..., None], right - 1, axis=-1)
    return dy if mask is None else np.where(mask[..., None], dy, 0)


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def mean_cross_entropy(y: FloatArray, targets: IntArray, mask: BoolArray | None = None) -> FloatScalar:
    """Softmax cross-entropy, averaged over the steps that count: cross_entropy / M, where M is their number.

    Parameters
    ----------
    y : (T, N, V)
        The scores of the V words.
    targets : (T, N) integers
        The word that was right, from 0 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.

    Returns
    -------
    L : a number
        The loss; 0 if no step counts.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.
    """
    count = targets.size if mask is None else int(np.count_nonzero(mask))
    return cross_entropy(y, targets, mask) / max(count, 1)


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def mean_cross_entropy_backward(y: FloatArray, targets: IntArray, mask: BoolArray | None = None) -> FloatArray:
    """The gradient of the averaged cross-entropy: that of the sum, divided by the number of steps that count.

    Parameters
    ----------
    y : (T, N, V)
        The scores of the V words.
    targets : (T, N) integers
        The word that was right, from 0 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.

    Returns
    -------
    dy : (T, N, V)
        The gradient with respect to the scores.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.2.
    """
    count = targets.size if mask is None else int(np.count_nonzero(mask))
    return cross_entropy_backward(y, targets, mask) / max(count, 1)


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def perplexity(y: FloatArray, targets: IntArray, mask: BoolArray | None = None) -> FloatScalar:
    """The number of equally likely words that would be as hard to guess.

    perplexity = exp(L / M),  where M is the number of steps that count    (6)

    Parameters
    ----------
    y : (T, N, V)
        The scores of the V words.
    targets : (T, N) integers
        The word that was right, from 0 to V - 1.
    mask : (T, N) booleans, or None
        True where a step counts, False where it is padding. None counts every step.

    Returns
    -------
    perplexity : a number
        1 for a perfect prediction, V for one that finds all V words equally likely.

    Raises
    ------
    ValueError
        If no step counts: the perplexity of nothing is not defined.

    Source: Jurafsky and Martin, "Speech and Language Processing", 3rd edition draft, section 3.3.
    """
    count = targets.size if mask is None else int(np.count_nonzero(mask))
    if count == 0:
        raise ValueError("perplexity: no step counts, so there is nothing to average over.")
    return np.exp(cross_entropy(y, targets, mask) / count)
