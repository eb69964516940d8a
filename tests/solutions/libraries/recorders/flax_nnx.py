"""Flax's NNX."""
# /// script
# dependencies = ["flax==0.12.8", "jax==0.10.2", "numpy==2.4.6"]
# ///

import flax
import jax
import numpy as np
from flax import nnx

jax.config.update("jax_enable_x64", True)
from recording import Case, D, H, record, starts  # noqa: E402


def run(kind: type, case: Case) -> np.ndarray:
    cell = kind(D, H, rngs=nnx.Rngs(0), dtype=np.float64, param_dtype=np.float64)
    for path, parameter in nnx.to_flat_state(nnx.state(cell, nnx.Param)):
        at = cell
        for name in path[:-1]:
            at = getattr(at, name)
        getattr(at, path[-1])[...] = case.parameter("/".join(path), *parameter.shape)
    carry = (case.c_0, case.h_0) if kind is nnx.OptimizedLSTMCell else case.h_0
    h = []
    for x in case.x:
        carry, h_t = cell(carry, x)
        h.append(h_t)
    return np.stack(h)


def facts() -> dict[str, str]:
    cell = nnx.OptimizedLSTMCell(60, 80, rngs=nnx.Rngs(0))
    layer = nnx.RNN(nnx.OptimizedLSTMCell(D, H, rngs=nnx.Rngs(0)))
    x = np.random.default_rng(0).normal(size=(2, 5, D)).astype(np.float32)
    h = layer(x, seq_lengths=np.array([5, 2]))
    past = np.asarray(h)[1, 2:]
    (c, h_T), _ = nnx.RNN(nnx.OptimizedLSTMCell(D, H, rngs=nnx.Rngs(0)), return_carry=True)(x)
    assert np.allclose(np.asarray(h)[0, -1], h_T[0])
    del c
    backward = nnx.RNN(layer.cell, reverse=True)(x)
    ordered = nnx.RNN(layer.cell, reverse=True, keep_order=True)(x)
    assert np.allclose(backward, ordered[:, ::-1])
    return {
        "precision": str(h.dtype),
        **starts(cell.dense_i.kernel[...].T, cell.dense_h.kernel[...].T, cell.dense_h.bias[80:160]),
        "returns": "nnx.RNN: all h; with return_carry=True ((c, h), all h)",
        "past a length": "goes on computing" if np.ptp(past, axis=0).any() else "repeats the last",
        "backward direction": "as computed, last step first; keep_order=True in the input's order",
    }


record(
    "flax.nnx",
    flax.__version__,
    {
        "rnn": lambda case: run(nnx.SimpleCell, case),
        "lstm": lambda case: run(nnx.OptimizedLSTMCell, case),
        "gru": lambda case: run(nnx.GRUCell, case),
    },
    facts(),
)
