"""Our weights in the layouts of other libraries and back, and between arrays and modules.

``to`` and ``from_`` follow the table of ``library_layouts``: they order the blocks, turn the matrices, and take off what a
library adds at run time. ``to_torch`` and ``from_torch`` are the same for the layers of one PyTorch network, which numbers
them in its parameters' names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from solutions.library_layouts import LAYOUTS, OURS, PEEPHOLES, SECOND, Layout
from solutions.with_numpy.arrays import FloatArray
from solutions.with_numpy.recurrent import CELLS, USUAL, cell_named

Weights = dict[str, FloatArray]
Blocks = dict[str, FloatArray]
SHARED = ("rnn", "relu_rnn", "lstm", "gru")
MATRICES = {"W_xh": ("W_x", "W_h"), "W_hx": ("W_h", "W_x")}
"""What stands before what where one matrix takes inputs and states together."""
JOINED: dict[str, Callable[[Sequence[FloatArray]], FloatArray]] = {"rows": np.stack, "behind": np.concatenate}
"""How two biases are one parameter."""
WHY_NOT = {
    "peephole_lstm": " (peepholes cannot be said there)",
    "gru_reset_before": " (its reset gate does not act before the product)",
    "gru": " (its reset gate does not act after the product, so there is no b_hn)",
}


def libraries() -> list[str]:
    """The libraries that ``to`` and ``from_`` know, in the table's order."""
    return list(dict.fromkeys(row.library for row in LAYOUTS))


def layout_of(library: str, cell: str) -> Layout:
    """The table's row for this cell in this library.

    Raises
    ------
    ValueError
        If there is none; the message names what cannot be said there.
    """
    rows = {row.cell: row for row in LAYOUTS if row.library == library}
    if not rows:
        raise ValueError(f"There is no library {library!r} in the table. It has: {', '.join(libraries())}.")
    if cell not in rows:
        cell_named(cell)
        raise ValueError(f"{library} has no {cell}{WHY_NOT.get(cell, '')}. Of our cells it has: {', '.join(rows)}.")
    return rows[cell]


def to(library: str, cell: str, weights: Mapping[str, FloatArray]) -> Weights:
    """Our weights as a library stores the parameters of one layer.

    Parameters
    ----------
    library : str
        As one imports it: "torch", "flax.nnx" ... ; ``libraries()`` lists them.
    cell : str
        A name in ``recurrent.CELLS``.
    weights : dict of arrays
        By our names: W_x, W_h, b, and what else the cell has.

    Returns
    -------
    parameters : dict of arrays
        By the library's names, with "/" between the levels of nested ones. New arrays of the same number type that lie row by
        row in memory (C-contiguous). Where the library has two biases, ours is the first; the second is zero but for a GRU's
        b_hn. A constant that the library adds at run time is taken off. ``from_`` puts it back, and the way there and back is
        exact but for the rounding of this one sum.

    Raises
    ------
    ValueError
        If the library or the cell is not in the table, a weight is missing, has another shape, or cannot be said there.

    Source: the documentation and the source of each library; tested against outputs that each of them computed.
    """
    return _to(layout_of(library, cell), weights)


def from_(library: str, cell: str, parameters: Mapping[str, Any]) -> Weights:
    """A library's parameters of one layer as our weights.

    Parameters
    ----------
    library : str
        As in ``to``.
    cell : str
        A name in ``recurrent.CELLS``.
    parameters : dict of arrays, nested or with "/" in the names
        By the library's names. Biases that are missing are zeros, as in a layer made without them.

    Returns
    -------
    weights : dict of arrays
        By our names; new arrays. Two biases become their sum.

    Raises
    ------
    ValueError
        If the library or the cell is not in the table, a matrix is missing, a shape does not fit, or there is a parameter for
        which our cell has no place, such as a projection.

    Source: as for ``to``.
    """
    return _from(layout_of(library, cell), flat(parameters))


