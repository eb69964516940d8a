"""One way to call every cell over a sequence: states as a tuple, weights by name, and what the backward pass needs.

Layers, encoders and training loops are written once, for all cells, with these two functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from solutions.with_numpy import gru_reset_before, peephole_lstm
from solutions.with_numpy.arrays import BoolArray, FloatArray
from solutions.with_numpy.fast import gru, lstm, rnn

States = tuple[FloatArray, ...]
Weights = dict[str, FloatArray]
Forward = Callable[..., tuple[FloatArray, ...]]


@dataclass(frozen=True)
class Cell:
    """What there is to know of a cell: G blocks, its states, its weights, and its functions over a sequence.

    ``forward`` returns (h, c, gates), (h, gates) or (h,): a sequence of each state, then what else ``backward`` needs.
    """

    blocks: int
    states: tuple[str, ...]
    weights: tuple[str, ...]
    forward: Forward
    backward: Forward
    options: tuple[tuple[str, Any], ...] = ()

    def shapes(self, D: int, H: int) -> dict[str, tuple[int, ...]]:
        """The shape of each weight, for D inputs and H hidden units."""
        G = self.blocks
        every = {"W_x": (G * H, D), "W_h": (G * H, H), "b": (G * H,), "b_hn": (H,), "p": (3, H)}
        return {name: every[name] for name in self.weights}


def _rnn_forward(*arguments: Any, **options: Any) -> tuple[FloatArray, ...]:
    return (rnn.forward(*arguments, **options),)


USUAL = ("W_x", "W_h", "b")
CELLS = {
    "rnn": Cell(1, ("h",), USUAL, _rnn_forward, rnn.backward),
    "relu_rnn": Cell(1, ("h",), USUAL, _rnn_forward, rnn.backward, (("activation", "relu"),)),
    "lstm": Cell(4, ("h", "c"), USUAL, lstm.forward, lstm.backward),
    "peephole_lstm": Cell(4, ("h", "c"), (*USUAL, "p"), peephole_lstm.forward, peephole_lstm.backward),
    "gru": Cell(3, ("h",), (*USUAL, "b_hn"), gru.forward, gru.backward),
    "gru_reset_before": Cell(3, ("h",), USUAL, gru_reset_before.forward, gru_reset_before.backward),
}


@dataclass(frozen=True)
class Tape:
    """What ``forward`` leaves for ``backward``: the cell's name, its inputs, and the arrays that it made."""

    cell: str
    x: FloatArray
    state_0: States
    weights: Weights
    mask: BoolArray | None
    made: tuple[FloatArray, ...]


def cell_named(name: str) -> Cell:
    """The cell of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists those that there are.
    """
    if name not in CELLS:
        raise ValueError(f"There is no cell {name!r}. The cells are: {', '.join(CELLS)}.")
    return CELLS[name]


def initial_state(cell: str, N: int, H: int, dtype: Any = np.float64) -> States:
    """Zeros for each state of the cell, each (N, H)."""
    return tuple(np.zeros((N, H), dtype) for _ in cell_named(cell).states)


def initial_weights(cell: str, D: int, H: int, rng: np.random.Generator, dtype: Any = np.float64) -> Weights:
    """Weights drawn uniformly from -1/sqrt(H) to 1/sqrt(H), as PyTorch draws them, by name.

    Parameters
    ----------
    cell : str
        A name in ``CELLS``.
    D : int
        The number of inputs.
    H : int
        The number of hidden units.
    rng : numpy.random.Generator
        Where the numbers come from.
    dtype
        The number type of the weights.
    """
    bound = H**-0.5
    shapes = cell_named(cell).shapes(D, H)
    return {name: rng.uniform(-bound, bound, shape).astype(dtype) for name, shape in shapes.items()}


def forward(
    cell: str, x: FloatArray, state_0: States, weights: Weights, mask: BoolArray | None = None
) -> tuple[FloatArray, States, Tape]:
    """A sequence through any cell.

    Parameters
    ----------
    cell : str
        A name in ``CELLS``.
    x : (T, N, D)
        The inputs.
    state_0 : a tuple of (N, H)
        The states before the first step: (h_0,), or (h_0, c_0) for an LSTM.
    weights : dict
        The weights by name; ``Cell.shapes`` says which.
    mask : (T, N) booleans, or None
        True where a step counts; elsewhere the states stay as they were. None counts every step.

    Returns
    -------
    h : (T, N, H)
        The hidden states after each step.
    state_T : a tuple of (N, H)
        The states after the last step that counts, of each sequence.
    tape : Tape
        What ``backward`` needs.

    Raises
    ------
    ValueError
        If there is no such cell, if a shape does not fit, or if weights or states are missing or too many.
    """
    kind = cell_named(cell)
    if set(weights) != set(kind.weights):
        raise ValueError(
            f"forward: the cell {cell} has the weights {', '.join(kind.weights)}, not {', '.join(weights)}."
        )
    if len(state_0) != len(kind.states):
        raise ValueError(f"forward: the cell {cell} has {len(kind.states)} states, but {len(state_0)} were given.")
    if len(x) == 0:
        raise ValueError("forward: the argument x has no steps; a sequence has at least one.")
    in_order = [weights[name] for name in kind.weights]
    made = kind.forward(x, *state_0, *in_order, mask=mask, **dict(kind.options))
    state_T = tuple(sequence[-1].copy() for sequence in made[: len(state_0)])
    return made[0], state_T, Tape(cell, x, state_0, weights, mask, made)


def backward(dh: FloatArray, dstate_T: States, tape: Tape) -> tuple[FloatArray, States, Weights]:
    """The gradients of a sequence through any cell.

    Parameters
    ----------
    dh : (T, N, H)
        For each step, the gradient of the loss with respect to h_t on the direct path alone, not through later steps.
    dstate_T : a tuple of (N, H)
        The gradient with respect to ``state_T``, from whatever uses the last states after the sequence; often zero.
    tape : Tape
        As ``forward`` returned it.

    Returns
    -------
    dx : (T, N, D)
    dstate_0 : a tuple of (N, H)
    dweights : dict
        The gradients with respect to the arguments of ``forward``.
    """
    kind, states = CELLS[tape.cell], len(tape.state_0)
    if dstate_T[0].any():
        dh = np.concatenate([dh[:-1], dh[-1:] + dstate_T[0]])
    recurrent = [tape.weights[name] for name in kind.weights if name not in ("b", "b_hn")]
    gradients = kind.backward(
        dh, *dstate_T[1:], tape.x, *tape.state_0, *tape.made, *recurrent, mask=tape.mask, **dict(kind.options)
    )
    dweights = dict(zip(kind.weights, gradients[1 + states :], strict=True))
    return gradients[0], gradients[1 : 1 + states], dweights
