"""Haiku."""
# /// script
# dependencies = ["dm-haiku==0.0.17", "jax==0.10.2", "numpy==2.4.6"]
# ///

from typing import Any

import haiku as hk
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
from recording import Case, H, record, starts  # noqa: E402

KEY = jax.random.PRNGKey(0)


def run(kind: Any, case: Case) -> np.ndarray:
    layer = hk.without_apply_rng(hk.transform(lambda x, state: hk.dynamic_unroll(kind(H), x, state)))
    state = hk.LSTMState(case.h_0, case.c_0) if kind is hk.LSTM else case.h_0
    new = layer.init(KEY, case.x, state)
    params = {}
    for module, arrays in new.items():
        inside = module.partition("/")[2]
        params[module] = {
            name: case.parameter(f"{inside}/{name}".lstrip("/"), *array.shape) for name, array in arrays.items()
        }
    h, _ = layer.apply(params, case.x, state)
    return np.asarray(h)


def facts() -> dict[str, str]:
    jax.config.update("jax_enable_x64", False)
    new = hk.transform(lambda x: hk.LSTM(80)(x, hk.LSTM(80).initial_state(1))).init(KEY, np.zeros((1, 60), np.float32))
    w, b = (np.asarray(new["lstm/linear"][name]) for name in "wb")
    found = {
        "precision": str(w.dtype),
        **starts(w[:60].T, w[60:].T, b[160:240], joined=True),
        "returns": "hk.dynamic_unroll: (all h, last state); LSTMState(hidden, cell)",
    }
    jax.config.update("jax_enable_x64", True)
    return found


record(
    "haiku",
    hk.__version__,
    {
        "relu_rnn": lambda case: run(hk.VanillaRNN, case),
        "lstm": lambda case: run(hk.LSTM, case),
        "gru_reset_before": lambda case: run(hk.GRU, case),
    },
    facts(),
)