def flat(parameters: Mapping[str, Any], before: str = "") -> Weights:
    """Nested dicts as one, with "/" between the levels."""
    found: Weights = {}
    for name, value in parameters.items():
        found |= flat(value, f"{before}{name}/") if isinstance(value, Mapping) else {before + name: np.asarray(value)}
    return found


def _checked(cell: str, weights: Mapping[str, FloatArray]) -> Weights:
    """The weights as arrays, if they are those of this cell."""
    wanted = CELLS[cell].weights
    if missing := [name for name in wanted if name not in weights]:
        raise ValueError(f"The weights of a {cell} are {', '.join(wanted)}; {', '.join(missing)} is missing.")
    if odd := [name for name in weights if name not in wanted]:
        raise ValueError(f"A {cell} has no {', '.join(odd)}; its weights are {', '.join(wanted)}.")
    arrays = {name: np.asarray(weights[name]) for name in wanted}
    shapes = CELLS[cell].shapes(arrays["W_x"].shape[-1], arrays["W_h"].shape[-1])
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} of this {cell} must have the shape {shape}, but has {arrays[name].shape}.")
    return arrays


def _to(layout: Layout, weights: Mapping[str, FloatArray]) -> Weights:
    """``to`` for a row of the table."""
    arrays = _checked(layout.cell, weights)
    of = {role: _with_sign_of_z(layout, _split(arrays[role], OURS[layout.cell])) for role in USUAL}
    of["b"] |= {block: of["b"][block] - constant for block, constant in layout.added.items()}
    of["b_2"] = {block: np.zeros_like(array) for block, array in of["b"].items()}
    if "b_hn" in arrays:
        if arrays["b_hn"].any() and not layout.has_b_hn:
            raise ValueError(
                f"{layout.library}'s {layout.call} has no bias inside the product with r: "
                "b_hn cannot be said there unless it is zero."
            )
        of["b"]["q"] = of["b_2"]["n"] = arrays["b_hn"]
    if "p" in arrays:
        of["p"] = dict(zip(PEEPHOLES, arrays["p"], strict=True))
    for role, parts in MATRICES.items():
        of[role] = {block: np.concatenate([of[part][block] for part in parts], axis=1) for block in of["W_x"]}
    parameters = {
        name: _packed(layout, role, [of[role][block] for block in blocks])
        for role in layout.roles
        for blocks, name in layout.groups(role).items()
    }
    if layout.second in JOINED:
        one = layout.bias
        parameters[one] = JOINED[layout.second]([parameters[one], parameters.pop(one + SECOND)])
    return {name: np.array(array[(None,) * layout.axes], order="C") for name, array in parameters.items()}


def _from(layout: Layout, parameters: Mapping[str, FloatArray]) -> Weights:
    """``from_`` for a row of the table."""
    of = _read(layout, parameters)
    for role, (first, second) in MATRICES.items():
        for block, both in of.pop(role, {}).items():
            cut = len(both) if first == "W_h" else -len(both)
            of[first][block], of[second][block] = np.split(both, [cut % both.shape[1]], axis=1)
    ours = OURS[layout.cell]
    zero = np.zeros_like(of["W_h"][ours[0]][:, 0])
    b, b_2 = ({block: of[role].get(block, zero) for block in ours + "q"} for role in ("b", "b_2"))
    b_hn = b["q"]
    if layout.cell == "gru":
        b_hn, b_2["n"] = b_hn + b_2["n"], zero
    of["b"] = {block: b[block] + b_2[block] + zero.dtype.type(layout.added.get(block, 0)) for block in ours}
    weights = {}
    for role in USUAL:
        turned = _with_sign_of_z(layout, of[role])
        weights[role] = np.concatenate([turned[block] for block in ours])
    if "p" in CELLS[layout.cell].weights:
        weights["p"] = np.stack([of["p"][block] for block in PEEPHOLES])
    return _checked(layout.cell, weights | ({"b_hn": b_hn.copy()} if layout.cell == "gru" else {}))


