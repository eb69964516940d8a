"""What the checks of this exercise draw with: sizes, weights and helpers that several share."""

import numpy as np

Generator = np.random.Generator


SIZES = (2, 5, 7, 8)  # no axis can stand in for the blocks or for r, z, n and q
GRADIENT_AXES = "dx: N D; dh_prev: N H; dW_x: row column; dW_h: row column; db: row; db_hn: H"
ALWAYS = {
    "float64 stays float64 and is computed in double precision": "single precision inside",
    "The results have the dtype of the inputs": "dtype not kept",
    "A function never writes to its inputs.": "writes to its inputs",
}


def network(rng: Generator, D: int, H: int) -> dict:
    """Weights that keep the gates away from their ends, where every gradient would be near zero."""
    return {
        "W_x": rng.normal(size=(3 * H, D)) / np.sqrt(D),
        "W_h": rng.normal(size=(3 * H, H)) / np.sqrt(H),
        "b": 0.5 * rng.normal(size=3 * H),
    }


def far_sums(rng: Generator, given: dict) -> dict:
    """The same inputs with one sum of each block near 900 and one near -900, where exponentials overflow."""
    H = len(given["b"]) // 3
    far = [rng.permutation([900.0, -900.0, *[0.0] * (H - 2)]) for _ in range(3)]
    return {**given, "b": given["b"] + np.concatenate(far)}


def far_out(rng: Generator, given: dict) -> dict:
    """The same inputs with sums in the hundreds and large states."""
    return {**far_sums(rng, given), "h_prev": 4 * given["h_prev"]}


def zeros_for(given: dict, *names: str) -> dict:
    """The same inputs with zeros for these; what is added to them still counts."""
    return given | {name: 0 * given[name] for name in names}


def from_zeros(given: dict) -> dict:
    """The same from inputs and states of zero, and with one unit whose sums are exactly 0, the others as their biases."""
    H, zeros = len(given["b"]) // 3, zeros_for(given, "x", "h_prev")
    biases = {name: given[name] * (np.arange(len(given[name])) % H > 0) for name in ("b", "b_hn") if name in given}
    return zeros | biases


THREEFOLD = "three times as many sequences and inputs as hidden units"  # a matrix that is square by chance


def second_bias(rng: Generator, H: int) -> np.ndarray:
    return rng.uniform(0.3, 1.0, size=H) * rng.choice([-1, 1], size=H)


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def overflowing_sigmoid(a):
    return np.exp(a) / (1 + np.exp(a))


def overflowing_tanh(a):
    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


def split(array):
    """The three blocks."""
    return np.split(array, 3, axis=-1)
