"""Truncated backpropagation through time: the state is carried over from block to block, the gradient is not."""

from collections.abc import Callable, Iterator

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy import recurrent
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.recurrent import States, Weights
from solutions.with_numpy.rnn import step_backward

Gradients = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def blocks(T: int, k: int) -> Iterator[tuple[int, int]]:
    """The first step of each block of k steps, and the one after its last; the last block may be shorter.

    Raises
    ------
    ValueError
        If k is below 1.
    """
    if k < 1:
        raise ValueError(f"The argument k must be at least 1 step, but is {k}.")
    for start in range(0, T, k):
        yield start, min(start + k, T)


@takes(dh="T N H", x="T N D", h_0="N H", h="T N H", W_x="H D", W_h="H H")
def truncated_backward(
    dh: FloatArray, x: FloatArray, h_0: FloatArray, h: FloatArray, W_x: FloatArray, W_h: FloatArray, k: int
) -> Gradients:
    """The gradients of the vanilla network when no gradient goes from one block of k steps to the block before.

    Blocks are counted from the first step; the last one may be shorter. The loop is that of ``rnn.backward``, but where a
    block ends, what the step after it would hand back is dropped.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone, not through later steps.
    x : (T, N, D)
        The inputs.
    h_0 : (N, H)
        The hidden states before the first step.
    h : (T, N, H)
        The hidden states, as ``rnn.forward`` returned them.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.
    k : int
        The length of a block. From T on, nothing is cut: the result is that of ``rnn.backward``.

    Returns
    -------
    dx : (T, N, D)
    dh_0 : (N, H)
    dW_x : (H, D)
    dW_h : (H, H)
    db : (H,)
        What is left of the gradients with respect to the arguments of ``rnn.forward``.

    Raises
    ------
    ValueError
        If k is below 1.

    Source: Williams and Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories", 1990.
    """
    if k < 1:
        raise ValueError(f"The argument k must be at least 1 step, but is {k}.")
    dx, dh_next = np.empty_like(x), np.zeros_like(h_0)
    dW_x, dW_h, db = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(len(W_h), dtype=W_h.dtype)
    for t in reversed(range(len(x))):
        if (t + 1) % k == 0:
            dh_next = np.zeros_like(h_0)
        h_prev = h[t - 1] if t > 0 else h_0
        gradients = step_backward(dh[t] + dh_next, x[t], h_prev, h[t], W_x, W_h)
        dx[t], dh_next = gradients[:2]
        dW_x, dW_h, db = dW_x + gradients[2], dW_h + gradients[3], db + gradients[4]
    return dx, dh_next, dW_x, dW_h, db


def truncation_error(truncated: FloatArray, full: FloatArray) -> float:
    """How much of a gradient the cut has taken away, relative to the whole.

    error = ||truncated - full|| / ||full||

    Parameters
    ----------
    truncated, full : the same shape

    Returns
    -------
    error : float
        0 where nothing is lost; 1 where all is, or where the full gradient is zero and the other is not.
    """
    lost, whole = float(np.linalg.norm(truncated - full)), float(np.linalg.norm(full))
    if whole == 0:
        return 0.0 if lost == 0 else 1.0
    return lost / whole


def truncated_segments(
    cell: str, x: FloatArray, state_0: States, weights: Weights, k: int,
    loss: Callable[[FloatArray, slice], tuple[float, FloatArray]], mask: BoolArray | None = None,
) -> Iterator[tuple[float, Weights, States]]:  # fmt: skip
    """Run any cell block by block, forward and backward, as one trains on a stream that never ends.

    Parameters
    ----------
    cell : str
        A name in ``recurrent.CELLS``.
    x : (T, N, D)
        The inputs.
    state_0 : a tuple of (N, H)
        The states before the first step.
    weights : dict
        The weights by name. A dict that the caller changes between blocks is used as it then is.
    k : int
        The length of a block.
    loss
        Takes the hidden states of a block (k, N, H) and the slice of its steps; returns the block's loss and dh (k, N, H).
    mask : (T, N) booleans, or None
        True where a step counts. None counts every step.

    Yields
    ------
    L : float
    dweights : dict
    state : a tuple of (N, H)
        Of each block its loss, the gradients of its weights, and the states after it.

    Raises
    ------
    ValueError
        If k is below 1.

    Source: Williams and Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
    trajectories", 1990.
    """
    state = state_0
    for start, end in blocks(len(x), k):
        steps = slice(start, end)
        h, state, tape = recurrent.forward(cell, x[steps], state, weights, None if mask is None else mask[steps])
        L, dh = loss(h, steps)
        _, _, dweights = recurrent.backward(dh, tuple(np.zeros_like(s) for s in state), tape)
        yield L, dweights, state
