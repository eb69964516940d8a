"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

Generator = np.random.Generator


CELL_AXES = "dx: N D; dh_prev: N H; dW_x: H D; dW_h: row column; db: H"
SEQUENCE_AXES = "dx: T N D; dh_0: N H; dW_x: H D; dW_h: row column; db: H"


def network(rng: Generator, D: int, H: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights that keep tanh away from its ends, where every gradient would be near zero."""
    return rng.normal(size=(H, D)) / np.sqrt(D), rng.normal(size=(H, H)) / np.sqrt(H), 0.5 * rng.normal(size=H)
