"""Equinox."""
# /// script
# dependencies = ["equinox==0.13.8", "jax==0.10.2", "numpy==2.4.6"]
# ///

import equinox
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from recording import Case, D, H, record, starts  # noqa: E402

KEY = jax.random.PRNGKey(0)


def run(kind: type, names: tuple[str, ...], case: Case) -> np.ndarray:
    cell = kind(D, H, key=KEY)
    given = [case.parameter(name, *getattr(cell, name).shape) for name in names]
    cell = equinox.tree_at(lambda made: [getattr(made, name) for name in names], cell, given)
    state = (case.h_0, case.c_0) if kind is equinox.nn.LSTMCell else case.h_0
    h = []
    for x in case.x:
        state = jax.vmap(cell)(x, state)
        h.append(state[0] if isinstance(state, tuple) else state)
    return np.stack(h)


def facts() -> dict[str, str]:
    jax.config.update("jax_enable_x64", False)
    cell = equinox.nn.LSTMCell(60, 80, key=KEY)
    found = {
        "precision": str(cell.weight_hh.dtype),
        **starts(cell.weight_ih, cell.weight_hh, cell.bias[80:160]),
        "returns": "a cell: (h, c), or h for the GRU; no layer over time",
    }
    jax.config.update("jax_enable_x64", True)
    return found


record(
    "equinox",
    equinox.__version__,
    {
        "lstm": lambda case: run(equinox.nn.LSTMCell, ("weight_ih", "weight_hh", "bias"), case),
        "gru": lambda case: run(equinox.nn.GRUCell, ("weight_ih", "weight_hh", "bias", "bias_n"), case),
    },
    facts(),
)
