"""Two ways to keep a gradient from being too large. They differ in what they do to its direction."""

from collections.abc import Mapping

import numpy as np

from solutions.with_numpy.arrays import FloatArray

Gradients = dict[str, FloatArray]


def global_norm(gradients: Mapping[str, FloatArray]) -> float:
    """The length of all gradients taken as one vector.

    norm = sqrt(sum over all arrays and all numbers in them of the square)

    Parameters
    ----------
    gradients : dict of arrays

    Returns
    -------
    norm : float
        Computed in double precision, so that the squares of float32 cannot overflow.
    """
    return float(np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients.values())))


def clip_by_value(gradients: Mapping[str, FloatArray], limit: float) -> Gradients:
    """Bring every single number into the range from -limit to limit. This changes the direction.

    Parameters
    ----------
    gradients : dict of arrays
    limit : float
        Above 0; a number of Python's, which leaves the dtype of the gradients as it is.

    Returns
    -------
    clipped : dict of arrays
        New arrays of the same names.

    Raises
    ------
    ValueError
        If the limit is not above 0.

    Source: Mikolov, "Statistical language models based on neural networks", PhD thesis, 2012.
    """
    if not limit > 0:
        raise ValueError(f"clip_by_value: the argument limit must be above 0, but is {limit}.")
    return {name: np.clip(gradient, -limit, limit) for name, gradient in gradients.items()}


def clip_by_global_norm(gradients: Mapping[str, FloatArray], limit: float) -> tuple[Gradients, float]:
    """Scale all gradients by one factor where their common norm is above the limit. This keeps the direction.

    g <- g * limit / norm  if norm > limit,  else g as it is

    Parameters
    ----------
    gradients : dict of arrays
    limit : float
        Above 0; a number of Python's, which leaves the dtype of the gradients as it is.

    Returns
    -------
    clipped : dict of arrays
        New arrays of the same names.
    norm : float
        The norm before clipping.

    Raises
    ------
    ValueError
        If the limit is not above 0.
    FloatingPointError
        If the norm is not finite: there is no direction left to keep.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
    """
    if not limit > 0:
        raise ValueError(f"clip_by_global_norm: the argument limit must be above 0, but is {limit}.")
    norm = global_norm(gradients)
    if not np.isfinite(norm):
        raise FloatingPointError(f"clip_by_global_norm: the gradients' norm is {norm}, which no scaling can mend.")
    scale = limit / norm if norm > limit else 1.0
    return {name: gradient * scale for name, gradient in gradients.items()}, norm
