"""How a change of an LSTM's cell state lives on: along the cell alone, and along every path."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy.arrays import FloatArray


@takes(f="T N H")
def direct_path(f: FloatArray) -> FloatArray:
    """The derivative along the cell state alone: the product of the forget gates.

    dc_T / dc_0 on the direct path = f_T * f_{T-1} * ... * f_1,  a diagonal matrix

    Parameters
    ----------
    f : (T, N, H)
        The forget gates of the steps of the span.

    Returns
    -------
    d : (N, H)
        The diagonal; ones for a span of no steps.

    Source: Gers, Schmidhuber and Cummins, "Learning to forget", 2000.
    """
    product: FloatArray = np.prod(f, axis=0)
    return product


@takes(c="N H", c_prev="N H", gates="4 N H", W_h="4H H")
def step_jacobian(c: FloatArray, c_prev: FloatArray, gates: FloatArray, W_h: FloatArray) -> FloatArray:
    """The Jacobian of one step of an LSTM, from both states to both states.

    dc_t/dc_{t-1} = diag(f),    dc_t/dh_{t-1} = diag(g i (1 - i)) W_hi + diag(c_{t-1} f (1 - f)) W_hf + diag(i (1 - g^2)) W_hg
    dh_t/d... = diag(o (1 - tanh(c_t)^2)) dc_t/d... + diag(tanh(c_t) o (1 - o)) W_ho,  the last for h_{t-1} only

    Parameters
    ----------
    c : (N, H)
        The cell states after the step.
    c_prev : (N, H)
        The cell states before it.
    gates : (4, N, H)
        i, f, o and g, as ``lstm.step`` returned them.
    W_h : (4H, H)
        Weights from the hidden state, in blocks i, f, o, g.

    Returns
    -------
    J : (N, 2H, 2H)
        Rows and columns first for c, then for h.

    Source: derived from the equations of ``lstm.step``; tested against PyTorch's autograd.
    """
    (i, f, o, g), (W_i, W_f, W_o, W_g) = gates, np.split(W_h, 4)
    dc_dc = f[:, :, None] * np.eye(c.shape[1], dtype=c.dtype)
    dc_dh = (g * i * (1 - i))[:, :, None] * W_i + (c_prev * f * (1 - f))[:, :, None] * W_f
    dc_dh = dc_dh + (i * (1 - g**2))[:, :, None] * W_g
    tanh_c = np.tanh(c)
    through_c = (o * (1 - tanh_c**2))[:, :, None]
    dh_dh = through_c * dc_dh + (tanh_c * o * (1 - o))[:, :, None] * W_o
    return np.block([[dc_dc, dc_dh], [through_c * dc_dc, dh_dh]])


@takes(c_0="N H", c="T N H", gates="4 T N H", W_h="4H H")
def full_derivative(c_0: FloatArray, c: FloatArray, gates: FloatArray, W_h: FloatArray) -> FloatArray:
    """The derivative of the last cell state with respect to the first, along every path, also through the gates.

    [dc_T/dc_0, dc_T/dh_0] = the upper rows of J_T J_{T-1} ... J_1;  the result is the first of the two

    Parameters
    ----------
    c_0 : (N, H)
        The cell states before the span.
    c : (T, N, H)
        The cell states, as ``lstm.forward`` returned them.
    gates : (4, T, N, H)
        i, f, o and g, as ``lstm.forward`` returned them.
    W_h : (4H, H)
        Weights from the hidden state, in blocks i, f, o, g.

    Returns
    -------
    D : (N, H, H)
        D[n, i, j] is the derivative of cell i at the end with respect to cell j at the beginning, h_0 held fixed.

    Source: derived from the equations of ``lstm.step``; tested against PyTorch's autograd.
    """
    N, H = c_0.shape
    product = np.broadcast_to(np.eye(2 * H, dtype=c.dtype), (N, 2 * H, 2 * H))
    for t in range(len(c)):
        product = step_jacobian(c[t], c[t - 1] if t > 0 else c_0, gates[:, t], W_h) @ product
    return product[:, :H, :H].copy()


@takes(gates="4 T N H")
def saturation(gates: FloatArray, low: float = 0.1, high: float = 0.9) -> dict[str, tuple[FloatArray, FloatArray]]:
    """How often each gate of each unit is nearly shut, and how often nearly open.

    Parameters
    ----------
    gates : (4, T, N, H)
        i, f, o and g, as ``lstm.forward`` returned them.
    low, high : float
        Below ``low`` a gate counts as shut, above ``high`` as open.

    Returns
    -------
    shares : dict
        For each of "i", "f" and "o" two arrays (H,): the share of steps and sequences at which it is shut, and open. The
        candidate g is not a gate.

    Source: Karpathy, Johnson and Li, "Visualizing and understanding recurrent networks", 2015.
    """
    return {
        name: ((gate < low).mean(axis=(0, 1)), (gate > high).mean(axis=(0, 1)))
        for name, gate in zip("ifo", gates[:3], strict=True)
    }
