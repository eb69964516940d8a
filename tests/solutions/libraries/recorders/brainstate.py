"""brainstate."""
# /// script
# dependencies = ["brainstate==0.5.4", "jax==0.10.2", "numpy==2.4.6"]
# ///

from typing import Any

import brainstate
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from recording import Case, D, H, N, record, starts  # noqa: E402


def run(kind: Any, parts: tuple[str, ...], case: Case, **options: Any) -> np.ndarray:
    cell = kind(D, H, **options)
    for part in parts:
        linear = getattr(cell, part)
        linear.weight.value = {
            name: case.parameter(f"{part}/{name}", *array.shape) for name, array in linear.weight.value.items()
        }
    cell.init_state(N)
    cell.h.value = case.h_0
    if hasattr(cell, "c"):
        cell.c.value = case.c_0
    return np.stack([cell.update(x) for x in case.x])


def facts() -> dict[str, str]:
    jax.config.update("jax_enable_x64", False)
    new = brainstate.nn.LSTMCell(60, 80).W.weight.value
    found = {
        "precision": str(new["weight"].dtype),
        **starts(new["weight"][:60].T, new["weight"][60:].T, new["bias"][160:240], joined=True),
        "returns": "a cell: h; the states stay in the cell",
    }
    jax.config.update("jax_enable_x64", True)
    return found


nn = brainstate.nn
record(
    "brainstate",
    brainstate.__version__,
    {
        "rnn": lambda case: run(nn.ValinaRNNCell, ("W",), case, activation="tanh"),
        "relu_rnn": lambda case: run(nn.ValinaRNNCell, ("W",), case),
        "lstm": lambda case: run(nn.LSTMCell, ("W",), case),
        "gru_reset_before": lambda case: run(nn.GRUCell, ("Wrz", "Wh"), case),
    },
    facts(),
)
