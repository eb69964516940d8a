"""What the recorders share: inputs and parameters drawn from a seed, what is kept, and how a new layer's weights were drawn.

It runs beside each library in an environment of its own, so it needs NumPy alone.
"""

import datetime
import json
import platform
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

T, N, D, H = 5, 2, 3, 4


class Case:
    """One cell of one library: what goes in, and the parameters as the library names them."""

    def __init__(self, cell: str) -> None:
        self.rng = np.random.default_rng(zlib.crc32(cell.encode()))
        self.parameters: dict[str, np.ndarray] = {}
        self.x, self.h_0, self.c_0 = self.draw(T, N, D), self.draw(N, H), self.draw(N, H)

    def draw(self, *shape: int) -> np.ndarray:
        """Numbers that single precision holds exactly, and to which 1 can be added without rounding."""
        return np.round(1024 * self.rng.normal(scale=0.7, size=shape)) / 1024

    def parameter(self, name: str, *shape: int) -> np.ndarray:
        """New values for the parameter of this name, which are kept."""
        self.parameters[name] = self.draw(*shape)
        return self.parameters[name]

    def start_at_zero(self) -> None:
        """For a library whose layer takes no state to begin with."""
        self.h_0, self.c_0 = np.zeros((N, H)), np.zeros((N, H))


Run = Callable[[Case], Any]


def record(
    library: str, version: str, cells: Mapping[str, Run], facts: Mapping[str, str] | None = None, **more: str
) -> None:
    """Run each cell and write what it was given and returned, with version and date, to the file that the command line names.

    Parameters
    ----------
    library, version
        What was run.
    cells : by our name of the cell a function
        It takes a case, sets the layer's parameters to what the case draws, and returns the hidden states (T, N, H).
    facts : by the table's column what was seen
    """
    kept: dict[str, np.ndarray] = {}
    for cell, run in cells.items():
        case = Case(cell)
        h = np.asarray(run(case))
        if h.shape != (T, N, H):
            raise ValueError(f"{library} {cell} returned {h.shape}, not {(T, N, H)}.")
        given = {"x": case.x, "h_0": case.h_0, "c_0": case.c_0, "h": h}
        kept |= {f"{cell}|{name}": array for name, array in given.items()}
        kept |= {f"{cell}|{name}|parameter": array for name, array in case.parameters.items()}
    about = {
        "library": library,
        "version": version,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "facts": dict(facts or {}),
        **more,
    }
    np.savez_compressed(sys.argv[1], about=np.array(json.dumps(about, ensure_ascii=False)), **kept)


def how_drawn(W: np.ndarray, blocks: int, inputs: int = 0) -> str:
    """The distribution of a new weight matrix (out, in), by its moments and its singular values.

    Parameters
    ----------
    W : (G*H, columns)
        Large enough for moments: some thousand numbers.
    blocks : int
        G.
    inputs : int
        How many inputs the library's own matrix has, if this is a part of it.
    """
    if not W.any():
        return "0"
    G, (rows, columns) = blocks, W.shape
    size = rows // G
    if columns == size:
        if _orthonormal(W):
            return "orthogonal" if G == 1 else "orthogonal as a whole"
        if all(_orthonormal(block) for block in np.split(W, G)):
            return "orthogonal, gate by gate"
    spread, largest = W.std(), np.abs(W).max()
    into, every, one = inputs or columns, rows, size
    bounds = {
        "±1/√H": size**-0.5,
        "±√(6/(in + out)), out of all gates": np.sqrt(6 / (into + every)),
        "±√(6/(in + out)), out of one gate": np.sqrt(6 / (into + one)),
        "±1/√in": into**-0.5,
        "±√(3/in)": np.sqrt(3 / into),
    }
    spreads = {
        "1/√in": into**-0.5,
        "0.88/√in": 0.8796 * into**-0.5,
        "√(2/(in + out)), out of all gates": np.sqrt(2 / (into + every)),
        "√(2/(in + out)), out of one gate": np.sqrt(2 / (into + one)),
        "0.01": 0.01,
        "0.1": 0.1,
        "1": 1.0,
    }
    if largest / spread < 1.85:
        return f"uniform, {_nearest(largest, bounds, '±')}"
    kind = "normal" if largest / spread > 2.7 else "normal, cut off"
    return f"{kind}, spread {_nearest(spread, spreads, '')}"


def _nearest(value: float, named: Mapping[str, float], sign: str) -> str:
    """The name of the number that this is, to within 2 percent, or the number itself."""
    name = min(named, key=lambda one: abs(value / named[one] - 1))
    return name if abs(value / named[name] - 1) < 0.02 else f"{sign}{value:.2g}"


def _orthonormal(W: np.ndarray) -> bool:
    product = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    return bool(np.abs(product - np.eye(len(product))).max() < 1e-3)


def starts(W_x: Any, W_h: Any, forget: Any = None, blocks: int = 4, joined: bool = False) -> dict[str, str]:
    """The three columns on new weights.

    Parameters
    ----------
    W_x, W_h : (G*H, columns)
    forget : (H,)
        For an LSTM, the forget gate's biases as they are stored.
    blocks : int
        G.
    joined : bool
        Whether the library has both in one matrix.
    """
    W_x, W_h = np.asarray(W_x), np.asarray(W_h)
    inputs = W_x.shape[1] + W_h.shape[1] if joined else 0
    found = {"W_x": how_drawn(W_x, blocks, inputs), "W_h": how_drawn(W_h, blocks, inputs)}
    if forget is not None:
        b = np.asarray(forget)
        found["forget bias"] = f"{b.flat[0]:g}" if np.ptp(b) == 0 else f"random, up to {np.abs(b).max():.2g}"
    return found
