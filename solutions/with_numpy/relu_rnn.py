"""The vanilla recurrent network with a ReLU in place of tanh; with W_h set to the identity it is the IRNN.

Source of all functions: Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified linear units",
2015. The initialisation is ``initialisation.identity``. The forward pass over a sequence, its gradients and padding are in
``fast.rnn``, with ``activation="relu"``.
"""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(x="N D", h_prev="N H", W_x="H D", W_h="H H", b="H")
def step(x: FloatArray, h_prev: FloatArray, W_x: FloatArray, W_h: FloatArray, b: FloatArray) -> FloatArray:
    """One step.

    h_t = max(0, W_x x_t + W_h h_{t-1} + b)

    Parameters
    ----------
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states after the step before.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.
    b : (H,)
        The bias.

    Returns
    -------
    h : (N, H)
        The new hidden states.
    """
    return np.maximum(x @ W_x.T + h_prev @ W_h.T + b, 0)


@takes(dh="N H", x="N D", h_prev="N H", h="N H", W_x="H D", W_h="H H")
def step_backward(
    dh: FloatArray, x: FloatArray, h_prev: FloatArray, h: FloatArray, W_x: FloatArray, W_h: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """The gradients of one step, from the gradient of its result.

    da = dh where h_t > 0, else 0
    dx = W_x^T da,    dh_prev = W_h^T da
    dW_x = da x_t^T,  dW_h = da h_{t-1}^T,  db = da,  each summed over the sequences

    Parameters
    ----------
    dh : (N, H)
        The gradient of the loss with respect to this step's result, over every path.
    x : (N, D)
        The inputs of this step.
    h_prev : (N, H)
        The hidden states before it.
    h : (N, H)
        Its result, as ``step`` returned it.
    W_x : (H, D)
        Weights from the input to the hidden state.
    W_h : (H, H)
        Weights from the hidden state to itself.

    Returns
    -------
    dx : (N, D)
    dh_prev : (N, H)
    dW_x : (H, D)
    dW_h : (H, H)
    db : (H,)
        The gradients with respect to the arguments of ``step``.
    """
    da = np.where(h > 0, dh, 0)
    return da @ W_x, da @ W_h, da.T @ x, da.T @ h_prev, da.sum(axis=0)
