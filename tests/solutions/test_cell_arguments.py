"""Every function of every cell refuses a wrong rank, a wrong length, another kind of number and a list, by name."""

import importlib
import inspect
from typing import Any

import numpy as np
import pytest
import torch

LENGTHS = {"T": 5, "N": 4, "D": 3, "H": 6}
STATE, SEQUENCE = ("N", "H"), ("T", "N", "H")
INPUTS = {"step": ("N", "D"), "step_backward": ("N", "D"), "gates": ("N", "D")}
SHAPES = {
    "x": ("T", "N", "D"), "h_0": STATE, "c_0": STATE, "h_prev": STATE, "c_prev": STATE, "dc_T": STATE, "dc": STATE,
    "h": SEQUENCE, "c": SEQUENCE, "dh": SEQUENCE, "mask": ("T", "N"), "b_hn": ("H",), "p": (3, "H"),
}  # fmt: skip
BLOCKS = {"lstm": 4, "peephole_lstm": 4, "gru": 3, "gru_reset_before": 3, "rnn": 1, "relu_rnn": 1}
KEPT = {"lstm": 4, "peephole_lstm": 4, "gru": 4, "gru_reset_before": 3}
PLACES = ("with_numpy", "with_numpy.fast", "with_torch")
FUNCTIONS = ("gates", "step", "forward", "step_backward", "backward")


def functions() -> list[Any]:
    """Each place, cell and function that there is."""
    found = []
    for place in PLACES:
        for cell in BLOCKS:
            try:
                module = importlib.import_module(f"solutions.{place}.{cell}")
            except ModuleNotFoundError:
                continue
            found += [
                pytest.param(place, cell, name, id=f"{place}.{cell}.{name}")
                for name in FUNCTIONS
                if hasattr(module, name)
            ]
    return found


ALL = functions()


def shape(cell: str, function: str, argument: str) -> tuple[int, ...]:
    G, H, D = BLOCKS[cell], LENGTHS["H"], LENGTHS["D"]
    one_step = function in INPUTS
    if argument in ("W_x", "W_h", "b"):
        return {"W_x": (G * H, D), "W_h": (G * H, H), "b": (G * H,)}[argument]
    if argument == "gates":
        return (KEPT[cell], LENGTHS["N"], H) if one_step else (KEPT[cell], LENGTHS["T"], LENGTHS["N"], H)
    if one_step and argument in ("x", "h", "c", "dh"):
        return (LENGTHS["N"], D) if argument == "x" else (LENGTHS["N"], H)
    return tuple(LENGTHS.get(name, name) for name in SHAPES[argument])


def arrays(function: Any, cell: str, place: str) -> dict[str, Any]:
    rng, made = np.random.default_rng(0), {}
    for argument in inspect.signature(function).parameters:
        if argument in ("z_keeps", "activation"):
            continue
        size = shape(cell, function.__name__, argument)
        made[argument] = np.ones(size, bool) if argument == "mask" else rng.random(size)
    return {name: torch.tensor(a) for name, a in made.items()} if place == "with_torch" else made


def widened(array: Any, axis: int) -> Any:
    library = torch if isinstance(array, torch.Tensor) else np
    return library.concatenate([array, array[:1] if axis == 0 else array[:, :1]], axis)


@pytest.mark.parametrize(("place", "cell", "name"), ALL)
def test_wrong_arguments_are_refused_by_name(place: str, cell: str, name: str) -> None:
    function = getattr(importlib.import_module(f"solutions.{place}.{cell}"), name)
    right = arrays(function, cell, place)
    function(**right)
    for argument, array in right.items():
        integers = array.int() if place == "with_torch" else array.astype(np.int32)
        says = rf"^{name}: the argument {argument} must "
        with pytest.raises(ValueError, match=says + rf"have the shape \(.*\), but has \(1, {array.shape[0]}"):
            function(**right | {argument: array[None]})
        with pytest.raises(TypeError, match=says + r"hold .* numbers, but its dtype is (torch\.)?int32"):
            function(**right | {argument: integers})
        with pytest.raises(TypeError, match=says + r"be an array of shape \(.*\), but is a list"):
            function(**right | {argument: [1.0]})
        if argument not in ("x", "dh"):  # the first one fixes the lengths
            with pytest.raises(ValueError, match=says + rf"have the shape \(.*\), but has \({array.shape[0] + 1},"):
                function(**right | {argument: widened(array, 0)})


def test_all_cells_and_both_libraries_are_here() -> None:
    names = {parameter.id for parameter in ALL}
    assert {"with_numpy.rnn.backward", "with_numpy.fast.gru.backward", "with_torch.peephole_lstm.step"} <= names
    assert len(names) == 42
