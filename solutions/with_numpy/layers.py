"""Layers on layers, and layers that read in both directions, of any cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solutions.with_numpy import recurrent
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.dropout import dropout, dropout_backward
from solutions.with_numpy.recurrent import States, Tape, Weights

BothStates = tuple[States, States]
BothWeights = tuple[Weights, Weights]


@dataclass(frozen=True)
class StackTape:
    """What the forward pass leaves for the backward pass: a tape for each layer, and how units were left out."""

    layers: tuple[tuple[Tape, ...], ...]
    u: tuple[FloatArray, ...]
    p: float


def bidirectional_forward(
    cell: str, x: FloatArray, states_0: BothStates, weights: BothWeights, mask: BoolArray | None = None
) -> tuple[FloatArray, BothStates, tuple[Tape, Tape]]:
    """One layer that reads each sequence from its first step to its last, and one that reads it the other way.

    y_t = [h_t of the one that has read x_1 ... x_t,  h_t of the one that has read x_T ... x_t]

    Parameters
    ----------
    cell : str
        A name in ``recurrent.CELLS``.
    x : (T, N, D)
        The inputs.
    states_0 : two tuples of (N, H)
        The states to begin with, of the forward and of the backward direction.
    weights : two dicts
        The weights of the two directions.
    mask : (T, N) booleans, or None
        True where a step counts. The backward direction begins at the last step that counts: in its order padding
        comes first, and there its state stays what it is.

    Returns
    -------
    y : (T, N, 2H)
        The hidden states of both directions.
    states_T : two tuples of (N, H)
        The last states of the two directions: the second one's after the first step.
    tapes : two tapes
        What ``bidirectional_backward`` needs.

    Source: Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.
    """
    reversed_mask = None if mask is None else mask[::-1]
    h, last, tape = recurrent.forward(cell, x, states_0[0], weights[0], mask)
    h_back, first, tape_back = recurrent.forward(cell, x[::-1].copy(), states_0[1], weights[1], reversed_mask)
    return np.concatenate([h, h_back[::-1]], axis=2), (last, first), (tape, tape_back)


def bidirectional_backward(
    dy: FloatArray, dstates_T: BothStates, tapes: Sequence[Tape]
) -> tuple[FloatArray, BothStates, BothWeights]:
    """The gradients of a layer that reads in both directions; those of the inputs add up.

    Parameters
    ----------
    dy : (T, N, 2H)
        The gradient of the loss with respect to the outputs.
    dstates_T : two tuples of (N, H)
        The gradients with respect to the last states of the two directions.
    tapes : two tapes
        As ``bidirectional_forward`` returned them.

    Returns
    -------
    dx : (T, N, D)
    dstates_0 : two tuples of (N, H)
    dweights : two dicts
        The gradients with respect to the arguments of ``bidirectional_forward``.

    Source: Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.
    """
    H = dy.shape[2] // 2
    dx, dstates, dweights = recurrent.backward(dy[:, :, :H].copy(), dstates_T[0], tapes[0])
    dx_back, dstates_back, dweights_back = recurrent.backward(dy[::-1, :, H:].copy(), dstates_T[1], tapes[1])
    return dx + dx_back[::-1], (dstates, dstates_back), (dweights, dweights_back)


def stack_forward(
    cell: str, x: FloatArray, states_0: Sequence[Sequence[States]], weights: Sequence[Sequence[Weights]],
    mask: BoolArray | None = None, u: Sequence[FloatArray] = (), p: float = 0.0,
) -> tuple[FloatArray, list[tuple[States, ...]], StackTape]:  # fmt: skip
    """Several layers: each reads what the one before it gives.

    Parameters
    ----------
    cell : str
        A name in ``recurrent.CELLS``.
    x : (T, N, D)
        The inputs of the first layer.
    states_0 : for each layer one tuple of (N, H), or two for both directions
        The states to begin with, for example ``[(state,), (state,)]`` for two layers that read forward.
    weights : for each layer one dict of weights, or two for both directions
        As many as there are states.
    mask : (T, N) booleans, or None
        True where a step counts. None counts every step.
    u : for each layer but the last, (T, N, H) or (T, N, 2H)
        Uniform random numbers from 0 to below 1 for dropout between the layers; none for no dropout.
    p : float
        The probability of leaving out a unit's output on its way to the next layer.

    Returns
    -------
    y : (T, N, H) or (T, N, 2H)
        The outputs of the last layer.
    states_T : for each layer its last states
    tape : StackTape
        What ``stack_backward`` needs.

    Raises
    ------
    ValueError
        If there are not as many states as weights, or not as many random arrays as gaps between layers.

    Source: Graves, Mohamed and Hinton, "Speech recognition with deep recurrent neural networks", 2013; dropout between
    layers: Zaremba, Sutskever and Vinyals, "Recurrent neural network regularization", 2014.
    """
    if [len(layer) for layer in states_0] != [len(layer) for layer in weights] or not weights:
        raise ValueError("stack_forward: states_0 and weights must have the same number of layers and directions.")
    if len(u) not in (0, len(weights) - 1):
        raise ValueError(
            f"stack_forward: {len(weights)} layers take {len(weights) - 1} arrays u, but {len(u)} were given."
        )
    y, states_T, tapes = x, [], []
    for layer, (states, of_layer) in enumerate(zip(states_0, weights, strict=True)):
        if layer > 0 and u:
            y = dropout(y, u[layer - 1], p)
        if len(of_layer) == 1:
            y, last, tape = recurrent.forward(cell, y, states[0], of_layer[0], mask)
            ends, layer_tapes = (last,), (tape,)
        else:
            y, ends, layer_tapes = bidirectional_forward(  # type: ignore[assignment]
                cell, y, (states[0], states[1]), (of_layer[0], of_layer[1]), mask
            )
        states_T.append(ends)
        tapes.append(layer_tapes)
    return y, list(states_T), StackTape(tuple(tapes), tuple(u), p)


def stack_backward(
    dy: FloatArray, dstates_T: Sequence[Sequence[States]], tape: StackTape
) -> tuple[FloatArray, list[tuple[States, ...]], list[tuple[Weights, ...]]]:
    """The gradients of several layers, from the last to the first.

    Parameters
    ----------
    dy : (T, N, H) or (T, N, 2H)
        The gradient of the loss with respect to the outputs of the last layer.
    dstates_T : for each layer one tuple of (N, H), or two
        The gradients with respect to the last states.
    tape : StackTape
        As ``stack_forward`` returned it.

    Returns
    -------
    dx : (T, N, D)
    dstates_0 : for each layer the gradients with respect to its states
    dweights : for each layer the gradients of its weights

    Source: Graves, Mohamed and Hinton, "Speech recognition with deep recurrent neural networks", 2013.
    """
    dstates_0: list[tuple[States, ...]] = []
    dweights: list[tuple[Weights, ...]] = []
    for layer in reversed(range(len(tape.layers))):
        tapes, dends = tape.layers[layer], dstates_T[layer]
        if len(tapes) == 1:
            dy, dfirst, dw = recurrent.backward(dy, dends[0], tapes[0])
            dstates_0.append((dfirst,))
            dweights.append((dw,))
        else:
            dy, both_states, both_weights = bidirectional_backward(dy, (dends[0], dends[1]), tapes)
            dstates_0.append(both_states)
            dweights.append(both_weights)
        if layer > 0 and tape.u:
            dy = dropout_backward(dy, tape.u[layer - 1], tape.p)
    return dy, dstates_0[::-1], dweights[::-1]
