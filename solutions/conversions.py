"""Parameters between our conventions and PyTorch's, and between arrays and modules.

Three things differ. PyTorch stacks the LSTM's blocks as i, f, g, o, and we as i, f, o, g. PyTorch has two biases where we
have one; only their sum matters, but for the candidate of its GRU, whose second bias stands inside the product with r and is
our ``b_hn``. And PyTorch numbers the layers of one network in its parameters' names.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from solutions.with_numpy import gru
from solutions.with_numpy.arrays import FloatArray

Weights = dict[str, FloatArray]
SHARED = ("rnn", "relu_rnn", "lstm", "gru")
BIASES = ("bias_ih", "bias_hh")


def check_shared(cell: str) -> None:
    """Raise ValueError for a cell that torch.nn does not have."""
    if cell not in SHARED:
        raise ValueError(f"torch.nn has no cell {cell!r}; those that both have are: {', '.join(SHARED)}.")


def suffix(layer: int, reverse: bool) -> str:
    """What PyTorch puts behind a parameter's name: _l0, _l0_reverse, _l1 ..."""
    return f"_l{layer}_reverse" if reverse else f"_l{layer}"


def exchange_o_and_g(blocks: FloatArray) -> FloatArray:
    """The LSTM's blocks i, f, o, g as i, f, g, o, and back: the exchange is its own inverse."""
    i, f, third, fourth = np.split(blocks, 4)
    return np.concatenate([i, f, fourth, third])


def to_torch(cell: str, weights: Mapping[str, FloatArray], layer: int = 0, reverse: bool = False) -> dict[str, Tensor]:
    """Our weights as PyTorch's parameters of one layer.

    Parameters
    ----------
    cell : "rnn", "relu_rnn", "lstm" or "gru"
    weights : dict of arrays
        W_x, W_h, b, and for a GRU b_hn.
    layer : int
        The layer's number, for the names.
    reverse : bool
        Whether it is the layer of the backward direction.

    Returns
    -------
    parameters : dict of tensors
        weight_ih_l0 and so on. Our bias goes into bias_ih; bias_hh is zero, but for a GRU's b_hn.

    Raises
    ------
    ValueError
        If torch.nn has no such cell.

    Source: the documentation of torch.nn.RNN, torch.nn.LSTM and torch.nn.GRU.
    """
    check_shared(cell)
    W_x, W_h, b = (np.array(weights[name]) for name in ("W_x", "W_h", "b"))
    second = np.zeros_like(b)
    if cell == "lstm":
        W_x, W_h, b = (exchange_o_and_g(array) for array in (W_x, W_h, b))
    if cell == "gru":
        second[2 * len(weights["b_hn"]) :] = weights["b_hn"]
    named = {"weight_ih": W_x, "weight_hh": W_h, "bias_ih": b, "bias_hh": second}
    return {f"{name}{suffix(layer, reverse)}": torch.from_numpy(array) for name, array in named.items()}


def from_torch(cell: str, parameters: Mapping[str, Tensor], layer: int = 0, reverse: bool = False) -> Weights:
    """PyTorch's parameters of one layer as our weights.

    Parameters
    ----------
    cell : "rnn", "relu_rnn", "lstm" or "gru"
    parameters : dict of tensors
        For example a ``state_dict``; a network made with ``bias=False`` has zeros for biases.
    layer : int
        The layer's number.
    reverse : bool
        Whether to take the layer of the backward direction.

    Returns
    -------
    weights : dict of arrays
        W_x, W_h, b, and for a GRU b_hn; new arrays.

    Raises
    ------
    ValueError
        If torch.nn has no such cell, or a parameter is missing.

    Source: the documentation of torch.nn.RNN, torch.nn.LSTM and torch.nn.GRU.
    """
    check_shared(cell)
    end = suffix(layer, reverse)
    for name in ("weight_ih", "weight_hh"):
        if name + end not in parameters:
            raise ValueError(f"from_torch: there is no parameter {name + end} among {', '.join(parameters)}.")
    W_x, W_h = (parameters[name + end].detach().cpu().numpy().copy() for name in ("weight_ih", "weight_hh"))
    first, second = (
        parameters[name + end].detach().cpu().numpy() if name + end in parameters else np.zeros_like(W_h[:, 0])
        for name in BIASES
    )
    if cell == "gru":
        return dict(zip(("W_x", "W_h", "b", "b_hn"), gru.from_pytorch(W_x, W_h, first, second), strict=True))
    weights = {"W_x": W_x, "W_h": W_h, "b": first + second}
    return {name: exchange_o_and_g(array) for name, array in weights.items()} if cell == "lstm" else weights


