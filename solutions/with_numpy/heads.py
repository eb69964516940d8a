"""What stands on the hidden states and before the inputs: one answer for a sequence, or a sequence from one input.

Many-to-many, one answer for each step, is ``affine.affine`` on all hidden states.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray
from solutions.with_numpy.padding import lengths_of


def last_steps(function: str, mask: BoolArray) -> tuple[IntArray, IntArray]:
    """The indices [t, n] of the last step that counts, of each sequence."""
    lengths = lengths_of(mask)
    if (lengths == 0).any():
        raise ValueError(
            f"{function}: the sequence {int(np.argmin(lengths))} has no step that counts, so it has no last one."
        )
    return lengths - 1, np.arange(len(lengths))


@takes(h="T N H", mask="bool T N", W_y="V H", b_y="V")
def many_to_one(h: FloatArray, mask: BoolArray, W_y: FloatArray, b_y: FloatArray) -> FloatArray:
    """Scores for each whole sequence, from the hidden state at its own last step.

    y[n] = W_y h[length_n - 1, n] + b_y

    Parameters
    ----------
    h : (T, N, H)
        The hidden states. Those at padding are not read.
    mask : (T, N) booleans
        True where a step counts.
    W_y : (V, H)
        Weights from the hidden state to the scores.
    b_y : (V,)
        The bias.

    Returns
    -------
    y : (N, V)

    Raises
    ------
    ValueError
        If a sequence has no step that counts.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2 (figure 10.5).
    """
    last = mask.sum(axis=0) - 1
    n = int(np.argmin(last))
    if last[n] < 0:
        raise ValueError(f"many_to_one: the sequence {n} has no step that counts, so it has no last one.")
    y: FloatArray = h[last, np.arange(len(last))] @ W_y.T + b_y
    return y


@takes(dy="N V", h="T N H", mask="bool T N", W_y="V H")
def many_to_one_backward(
    dy: FloatArray, h: FloatArray, mask: BoolArray, W_y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The gradients of ``many_to_one``: zero at every step but the last of each sequence.

    Parameters
    ----------
    dy : (N, V)
        The gradient of the loss with respect to the scores.
    h : (T, N, H)
        The hidden states.
    mask : (T, N) booleans
        True where a step counts.
    W_y : (V, H)
        Weights from the hidden state to the scores.

    Returns
    -------
    dh : (T, N, H)
    dW_y : (V, H)
    db_y : (V,)

    Raises
    ------
    ValueError
        If a sequence has no step that counts.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2.2.
    """
    places = last_steps("many_to_one_backward", mask)
    dh = np.zeros_like(h)
    dh[places] = dy @ W_y
    return dh, dy.T @ h[places], dy.sum(axis=0)


@takes(x="N D")
def one_to_many_inputs(x: FloatArray, T: int) -> FloatArray:
    """The inputs of a network that gets one vector and makes a sequence of it: the vector first, then zeros.

    Parameters
    ----------
    x : (N, D)
        One vector for each sequence.
    T : int
        The number of steps, at least 1.

    Returns
    -------
    x : (T, N, D)

    Raises
    ------
    ValueError
        If T is below 1.

    Source: Karpathy and Fei-Fei, "Deep visual-semantic alignments for generating image descriptions", 2015, where the
    picture is given at the first step alone.
    """
    if T < 1:
        raise ValueError(f"one_to_many_inputs: the argument T must be at least 1 step, but is {T}.")
    inputs = np.zeros((T, *x.shape), dtype=x.dtype)
    inputs[0] = x
    return inputs


@takes(dinputs="T N D")
def one_to_many_inputs_backward(dinputs: FloatArray) -> FloatArray:
    """The gradient of the one vector: dx = dinputs[0].

    Parameters
    ----------
    dinputs : (T, N, D)
        The gradient of the loss with respect to the inputs.

    Returns
    -------
    dx : (N, D)

    Source: Karpathy and Fei-Fei, "Deep visual-semantic alignments for generating image descriptions", 2015.
    """
    dx: FloatArray = dinputs[0].copy()
    return dx
