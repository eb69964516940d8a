"""Sequences of unequal length in one batch: they are padded at the end, and a mask says which steps count."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import BoolArray, FloatArray, IntArray


@takes(lengths="int N")
def mask_of(lengths: IntArray, T: int) -> BoolArray:
    """The mask of sequences that begin together and end at their own lengths.

    mask[t, n] = t < lengths[n]

    Parameters
    ----------
    lengths : (N,) integers
        How many steps of each sequence count, from 0 to T.
    T : int
        The number of steps of the batch.

    Returns
    -------
    mask : (T, N) booleans
        True where a step counts.

    Raises
    ------
    ValueError
        If a length is below 0 or above T.
    """
    if lengths.size and (lengths.min() < 0 or lengths.max() > T):
        raise ValueError(
            f"mask_of: the argument lengths must hold numbers from 0 to T={T}, "
            f"but holds numbers from {lengths.min()} to {lengths.max()}."
        )
    return np.arange(T)[:, None] < lengths


@takes(mask="bool T N")
def lengths_of(mask: BoolArray) -> IntArray:
    """How many steps of each sequence count: lengths[n] = sum over t of mask[t, n].

    Parameters
    ----------
    mask : (T, N) booleans
        True where a step counts.

    Returns
    -------
    lengths : (N,) integers
    """
    lengths: IntArray = mask.sum(axis=0)
    return lengths


@takes(mask="optional bool T N", new="N H", old="N H")
def hold(mask: BoolArray | None, t: int, new: FloatArray, old: FloatArray) -> FloatArray:
    """A state after step t: the new one where the step counts, else the old one, unchanged.

    So the last state of the batch is the last state of every sequence, whatever its length.

    Parameters
    ----------
    mask : (T, N) booleans, or None
        True where a step counts. None counts every step.
    t : int
        The step.
    new : (N, H)
        The states that the step made.
    old : (N, H)
        The states before it.

    Returns
    -------
    state : (N, H)
    """
    return new if mask is None else np.where(mask[t, :, None], new, old)


@takes(h="T N H", mask="bool T N")
def zero_padding(h: FloatArray, mask: BoolArray) -> FloatArray:
    """The same array with zeros where no step counts, as PyTorch returns the outputs of packed sequences.

    Parameters
    ----------
    h : (T, N, H)
        Outputs or gradients.
    mask : (T, N) booleans
        True where a step counts.

    Returns
    -------
    h : (T, N, H)
    """
    return np.where(mask[..., None], h, 0)
