"""What minimal gated networks squash with, and the logarithms of it."""

import numpy as np

from solutions.with_numpy.arrays import FloatArray


def positive(a: FloatArray) -> FloatArray:
    """A function with positive values, so that states have logarithms.

    g(a) = a + 1/2  for a >= 0,  sigmoid(a)  for a < 0

    Parameters
    ----------
    a : an array of any shape

    Returns
    -------
    g : an array of that shape

    Source: Feng et al., "Were RNNs all we needed?", 2024, appendix B.
    """
    return np.where(a >= 0, a + a.dtype.type(0.5), (1 + np.tanh(np.minimum(a, 0) / 2)) / 2)


def log_positive(a: FloatArray) -> FloatArray:
    """The logarithm of ``positive``, exact far below zero too, where its value rounds to 0.

    log g(a) = log(a + 1/2)  for a >= 0,  log sigmoid(a)  for a < 0

    Parameters
    ----------
    a : an array of any shape

    Returns
    -------
    log_g : an array of that shape

    Source: Feng et al., "Were RNNs all we needed?", 2024, appendix B.
    """
    return np.where(a >= 0, np.log(np.maximum(a, 0) + a.dtype.type(0.5)), log_sigmoid(a))


def log_sigmoid(a: FloatArray) -> FloatArray:
    """The logarithm of the sigmoid, without overflow.

    log sigmoid(a) = -log(1 + exp(-a))

    Parameters
    ----------
    a : an array of any shape

    Returns
    -------
    log_s : an array of that shape
    """
    return -np.logaddexp(a.dtype.type(0), -a)
