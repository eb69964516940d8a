"""The functions in both versions, and inputs for them: what the tests of this folder share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from solutions import with_numpy, with_torch
from solutions.with_numpy import affine, embedding, loss, rnn
from solutions.with_torch import affine as torch_affine
from solutions.with_torch import embedding as torch_embedding
from solutions.with_torch import loss as torch_loss
from solutions.with_torch import rnn as torch_rnn

__all__ = ["BOTH", "NAMES", "Pair", "Sizes", "inputs", "relative_error", "tensors", "with_numpy", "with_torch"]


@dataclass(frozen=True)
class Sizes:
    """Different lengths by default, so that no axis can stand in for another."""

    T: int = 5
    N: int = 4
    D: int = 3
    H: int = 6
    V: int = 7


@dataclass(frozen=True)
class Pair:
    """One function in NumPy and in torch, the dimensions of its inputs and of its result."""

    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    takes: dict[str, str]
    gives: str
    batch: dict[str, int]

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        return tuple(getattr(sizes, name) for name in self.gives.split())


SCORES = {"y": "T N V", "targets": "T N", "mask": "T N"}
SCORES_BATCH = {"y": 1, "targets": 1, "mask": 1}
CELL = {"W_x": "H D", "W_h": "H H", "b": "H"}
BOTH = {
    "step": Pair(
        rnn.step, torch_rnn.step, {"x": "N D", "h_prev": "N H", **CELL}, "N H", {"x": 0, "h_prev": 0, "out": 0}
    ),
    "forward": Pair(
        rnn.forward, torch_rnn.forward, {"x": "T N D", "h_0": "N H", **CELL}, "T N H", {"x": 1, "h_0": 0, "out": 1}
    ),
    "embed": Pair(embedding.embed, torch_embedding.embed, {"ids": "T N", "W_e": "V D"}, "T N D", {"ids": 1, "out": 1}),
    "affine": Pair(
        affine.affine, torch_affine.affine, {"h": "T N H", "W_y": "V H", "b_y": "V"}, "T N V", {"h": 1, "out": 1}
    ),
    "cross_entropy": Pair(loss.cross_entropy, torch_loss.cross_entropy, SCORES, "", SCORES_BATCH),
    "perplexity": Pair(loss.perplexity, torch_loss.perplexity, SCORES, "", SCORES_BATCH),
}
NAMES = list(BOTH)


def inputs(name: str, sizes: Sizes | None = None, dtype: type = np.float64, seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs by name, in the order of the arguments; at least one step counts."""
    sizes = sizes or Sizes()
    rng = np.random.default_rng([seed, NAMES.index(name)])
    made: dict[str, np.ndarray] = {}
    for argument, dimensions in BOTH[name].takes.items():
        shape = tuple(getattr(sizes, dimension) for dimension in dimensions.split())
        if argument in ("ids", "targets"):
            made[argument] = rng.integers(sizes.V, size=shape)
        elif argument == "mask":
            made[argument] = rng.random(shape) < 0.6
            made[argument][0, 0] = True
        else:
            made[argument] = rng.normal(size=shape).astype(dtype)
    return made


def tensors(arrays: dict[str, Any]) -> dict[str, Any]:
    """The same inputs as tensors, in memory of their own."""
    return {name: torch.tensor(array) if isinstance(array, np.ndarray) else array for name, array in arrays.items()}


def relative_error(result: Any, expected: Any) -> float:
    """The largest difference, relative to the largest expected value; the shapes must be the same."""
    one, two = np.asarray(result, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert one.shape == two.shape, f"shape {one.shape}, expected {two.shape}"
    scale = float(np.abs(two).max(initial=0.0)) or 1.0
    return float(np.abs(one - two).max(initial=0.0)) / scale
