"""Is a gradient right? Compare it with differences of the function itself."""

from collections.abc import Callable, Mapping

import numpy as np

from solutions.with_numpy.arrays import FloatArray


class GradientMismatch(ValueError):
    """A gradient is not that of the function; the message says which, where, and by how much."""


def numerical_gradient(function: Callable[[FloatArray], float], array: FloatArray, step: float = 1e-5) -> FloatArray:
    """The gradient of a function of an array by central differences, one number at a time.

    df/da_k = (f(a + step e_k) - f(a - step e_k)) / (2 step),  with an error that shrinks as step^2

    Parameters
    ----------
    function
        Takes an array of the same shape and returns a number.
    array : float64, any shape
        Where the gradient is asked for.
    step : float
        How far to move. Much smaller, and rounding spoils the difference; much larger, and the curve does.

    Returns
    -------
    gradient : the shape of ``array``

    Raises
    ------
    TypeError
        If the array is not float64: single precision is too coarse for differences.

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 11.5.
    """
    if array.dtype != np.float64:
        raise TypeError(f"numerical_gradient: the argument array must be float64, but its dtype is {array.dtype}.")
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2 * step)
    return gradient


def relative_error(a: FloatArray, b: FloatArray) -> float:
    """The largest difference of two arrays, relative to the largest number in either.

    error = max |a - b| / max(max |a|, max |b|),  and 0 for two arrays of zeros

    Parameters
    ----------
    a, b : the same shape

    Returns
    -------
    error : float

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"relative_error: the shapes must be the same, but are {np.shape(a)} and {np.shape(b)}.")
    scale = np.abs([a, b]).max(initial=0.0)
    return float(np.abs(a - b).max(initial=0.0) / scale) if scale != 0 else 0.0


def check_gradients(
    loss: Callable[..., float], arguments: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray],
    tolerance: float = 1e-6,
) -> dict[str, float]:  # fmt: skip
    """Compare each gradient with its central differences.

    Parameters
    ----------
    loss
        Takes the arguments by name and returns a number.
    arguments : dict of float64 arrays
        Where to compare.
    gradients : dict of arrays
        The gradients to be checked, by the name of their argument.
    tolerance : float
        The largest relative error that is accepted.

    Returns
    -------
    errors : dict
        The relative error of each gradient.

    Raises
    ------
    GradientMismatch
        If an error is larger; the message names the worst argument, the place, both numbers and the error.
    """
    errors, numerical = {}, {}
    for name, gradient in gradients.items():

        def along(array: FloatArray, name: str = name) -> float:
            return loss(**{**arguments, name: array})

        numerical[name] = numerical_gradient(along, arguments[name])
        errors[name] = relative_error(gradient, numerical[name])
    worst = max(errors, key=lambda name: np.inf if np.isnan(errors[name]) else errors[name])
    if not errors[worst] <= tolerance:
        mine, theirs = gradients[worst], numerical[worst]
        place = np.unravel_index(int(np.argmax(np.abs(mine - theirs))), mine.shape)
        raise GradientMismatch(
            f"The gradient {worst}[{', '.join(map(str, place))}] is {mine[place]:.8g}, but the difference is "
            f"{theirs[place]:.8g}: a relative error of {errors[worst]:.2g}."
        )
    return errors
