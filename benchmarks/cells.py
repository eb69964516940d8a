"""How fast our NumPy cells are, beside PyTorch's own: forward and backward over a sequence, float32, one thread each.

    python benchmarks/cells.py [--json] [--runs N] [--cell rnn|lstm|gru] [--keep]

Each row is one shape (T, N, D, H). Ours and theirs run in turn, many times; a row's ratio is the median of the paired ratios
NumPy / torch.nn, and a cell's ratio is the geometric mean of its rows. Of several runs each figure is the median. Before the
clock starts, both must have come to the same gradients. `products` is the share of our time that the matrix products alone
would take: the distance from what the processor can do. What is claimed: at most 0.70 for RNN, 1.0 for LSTM, 0.75 for GRU.
`--keep` writes the result to cells.json beside this file, and the README's table is made from that.
"""

import os
import sys

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # they make numpy take slower products than this processor can

if __name__ == "__main__" and (
    any(name in os.environ for name in MISLEADING) or any(os.environ.get(k) != v for k, v in ONE_THREAD.items())
):
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    os.execve(sys.executable, [sys.executable, *sys.argv], kept | ONE_THREAD)  # libraries read these when they load

import argparse
import datetime
import json
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from solutions.with_numpy import recurrent

SHAPES = ((20, 32, 32, 64), (100, 32, 64, 128), (100, 64, 128, 256), (1000, 32, 2, 64), (50, 128, 256, 512))
CLAIMS = {"rnn": 0.70, "lstm": 1.0, "gru": 0.75}
THEIRS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
KEPT = Path(__file__).with_suffix(".json")
SECONDS_A_ROW, FEWEST, MOST = 6.0, 7, 101

Work = Callable[[], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Row:
    """One shape: median milliseconds of one forward and backward pass, ours and theirs."""

    cell: str
    T: int
    N: int
    D: int
    H: int
    pairs: int
    numpy_ms: float
    torch_ms: float
    ratio: float
    products: float


def inputs(cell: str, T: int, N: int, D: int, H: int) -> tuple[np.ndarray, recurrent.Weights, np.ndarray]:
    rng = np.random.default_rng(0)
    x, dh = rng.normal(size=(T, N, D)), rng.normal(size=(T, N, H))
    weights = recurrent.initial_weights(cell, D, H, rng, np.float32)
    return x.astype(np.float32), weights, dh.astype(np.float32)


def ours(cell: str, x: np.ndarray, weights: recurrent.Weights, dh: np.ndarray) -> Work:
    N, H = dh.shape[1:]
    state = recurrent.initial_state(cell, N, H, np.float32)

    def run() -> dict[str, np.ndarray]:
        _, _, tape = recurrent.forward(cell, x, state, weights)
        dx, dstate_0, dweights = recurrent.backward(dh, state, tape)
        return {"dx": dx, "dh_0": dstate_0[0], "dW_h": dweights["W_h"]}

    return run


def theirs(cell: str, x: np.ndarray, weights: recurrent.Weights, dh: np.ndarray) -> Work:
    (_, N, D), H = x.shape, dh.shape[2]
    network = THEIRS[cell](D, H)
    with torch.no_grad():
        for name, array in in_their_order(cell, weights, H).items():
            getattr(network, name).copy_(torch.from_numpy(array))
    given, upstream = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dh)
    h_0 = torch.zeros(1, N, H, requires_grad=True)
    state = (h_0, torch.zeros(1, N, H, requires_grad=True)) if cell == "lstm" else h_0

    def run() -> dict[str, np.ndarray]:
        network.zero_grad(set_to_none=True)
        given.grad = h_0.grad = None
        network(given, state)[0].backward(upstream)
        assert given.grad is not None
        assert h_0.grad is not None
        dW_h = network.weight_hh_l0.grad.numpy()
        return {"dx": given.grad.numpy(), "dh_0": h_0.grad[0].numpy(), "dW_h": in_our_order(cell, dW_h, H)}

    return run


def in_our_order(cell: str, blocks: np.ndarray, H: int) -> np.ndarray:
    """The LSTM's blocks i, f, g, o as i, f, o, g; the exchange is its own inverse."""
    if cell != "lstm":
        return blocks
    return np.concatenate([blocks[: 2 * H], blocks[3 * H :], blocks[2 * H : 3 * H]])


def in_their_order(cell: str, weights: recurrent.Weights, H: int) -> dict[str, np.ndarray]:
    second = np.zeros_like(weights["b"])
    if cell == "gru":
        second[2 * H :] = weights["b_hn"]
    named = {"weight_ih_l0": weights["W_x"], "weight_hh_l0": weights["W_h"], "bias_ih_l0": weights["b"]}
    return {name: in_our_order(cell, array, H) for name, array in named.items()} | {"bias_hh_l0": second}