def layers_to_state_dict(cell: str, weights: Sequence[Sequence[Mapping[str, FloatArray]]]) -> dict[str, Tensor]:
    """The weights of a whole network, as ``layers.stack_forward`` takes them, as a ``state_dict`` for torch.nn.

    Parameters
    ----------
    cell : "rnn", "relu_rnn", "lstm" or "gru"
    weights : for each layer one dict of weights, or two for both directions

    Returns
    -------
    state_dict : dict of tensors
        What ``load_state_dict`` of a network with as many layers takes.

    Raises
    ------
    ValueError
        If torch.nn has no such cell.
    """
    parameters: dict[str, Tensor] = {}
    for layer, directions in enumerate(weights):
        for direction, of_one in enumerate(directions):
            parameters |= to_torch(cell, of_one, layer, reverse=direction == 1)
    return parameters


def state_dict_to_layers(cell: str, state_dict: Mapping[str, Tensor]) -> list[tuple[Weights, ...]]:
    """The inverse of ``layers_to_state_dict``: as many layers and directions as the names tell.

    Parameters
    ----------
    cell : "rnn", "relu_rnn", "lstm" or "gru"
    state_dict : dict of tensors
        Of a torch.nn.RNN, LSTM or GRU.

    Returns
    -------
    weights : for each layer one dict of weights, or two for both directions

    Raises
    ------
    ValueError
        If torch.nn has no such cell, or the first layer is missing.
    """
    directions = (False, True) if "weight_ih_l0_reverse" in state_dict else (False,)
    depth = max(1, sum(name.startswith("weight_ih_l") and not name.endswith("reverse") for name in state_dict))
    return [tuple(from_torch(cell, state_dict, layer, reverse) for reverse in directions) for layer in range(depth)]


def swap_z(weights: Mapping[str, FloatArray]) -> Weights:
    """The same GRU for the other meaning of z: since 1 - sigmoid(a) = sigmoid(-a), the block z changes its sign.

    Parameters
    ----------
    weights : dict of arrays
        W_x, W_h, b, and b_hn if there is one, with blocks r, z, n.

    Returns
    -------
    weights : dict of arrays
        What gives the same hidden states with ``z_keeps`` the other way round; new arrays.
    """
    H = weights["W_h"].shape[1]
    changed = {name: array.copy() for name, array in weights.items()}
    for name in ("W_x", "W_h", "b"):
        changed[name][H : 2 * H] *= -1
    return changed


def module_to_arrays(module: nn.Module) -> Weights:
    """A module's ``state_dict`` as arrays by name; copies, of the same number type."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def arrays_into_module(module: nn.Module, arrays: Mapping[str, FloatArray]) -> None:
    """Copy arrays into a module's parameters.

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place, all of it or, on an error, nothing.
    arrays : dict of arrays
        By the names of its ``state_dict``.

    Raises
    ------
    ValueError
        If the names or a shape differ; the message says which.
    """
    own = module.state_dict()
    if own.keys() != arrays.keys():
        odd = ", ".join(sorted(own.keys() ^ arrays.keys()))
        raise ValueError(f"arrays_into_module: the names of the module and of the arrays differ in {odd}.")
    for name, array in arrays.items():
        if tuple(own[name].shape) != array.shape:
            raise ValueError(
                f"arrays_into_module: {name} must have the shape {tuple(own[name].shape)}, but has {array.shape}."
            )
    module.load_state_dict({name: torch.tensor(array, dtype=own[name].dtype) for name, array in arrays.items()})
