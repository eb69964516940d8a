"""How libraries lay out the weights of recurrent cells: one declaration, which the page shows and the tests try on the libraries.

It imports none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np

OURS = {"rnn": "h", "lstm": "ifog", "gru": "rzn", "gru_reset_before": "rzn"}
"""Our blocks, by the module of solutions.with_numpy."""


@dataclass(frozen=True)
class Layout:
    """One kind of cell in one library.

    cell
        The module of solutions.with_numpy that computes the same.
    order
        The blocks from first to last, in our letters.
    weights
        "out, in" or "in, out".
    biases
        "one": as our b. "two": two that are added, the second one also holding a GRU's b_hn. "two rows": the same as one
        array (2, G*H). "one after the other": the same as one array (2*G*H). "one and b_hn": as ours.
    x
        The axes of the input.
    z_keeps
        For a GRU, whether z is the share of the old state.
    """

    library: str
    call: str
    cell: str
    order: str
    weights: str
    biases: str
    x: str
    z_keeps: bool | None = None

    @property
    def name(self) -> str:
        return f"{self.library} {self.call}"


@dataclass(frozen=True)
class Start:
    """What the weights of a new layer are."""

    library: str
    W_x: str
    W_h: str
    b: str


PACKAGES = {"PyTorch": "torch", "Keras": "keras", "ONNX": "onnx", "Equinox": "equinox"}
LAYOUTS = (
    Layout("PyTorch", "RNN", "rnn", "h", "out, in", "two", "T N D"),
    Layout("Keras", "SimpleRNN", "rnn", "h", "in, out", "one", "N T D"),
    Layout("ONNX", "RNN", "rnn", "h", "out, in", "one after the other", "T N D"),
    Layout("PyTorch", "LSTM", "lstm", "ifgo", "out, in", "two", "T N D"),
    Layout("Keras", "LSTM", "lstm", "ifgo", "in, out", "one", "N T D"),
    Layout("ONNX", "LSTM", "lstm", "iofg", "out, in", "one after the other", "T N D"),
    Layout("Equinox", "LSTMCell", "lstm", "ifgo", "out, in", "one", "D"),
    Layout("PyTorch", "GRU", "gru", "rzn", "out, in", "two", "T N D", True),
    Layout("Keras", "GRU", "gru", "zrn", "in, out", "two rows", "N T D", True),
    Layout("Keras", "GRU, reset_after=False", "gru_reset_before", "zrn", "in, out", "one", "N T D", True),
    Layout("ONNX", "GRU", "gru_reset_before", "zrn", "out, in", "one after the other", "T N D", True),
    Layout("ONNX", "GRU, linear_before_reset=1", "gru", "zrn", "out, in", "one after the other", "T N D", True),
    Layout("Equinox", "GRUCell", "gru", "rzn", "out, in", "one and b_hn", "D", True),
)
PEEPHOLES = {"ONNX LSTM": "iof"}
"""The order of the peepholes, where a library has them; ours is i, f, o."""

SMALL = "uniform from -1/√H to 1/√H"
STARTS = (
    Start("PyTorch", SMALL, SMALL, SMALL),
    Start(
        "Keras",
        "uniform from -r to r, r = √(6 / (D + G*H))",
        "one (H, G*H) matrix with orthonormal rows",
        "0; forget gate 1",
    ),
    Start("Equinox", SMALL, SMALL, SMALL),
)
FROM_PAPERS = (  # paper, where the reset gate acts, what z is the share of
    ("Cho and others, 2014", "before", True),
    ("Chung and others, 2014", "before", False),
)


def blocks(layout: Layout, array: np.ndarray) -> np.ndarray:
    """Our blocks, stacked along the first axis, in the layout's order."""
    ours = OURS[layout.cell]
    parts = dict(zip(ours, np.split(array, len(ours)), strict=True))
    return np.concatenate([parts[letter] for letter in layout.order])


def laid_out(layout: Layout, weights: Mapping[str, np.ndarray], share: float = 0.0) -> tuple[np.ndarray, ...]:
    """Our weights as a library stores them: from the input, from the state, and one or two biases.

    Parameters
    ----------
    layout : Layout
    weights : dict of arrays
        W_x, W_h, b, and b_hn where the reset gate acts after the product.
    share : float
        How much of our bias goes into the second one, where two are added.
    """
    W_x, W_h, b = (blocks(layout, weights[name]) for name in ("W_x", "W_h", "b"))
    if layout.weights == "in, out":
        W_x, W_h = W_x.T, W_h.T
    if layout.biases == "one":
        return W_x, W_h, b
    if layout.biases == "one and b_hn":
        return W_x, W_h, b, weights["b_hn"]
    second = share * b
    if "b_hn" in weights:
        H, n = len(weights["b_hn"]), layout.order.index("n")
        second[n * H : (n + 1) * H] = 0
        b = b - second
        second[n * H : (n + 1) * H] = weights["b_hn"]
    else:
        b = b - second
    if layout.biases == "two rows":
        return W_x, W_h, np.stack([b, second])
    if layout.biases == "one after the other":
        return W_x, W_h, np.concatenate([b, second])
    return W_x, W_h, b, second


def together(text: str) -> str:
    """A text that no line breaks."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def shape(layout: Layout, columns: str) -> str:
    """The shape of a matrix with so many inputs, as the text writes it."""
    G = len(layout.order)
    rows = "H" if G == 1 else f"{G}H"
    return together(f"({rows}, {columns})" if layout.weights == "out, in" else f"({columns}, {rows})")


def biases(layout: Layout) -> str:
    """The biases and their shapes, as the text writes them."""
    G = len(layout.order)
    one, both = ("H", "2H") if G == 1 else (f"{G}H", f"{2 * G}H")
    return {
        "one": f"one ({one})",
        "two": f"two ({one}), added",
        "two rows": f"two, added, in one {together(f'(2, {one})')}",
        "one after the other": f"two, added, in one ({both})",
        "one and b_hn": f"one ({one}), and b_hn (H)",
    }[layout.biases]


def compared(library: str) -> str:
    """The version that the tests compare with, or that they do not everywhere."""
    package = PACKAGES[library]
    return "if installed" if library == "Equinox" else metadata.version(package).partition("+")[0]


def rows(*cells: str) -> list[list[str]]:
    """The table of these kinds of cells."""
    found = []
    for layout in (one for one in LAYOUTS if one.cell in cells):
        row = [
            layout.name,
            ", ".join(layout.order),
            shape(layout, "D"),
            biases(layout),
            f"({layout.x.replace(' ', ', ')})",
        ]
        found.append([*row, compared(layout.library)])
    return found


def gru_rows() -> list[list[str]]:
    """What a GRU's reset gate and its z mean, in the libraries and in the papers."""

    def how(layout: Layout) -> str:
        return "compared if installed" if layout.library == "Equinox" else "compared"

    meaning = {True: "the old state", False: "the candidate"}
    found = [
        [
            layout.name,
            "before" if layout.cell == "gru_reset_before" else "after",
            meaning[bool(layout.z_keeps)],
            "compared",
        ]
        for layout in LAYOUTS
        if layout.cell.startswith("gru")
    ]
    return found + [[paper, reset, meaning[z_keeps], "cited"] for paper, reset, z_keeps in FROM_PAPERS]
