"""What one step does to a small change of the state, and what many steps do to it."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(h="N H", W_h="H H")
def step_jacobian(h: FloatArray, W_h: FloatArray, activation: str = "tanh") -> FloatArray:
    """The Jacobian of one step of the vanilla network.

    J_t = dh_t / dh_{t-1} = diag(1 - h_t^2) W_h,  for a ReLU with [h_t > 0] on the diagonal

    Parameters
    ----------
    h : (N, H)
        The hidden states after the step.
    W_h : (H, H)
        Weights from the hidden state to itself.
    activation : "tanh" or "relu"
        The network's.

    Returns
    -------
    J : (N, H, H)
        J[n, i, j] is the derivative of unit i after the step with respect to unit j before it.

    Raises
    ------
    ValueError
        If the activation is another word.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, section 2.
    """
    if activation not in ("tanh", "relu"):
        raise ValueError(f"step_jacobian: the argument activation must be 'tanh' or 'relu', but is {activation!r}.")
    slope = 1 - h**2 if activation == "tanh" else (h > 0).astype(h.dtype)
    return slope[:, :, None] * W_h


@takes(h="T N H", W_h="H H")
def span_jacobian(h: FloatArray, W_h: FloatArray, activation: str = "tanh") -> FloatArray:
    """The Jacobian of a span of steps: the product of the steps' Jacobians, the last one on the left.

    dh_T / dh_0 = J_T J_{T-1} ... J_1

    Parameters
    ----------
    h : (T, N, H)
        The hidden states after each step of the span.
    W_h : (H, H)
        Weights from the hidden state to itself.
    activation : "tanh" or "relu"
        The network's.

    Returns
    -------
    J : (N, H, H)
        The identity for a span of no steps.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013, section 2.
    """
    N, H = h.shape[1:]
    product = np.tile(np.eye(H, dtype=h.dtype), (N, 1, 1))
    for h_t in h:
        product = step_jacobian(h_t, W_h, activation) @ product
    return product


@takes(J="H H")
def spectral_radius(J: FloatArray) -> float:
    """The largest absolute value of an eigenvalue: in the long run, powers of J grow or shrink by this factor a step.

    Parameters
    ----------
    J : (H, H)
        A square matrix, for example W_h.

    Returns
    -------
    radius : float

    Source: Horn and Johnson, "Matrix analysis", 2013, section 5.6 (Gelfand's formula).
    """
    return float(np.abs(np.linalg.eigvals(J)).max())


def singular_values(J: FloatArray) -> FloatArray:
    """The lengths to which J brings vectors of length 1, along the axes that it keeps apart.

    Parameters
    ----------
    J : (..., H, H)
        One matrix or many.

    Returns
    -------
    sigma : (..., H)
        The largest first. No vector grows by more than sigma[..., 0] in one product.

    Source: Horn and Johnson, "Matrix analysis", 2013, section 2.6.
    """
    return np.linalg.svd(J, compute_uv=False)
