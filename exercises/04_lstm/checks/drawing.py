"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

Generator = np.random.Generator


SIZES = (2, 3, 5, 6, 7)  # no axis can stand in for the four blocks
WEIGHT_AXES = "dW_x: row D; dW_h: row H; db: row"

# What the text promises of every function.
ALWAYS = {
    "float32 stays float32, float64 stays float64": "dtype not kept",
    "what is float64 is not computed in single precision": "single precision inside",
    "A function never writes to its inputs": "writes to its inputs",
}


def network(rng: Generator, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, where every gradient would be near zero."""
    return {
        "W_x": rng.normal(size=(4 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(4 * H, H)) / np.sqrt(H),
        "b": 0.5 * rng.normal(size=4 * H),
    }


def times(scale: float, inputs: dict) -> dict:
    """The same inputs with other gradients coming in: an error that does not grow with them shows."""
    return inputs | {name: scale * inputs[name] for name in ("dh", "dc", "dc_T") if name in inputs}


def tiny(inputs: dict) -> dict:
    """The same with inputs and states next to 0 and no bias, so that all sums are next to 0."""
    near = {name: 1e-12 * inputs[name] for name in ("x", "h_prev", "c_prev") if name in inputs}
    return inputs | near | {"b": 0 * inputs["b"]}


def states(rng: Generator, N: int, H: int) -> tuple[np.ndarray, np.ndarray]:
    """A hidden state and a cell state."""
    return np.tanh(rng.normal(size=(N, H))), rng.normal(size=(N, H))
