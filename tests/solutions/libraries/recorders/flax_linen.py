"""Flax's Linen."""
# /// script
# dependencies = ["flax==0.12.8", "jax==0.10.2", "numpy==2.4.6"]
# ///

from typing import Any

import flax
import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

jax.config.update("jax_enable_x64", True)
from recording import Case, D, H, record, starts  # noqa: E402

KEY = jax.random.PRNGKey(0)


def run(kind: Any, case: Case) -> np.ndarray:
    cell = kind(H, param_dtype=np.float64)
    state = (case.c_0, case.h_0) if kind is linen.LSTMCell else case.h_0
    new = cell.init(KEY, state, case.x[0])["params"]
    params = {
        outer: {inner: case.parameter(f"{outer}/{inner}", *new[outer][inner].shape) for inner in new[outer]}
        for outer in new
    }
    h = []
    for x in case.x:
        state, h_t = cell.apply({"params": params}, state, x)
        h.append(h_t)
    return np.stack(h)


def facts() -> dict[str, str]:
    x = np.random.default_rng(0).normal(size=(2, 5, D)).astype(np.float32)
    layer = linen.RNN(linen.LSTMCell(H))
    params = layer.init(KEY, x)
    h = layer.apply(params, x, seq_lengths=jnp.array([5, 2]))
    past = np.asarray(h)[1, 2:]
    (_, last), _ = linen.RNN(linen.LSTMCell(H), return_carry=True).apply(params, x)
    assert np.allclose(h[0, -1], last[0])
    backward = linen.RNN(linen.LSTMCell(H), reverse=True).apply(params, x)
    ordered = linen.RNN(linen.LSTMCell(H), reverse=True, keep_order=True).apply(params, x)
    assert np.allclose(backward, ordered[:, ::-1])
    new = linen.LSTMCell(80).init(KEY, (np.zeros((1, 80)), np.zeros((1, 80))), np.zeros((1, 60)))["params"]
    return {
        "precision": str(h.dtype),
        **starts(
            np.concatenate([new[f"i{gate}"]["kernel"].T for gate in "ifgo"]),
            np.concatenate([new[f"h{gate}"]["kernel"].T for gate in "ifgo"]),
            new["hf"]["bias"],
        ),
        "returns": "linen.RNN: all h; with return_carry=True ((c, h), all h)",
        "past a length": "goes on computing" if np.ptp(past, axis=0).any() else "repeats the last",
        "backward direction": "as computed, last step first; keep_order=True in the input's order",
    }


record(
    "flax.linen",
    flax.__version__,
    {
        "rnn": lambda case: run(linen.SimpleCell, case),
        "lstm": lambda case: run(linen.LSTMCell, case),
        "gru": lambda case: run(linen.GRUCell, case),
    },
    facts(),
)
