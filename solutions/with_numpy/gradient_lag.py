"""How much of a gradient at the last step reaches the steps before it, in any cell."""

import numpy as np

from solutions.arguments import takes
from solutions.with_numpy import recurrent
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.recurrent import CELLS, States, Tape


def state_gradients(dstate_T: States, tape: Tape) -> dict[str, FloatArray]:
    """The gradient with respect to each state at each step, from a gradient at the end of the sequence alone.

    Parameters
    ----------
    dstate_T : a tuple of (N, H)
        The gradient of the loss with respect to the last states.
    tape : Tape
        As ``recurrent.forward`` returned it.

    Returns
    -------
    gradients : dict
        For each state of the cell ("h", and "c" in an LSTM) an array (T + 1, N, H): at [t] the gradient with respect to
        that state after t steps, at [0] to the initial one. In an LSTM both are states: the gradient of one is taken with
        the other held fixed.

    Source: Werbos, "Backpropagation through time: what it does and how to do it", 1990.
    """
    kind, count = CELLS[tape.cell], len(tape.state_0)
    T, dstates = len(tape.x), [dstate_T]
    for t in reversed(range(T)):
        before = tape.state_0 if t == 0 else tuple(states[t - 1] for states in tape.made[:count])
        mask = None if tape.mask is None else tape.mask[t : t + 1]
        made = tuple(one_step(array, t, index < count) for index, array in enumerate(tape.made))
        step = Tape(tape.cell, tape.x[t : t + 1], before, tape.weights, mask, made)
        nothing = np.zeros_like(dstate_T[0])[None]
        dstates.append(recurrent.backward(nothing, dstates[-1], step)[1])
    return {name: np.stack([d[index] for d in reversed(dstates)]) for index, name in enumerate(kind.states)}


def one_step(array: FloatArray, t: int, is_state: bool) -> FloatArray:
    """Step t of a sequence of states (T, N, H), or of gates (G, T, N, H)."""
    return array[t : t + 1] if is_state else array[:, t : t + 1]


def gradient_norm_by_lag(dstate_T: States, tape: Tape) -> dict[str, FloatArray]:
    """The length of the gradient with respect to each state, by how many steps before the end it stands.

    norm[k, n] = || dL / dstate_{T-k}[n] ||

    Parameters
    ----------
    dstate_T : a tuple of (N, H)
        The gradient of the loss with respect to the last states.
    tape : Tape
        As ``recurrent.forward`` returned it.

    Returns
    -------
    norms : dict
        For each state of the cell an array (T + 1, N), at [k] for lag k.

    Source: Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", diploma thesis, 1991; Bengio, Simard and
    Frasconi, "Learning long-term dependencies with gradient descent is difficult", 1994.
    """
    return {name: np.linalg.norm(g, axis=2)[::-1].copy() for name, g in state_gradients(dstate_T, tape).items()}


@takes(dh_T="N H", h="T N H", W_h="H H")
def rnn_gradient_norms(dh_T: FloatArray, h: FloatArray, W_h: FloatArray) -> FloatArray:
    """The length of the gradient in a vanilla network, by how many steps before the end the state stands.

    norm[k, n] = || dL / dh_{T-k}[n] ||,    where    dL / dh_{t-1} = W_h^T ((1 - h_t^2) * dL / dh_t)

    Parameters
    ----------
    dh_T : (N, H)
        The gradient of the loss with respect to the last hidden states. The loss depends on no other state directly.
    h : (T, N, H)
        The hidden states after each step, without h_0.
    W_h : (H, H)
        Weights from the hidden state to itself.

    Returns
    -------
    norms : (T + 1, N)
        norms[0] belongs to the last states, norms[T] to the initial ones.

    Source: Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen", diploma thesis, 1991.
    """
    dh, norms = dh_T, [np.linalg.norm(dh_T, axis=1)]
    for h_t in h[::-1]:
        dh = (dh * (1 - h_t**2)) @ W_h
        norms.append(np.linalg.norm(dh, axis=1))
    return np.stack(norms)
