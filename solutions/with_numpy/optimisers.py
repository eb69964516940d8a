"""Rules that turn gradients into steps. What they remember is an argument and a result, so nothing hides in an object."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from solutions.with_numpy.arrays import FloatArray

Weights = dict[str, FloatArray]
State = dict[str, Any]


def check_names(function: str, weights: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray]) -> None:
    """Raise ValueError unless there is exactly one gradient for each weight."""
    if weights.keys() != gradients.keys():
        odd = ", ".join(sorted(weights.keys() ^ gradients.keys()))
        raise ValueError(f"{function}: weights and gradients must have the same names, but differ in {odd}.")


def sgd(
    weights: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray], state: State, learning_rate: float,
    momentum: float = 0.0,
) -> tuple[Weights, State]:  # fmt: skip
    """Stochastic gradient descent with momentum.

    v <- momentum * v + g,    w <- w - learning_rate * v

    Parameters
    ----------
    weights, gradients : dicts of arrays
        With the same names.
    state : dict
        What the last call returned; {} before the first.
    learning_rate : float
    momentum : float
        How much of the last step's direction is kept; 0 for none.

    Returns
    -------
    weights : dict of arrays
    state : dict
        New ones; the arguments stay as they were.

    Raises
    ------
    ValueError
        If the names differ.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, in the form of
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, and torch.optim.SGD.
    """
    check_names("sgd", weights, gradients)
    before = state.get("v", {})
    v = {name: momentum * before[name] + g if name in before else g.copy() for name, g in gradients.items()}
    return {name: w - learning_rate * v[name] for name, w in weights.items()}, {"v": v}


def adagrad(
    weights: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray], state: State, learning_rate: float,
    epsilon: float = 1e-10,
) -> tuple[Weights, State]:  # fmt: skip
    """Steps that shrink for each number by the gradients that it has seen.

    s <- s + g^2,    w <- w - learning_rate * g / (sqrt(s) + epsilon)

    Parameters
    ----------
    weights, gradients : dicts of arrays
        With the same names.
    state : dict
        What the last call returned; {} before the first.
    learning_rate : float
    epsilon : float
        Keeps the quotient finite.

    Returns
    -------
    weights : dict of arrays
    state : dict
        New ones; the arguments stay as they were.

    Raises
    ------
    ValueError
        If the names differ.

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
    """
    check_names("adagrad", weights, gradients)
    before = state.get("s", {})
    s = {name: before.get(name, 0) + g**2 for name, g in gradients.items()}
    steps = {name: learning_rate * g / (np.sqrt(s[name]) + epsilon) for name, g in gradients.items()}
    return {name: w - steps[name] for name, w in weights.items()}, {"s": s}


def adam(
    weights: Mapping[str, FloatArray], gradients: Mapping[str, FloatArray], state: State, learning_rate: float,
    beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
) -> tuple[Weights, State]:  # fmt: skip
    """Steps from running means of the gradient and of its square, both corrected for their start at zero.

    m <- beta_1 m + (1 - beta_1) g,    s <- beta_2 s + (1 - beta_2) g^2
    w <- w - learning_rate * (m / (1 - beta_1^k)) / (sqrt(s / (1 - beta_2^k)) + epsilon),  at the k-th call

    Parameters
    ----------
    weights, gradients : dicts of arrays
        With the same names.
    state : dict
        What the last call returned; {} before the first.
    learning_rate : float
    beta_1, beta_2 : float
        How slowly the two means move.
    epsilon : float
        Keeps the quotient finite.

    Returns
    -------
    weights : dict of arrays
    state : dict
        New ones; the arguments stay as they were.

    Raises
    ------
    ValueError
        If the names differ.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    """
    check_names("adam", weights, gradients)
    k, m_before, s_before = state.get("k", 0) + 1, state.get("m", {}), state.get("s", {})
    m = {name: beta_1 * m_before.get(name, 0) + (1 - beta_1) * g for name, g in gradients.items()}
    s = {name: beta_2 * s_before.get(name, 0) + (1 - beta_2) * g**2 for name, g in gradients.items()}
    scale = {name: np.sqrt(s[name] / (1 - beta_2**k)) + epsilon for name in s}
    new = {name: w - learning_rate / (1 - beta_1**k) * m[name] / scale[name] for name, w in weights.items()}
    return new, {"k": k, "m": m, "s": s}
