"""Dropout between layers: units are left out at random while the network learns."""

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


def check_probability(function: str, p: float) -> None:
    """Raise ValueError unless 0 <= p < 1."""
    if not 0 <= p < 1:
        raise ValueError(f"{function}: the argument p must be from 0 to below 1, but is {p}.")


@takes(x="T N D", u="T N D")
def dropout(x: FloatArray, u: FloatArray, p: float) -> FloatArray:
    """Leave out each number with probability p, and scale up the others, so that the mean stays the same.

    y = x / (1 - p)  where u >= p,  else 0

    Parameters
    ----------
    x : (T, N, D)
        What a layer gives to the next one.
    u : (T, N, D)
        Uniform random numbers from 0 to below 1. The randomness is an argument, so the function has none of its own.
    p : float
        The probability of leaving out, from 0 to below 1.

    Returns
    -------
    y : (T, N, D)

    Raises
    ------
    ValueError
        If p is not from 0 to below 1.

    Source: Srivastava et al., "Dropout", 2014; between layers and not from step to step: Zaremba, Sutskever and Vinyals,
    "Recurrent neural network regularization", 2014.
    """
    check_probability("dropout", p)
    return x * (u >= p) / (1 - p)


@takes(dy="T N D", u="T N D")
def dropout_backward(dy: FloatArray, u: FloatArray, p: float) -> FloatArray:
    """The gradient of dropout: dx = dy / (1 - p) where u >= p, else 0.

    Parameters
    ----------
    dy : (T, N, D)
        The gradient of the loss with respect to the result of ``dropout``.
    u : (T, N, D)
        The numbers that ``dropout`` was given.
    p : float
        The probability that it was given.

    Returns
    -------
    dx : (T, N, D)

    Raises
    ------
    ValueError
        If p is not from 0 to below 1.

    Source: Srivastava et al., "Dropout", 2014.
    """
    check_probability("dropout_backward", p)
    return dy * (u >= p) / (1 - p)