def products_alone(cell: str, x: np.ndarray, weights: recurrent.Weights, dh: np.ndarray) -> Callable[[], None]:
    """The matrix products that a forward and backward pass cannot do without, and nothing else."""
    (T, N, D), H = x.shape, dh.shape[2]
    W_x, W_h = weights["W_x"], weights["W_h"]
    rows, a = x.reshape(T * N, D), np.empty((T * N, len(W_x)), np.float32)
    a[:] = 0.1
    a_t, h_t, into_a, into_h = a[:N], np.ascontiguousarray(dh[0]), np.empty_like(a[:N]), np.empty_like(dh[0])
    h, dx, dW_x, dW_h = dh.reshape(T * N, H), np.empty_like(rows), np.empty_like(W_x), np.empty_like(W_h)
    transposed = np.ascontiguousarray(W_h.T)

    def run() -> None:
        np.matmul(rows, W_x.T, out=a)
        for _ in range(T):
            np.matmul(h_t, transposed, out=into_a)
        for _ in range(T):
            np.matmul(a_t, W_h, out=into_h)
        np.matmul(a, W_x, out=dx)
        np.matmul(a.T, rows, out=dW_x)
        np.matmul(a.T, h, out=dW_h)

    return run


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def check_agreement(cell: str, mine: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    for name, gradient in mine.items():
        difference = float(np.abs(gradient - other[name]).max() / np.abs(other[name]).max())
        if difference > 1e-3:
            sys.exit(
                f"{cell}: {name} differs from torch.nn's by {difference:.2g}; a wrong answer's speed says nothing."
            )


def row(cell: str, shape: tuple[int, int, int, int]) -> Row:
    arrays = inputs(cell, *shape)
    mine, other, least = ours(cell, *arrays), theirs(cell, *arrays), products_alone(cell, *arrays)
    check_agreement(cell, mine(), other())
    once = seconds(mine) + seconds(other) + seconds(least)
    pairs = int(min(MOST, max(FEWEST, SECONDS_A_ROW / once)))
    times = np.array([[seconds(mine), seconds(other), seconds(least)] for _ in range(pairs)])
    a, b, c = np.median(times, axis=0)
    ratio = float(np.median(times[:, 0] / times[:, 1]))
    return Row(cell, *shape, pairs, 1000 * float(a), 1000 * float(b), ratio, float(c / a))


def one_run(cells: list[str]) -> list[Row]:
    rows = []
    for shape in SHAPES:  # the cells in turn, so that what slows the machine for a while slows all of them
        for cell in cells:
            print(f"\r{cell} {shape} ...   ", end="", file=sys.stderr, flush=True)
            rows.append(row(cell, shape))
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
    return sorted(rows, key=lambda row: cells.index(row.cell))


def medians(runs: list[list[Row]]) -> list[Row]:
    """Row by row what lies in the middle of several runs."""
    measured = ("numpy_ms", "torch_ms", "ratio", "products")
    return [
        replace(rows[0], **{name: statistics.median(getattr(row, name) for row in rows) for name in measured})
        for rows in zip(*runs, strict=True)
    ]


def geometric_mean(rows: list[Row], cell: str) -> float:
    return float(np.exp(np.mean([np.log(row.ratio) for row in rows if row.cell == cell])))


def markdown(result: dict[str, Any]) -> str:
    """The README's table of a kept result."""
    about = result["machine"]
    lines = ["| T | N | D | H | RNN | LSTM | GRU |", "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for shape in SHAPES:
        ratios = {tuple(row[k] for k in ("cell", "T", "N", "D", "H")): row["ratio"] for row in result["rows"]}
        cells = [f"{ratios[(cell, *shape)]:.2f}" for cell in CLAIMS]
        lines.append(f"| {' | '.join(map(str, shape))} | {' | '.join(cells)} |")
    means = " | ".join(f"**{result['ratio'][cell]:.2f}**" for cell in CLAIMS)
    lines += [f"| geometric mean, median of {result['runs']} runs | | | | {means} |", ""]
    versions = f"Python {about['python']}, NumPy {about['numpy']}, PyTorch {about['torch']}"
    return "\n".join([*lines, f"Measured on {about['date']}, one thread of an {about['processor']}, {versions}."])


def machine() -> dict[str, str]:
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    return {"processor": model, "date": datetime.datetime.now(datetime.UTC).date().isoformat(), **versions}


def main() -> None:
    parser = argparse.ArgumentParser(description="Forward and backward passes, NumPy beside torch.nn.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--runs", type=int, default=1, help="take the median of several runs")
    parser.add_argument(
        "--keep", action="store_true", help="write the result of all cells to cells.json beside this file"
    )
    parser.add_argument("--cell", choices=sorted(CLAIMS), help="measure one cell only")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1.")
    if options.keep and options.cell:
        parser.error("--keep keeps all cells; leave out --cell.")
    torch.set_num_threads(1)
    cells = [options.cell] if options.cell else list(CLAIMS)
    runs = [one_run(cells) for _ in range(options.runs)]
    ratio = {cell: statistics.median(geometric_mean(rows, cell) for rows in runs) for cell in cells}
    rows = medians(runs)
    result = {
        "ratio": ratio,
        "claims": CLAIMS,
        "runs": options.runs,
        "rows": [asdict(row) for row in rows],
        "machine": machine(),
    }
    if options.keep:
        KEPT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result))
    else:
        print(", ".join(f"{name} {value}" for name, value in result["machine"].items()))
        print(
            f"{'cell':5} {'T':>5} {'N':>4} {'D':>4} {'H':>4} {'NumPy':>10} {'torch.nn':>10} {'ratio':>6} {'products':>9}"
        )
        for r in rows:
            times = f"{r.numpy_ms:7.2f} ms {r.torch_ms:7.2f} ms"
            print(f"{r.cell:5} {r.T:5} {r.N:4} {r.D:4} {r.H:4} {times} {r.ratio:6.2f} {r.products:8.0%}")
        for cell, value in ratio.items():
            print(f"{cell}: {value:.2f} (claimed: at most {CLAIMS[cell]:.2f})")
    sys.exit(0 if all(ratio[cell] <= CLAIMS[cell] for cell in cells) else 1)


if __name__ == "__main__":
    main()