def _read(layout: Layout, parameters: Mapping[str, FloatArray]) -> dict[str, Blocks]:
    """The blocks of each role, and nothing left over."""
    unread = {name: array[(0,) * layout.axes] for name, array in parameters.items()}
    if layout.second in JOINED and layout.bias in unread:
        for name, half in zip((layout.bias, layout.bias + SECOND), np.split(unread[layout.bias], 2), strict=True):
            unread[name] = half.ravel()
    of: dict[str, Blocks] = {role: {} for role in (*USUAL, "b_2", *layout.roles)}
    for role in layout.roles:
        for blocks, name in layout.groups(role).items():
            if name in unread:
                of[role] |= dict(zip(blocks, _unpacked(layout, role, name, unread.pop(name), len(blocks)), strict=True))
            elif not role.startswith("b"):
                raise ValueError(f"There is no parameter {name} among {', '.join(parameters)}.")
    if unread:
        raise ValueError(
            f"{', '.join(unread)} of {layout.library}'s {layout.call} cannot be carried over: our {layout.cell} has no place "
            "for it (as for a projection or a normalisation)."
        )
    return of


def _split(array: FloatArray, blocks: str) -> Blocks:
    """The blocks of an array of ours by their letters."""
    return dict(zip(blocks, np.split(array, len(blocks)), strict=True))


def _with_sign_of_z(layout: Layout, blocks: Blocks) -> Blocks:
    """The blocks for the library's meaning of z, or from it: see ``swap_z``."""
    return blocks | {"z": -blocks["z"]} if layout.z_keeps is False and "z" in blocks else blocks


def _packed(layout: Layout, role: str, blocks: Sequence[FloatArray]) -> FloatArray:
    """Blocks as one array of the library."""
    array = np.stack(blocks, axis=1).reshape(-1, *blocks[0].shape[1:]) if layout.interleaved else np.concatenate(blocks)
    if role.startswith("b"):
        return {"vector": array, "row": array[None], "column": array[:, None]}[layout.bias_as]
    return array.T if layout.orientation == "in, out" else array


def _unpacked(layout: Layout, role: str, name: str, array: FloatArray, count: int) -> list[FloatArray]:
    """The inverse of ``_packed``."""
    if role.startswith("b"):
        array = array.ravel()
    elif layout.orientation == "in, out":
        array = array.T
    if len(array) % count:
        raise ValueError(f"{name} has {len(array)} units; they do not make {count} equal blocks.")
    if layout.interleaved:
        return [array[k::count] for k in range(count)]
    return np.split(array, count)


def check_shared(cell: str) -> None:
    """Raise ValueError for a cell that torch.nn does not have."""
    if cell not in SHARED:
        raise ValueError(f"torch.nn has no cell {cell!r}; those that both have are: {', '.join(SHARED)}.")


def suffix(layer: int, reverse: bool) -> str:
    """What PyTorch puts behind a parameter's name: _l0, _l0_reverse, _l1 ..."""
    return f"_l{layer}_reverse" if reverse else f"_l{layer}"


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
        If torch.nn has no such cell, or a weight is missing or does not fit.

    Source: the documentation of torch.nn.RNN, torch.nn.LSTM and torch.nn.GRU.
    """
    check_shared(cell)
    end = suffix(layer, reverse)
    return {
        name.removesuffix("_l0") + end: torch.from_numpy(array) for name, array in to("torch", cell, weights).items()
    }


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
        If torch.nn has no such cell, a parameter is missing, or the layer has one that ours has no place for: a projection.

    Source: the documentation of torch.nn.RNN, torch.nn.LSTM and torch.nn.GRU.
    """
    check_shared(cell)
    end = suffix(layer, reverse)
    for name in ("weight_ih", "weight_hh"):
        if name + end not in parameters:
            raise ValueError(f"from_torch: there is no parameter {name + end} among {', '.join(parameters)}.")
    of_layer = {
        name.removesuffix(end) + "_l0": tensor.detach().cpu().numpy()
        for name, tensor in parameters.items()
        if name.endswith(end)
    }
    return from_("torch", cell, of_layer)


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
