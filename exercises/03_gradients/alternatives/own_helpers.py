"""Helper functions in a cell of their own, other names for the arguments, and recursion in place of the loop."""

from functools import reduce

import numpy as np


def slope_of(state, kind):
    return 1 - state**2 if kind == "tanh" else np.sign(state)


def length(array):
    return np.sqrt(np.sum(array * array, axis=-1))


def back_from(gradient, states, U):
    """The gradient's length at these states and at all before them."""
    if len(states) == 0:
        return [length(gradient)]
    return [length(gradient), *back_from((gradient * slope_of(states[-1], "tanh")) @ U, states[:-1], U)]


def mapped(change, arrays):
    return {name: change(array) for name, array in arrays.items()}


def step_jacobian(state, U, kind="tanh"):
    return np.array([np.diag(row) @ U for row in slope_of(state, kind)])


def span_jacobian(states, U, kind="tanh"):
    return reduce(
        lambda product, state: step_jacobian(state, U, kind) @ product, states[1:], step_jacobian(states[0], U, kind)
    )


def singular_values(matrices):
    return np.linalg.svd(matrices, compute_uv=False, hermitian=False)


def spectral_radius(matrix):
    return np.sort(np.absolute(np.linalg.eigvals(matrix)))[-1].item()


def gradient_norm_by_lag(gradient, states, U):
    return np.array(back_from(gradient, states, U))


def clip_by_value(arrays, most):
    return mapped(
        lambda array: np.where(np.abs(array) > most, np.sign(array) * most, array).astype(array.dtype), arrays
    )


def global_norm(arrays):
    return float(np.hypot.reduce([np.linalg.norm(array.astype(np.float64)) for array in arrays.values()]))


def clip_by_global_norm(arrays, most):
    size = global_norm(arrays)
    return mapped(lambda array: array * min(1.0, most / size) if size else array.copy(), arrays), size
