"""What the page of conventions shows: the table that the conversions follow, and what was seen when each library was recorded.

It imports none of the libraries.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from solutions.library_layouts import LAYOUTS, Layout

RECORDED = Path(__file__).parents[1] / "tests" / "solutions" / "libraries" / "recorded"
TITLES = {
    "torch": "PyTorch",
    "keras": "Keras",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "paddle": "Paddle",
    "mlx": "MLX",
    "flax.linen": "Flax Linen",
    "flax.nnx": "Flax NNX",
    "equinox": "Equinox",
    "haiku": "Haiku",
    "tensorflowjs": "TensorFlow.js",
    "numpy_ml": "numpy-ml",
    "labml_nn": "labml",
    "chainer": "Chainer",
    "mxnet": "MXNet",
    "litert": "LiteRT",
}
"""What a library is called, where that is not its package's name."""
CELLS = {
    "rnn": "RNN, tanh",
    "relu_rnn": "RNN, ReLU",
    "lstm": "LSTM",
    "peephole_lstm": "LSTM with peepholes",
    "gru": "GRU, reset after",
    "gru_reset_before": "GRU, reset before",
}
FACTS = {
    "W_x": "W_x begins",
    "W_h": "W_h begins",
    "forget bias": "forget bias begins",
    "returns": "a call returns",
    "past a length": "past a sequence's length",
    "empty row": "a row of length 0",
    "backward direction": "backward direction",
    "hard sigmoid": "hard sigmoid",
    "precision": "precision by default",
}
FROM_PAPERS = (  # paper, where the reset gate acts, what z is the share of
    ("Cho and others, 2014", "before", True),
    ("Chung and others, 2014", "before", False),
)
SHARE = {True: "the old state", False: "the candidate", None: "—"}


@cache
def about(library: str) -> dict[str, Any]:
    """The version, the date and the facts of a recording."""
    with np.load(RECORDED / f"{library.replace('.', '_')}.npz") as kept:
        return json.loads(str(kept["about"]))


def title(library: str) -> str:
    return TITLES.get(library, library)


def libraries() -> list[str]:
    """Those of the table, by their titles."""
    return sorted({row.library for row in LAYOUTS}, key=lambda one: title(one).lower())


def order(row: Layout) -> str:
    """The blocks in a row."""
    if len(row.order) == 1:
        return "—"
    return ", ".join(row.order) + (", unit by unit" if row.interleaved else "")


def matrices(row: Layout) -> str:
    """How a matrix stands, and what it holds."""
    parts = "one a block, " if isinstance(row.names.get("W_x", row.names.get("W_hx")), dict) else ""
    joined = {"W_xh": "x and h in one, ", "W_hx": "h and x in one, "}
    return "".join(words for role, words in joined.items() if role in row.names) + parts + f"({row.orientation})"


def biases(row: Layout) -> str:
    """How many biases there are, and where a GRU's b_hn is."""
    if row.second == "rows":
        return "two rows, added"
    if row.second == "behind":
        return "two in one vector, added"
    if "b_2" in row.names:
        return "two, added"
    held = list(row.groups("b"))
    if "q" in held:
        return "one, and b_hn"
    if any("q" in blocks for blocks in held):
        return "one, b_hn behind it"
    return "one, no b_hn" if row.cell == "gru" else "one"


def added(row: Layout) -> str:
    """What the library adds at run time."""
    return ", ".join(f"{constant:g} to {block}" for block, constant in row.added.items()) or "—"


LAYOUT_HEAD = (
    "library",
    "cell",
    "blocks",
    "matrices",
    "biases",
    "z is the share of",
    "added at run time",
    "call",
    "version",
)


def layout_rows() -> list[tuple[str, str, list[str]]]:
    """For each row of the table its library, its cell, and what to show."""
    return [
        (
            row.library,
            row.cell,
            [
                title(row.library), CELLS[row.cell], order(row), matrices(row), biases(row), SHARE[row.z_keeps], added(row),
                row.call, about(row.library)["version"],
            ],
        )
        for row in sorted(LAYOUTS, key=lambda row: (list(CELLS).index(row.cell), title(row.library).lower()))
    ]  # fmt: skip


def fact_rows() -> list[tuple[str, str, list[str]]]:
    """For each library what was seen of it."""
    return [
        (one, "", [title(one), *(about(one)["facts"].get(fact, "—") for fact in FACTS), about(one)["version"]])
        for one in libraries()
    ]


def table(name: str, caption: str, head: Sequence[str], rows: Iterable[tuple[str, str, list[str]]]) -> str:
    """A table in HTML whose rows say which library and cell they are of."""
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in head)
    body = "".join(
        f'<tr data-library="{escape(library)}" data-cell="{cell}"><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(one)}</td>" for one in rest)
        + "</tr>"
        for library, cell, (first, *rest) in rows
    )
    return (
        f'<div class="libraries-table" role="region" aria-label="{escape(caption)}" tabindex="0"><table id="{name}">'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def chooser() -> str:
    """Choices of libraries and a cell, hidden where no script fills them with life."""
    every = "".join(f'<option value="{escape(one)}">{escape(title(one))}</option>' for one in libraries())
    cells = "".join(f'<option value="{cell}">{escape(words)}</option>' for cell, words in CELLS.items())
    return (
        '<form class="libraries-chooser" hidden>'
        f'<label>From <select name="from"><option value="">any library</option>{every}</select></label>'
        f'<label>To <select name="to"><option value="">any library</option>{every}</select></label>'
        f'<label>Cell <select name="cell"><option value="">any cell</option>{cells}</select></label>'
        '<button type="reset">Show all</button></form><div class="libraries-answer" aria-live="polite"></div>'
    )


def layouts_html() -> str:
    return chooser() + table("layouts", "How each library keeps the weights of each cell", LAYOUT_HEAD, layout_rows())


def facts_html() -> str:
    head = ("library", *FACTS.values(), "version")
    return table("facts", "What each library was seen to do", head, fact_rows())


def paper_rows() -> list[list[str]]:
    """What the reset gate and z are in the papers."""
    return [[paper, reset, SHARE[z_keeps]] for paper, reset, z_keeps in FROM_PAPERS]
