"""MLX, on the processor."""
# /// script
# dependencies = ["mlx[cpu]==0.32.4", "numpy==2.4.6"]
# ///

from importlib.metadata import version
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from recording import Case, D, H, record, starts

mx.set_default_device(mx.cpu)


def run(kind: Any, case: Case, **options: Any) -> np.ndarray:
    layer = kind(D, H, **options)
    for name, array in layer.parameters().items():
        setattr(layer, name, mx.array(case.parameter(name, *array.shape), mx.float32))
    states = [mx.array(state, mx.float32) for state in ((case.h_0, case.c_0) if kind is nn.LSTM else (case.h_0,))]
    made = layer(mx.array(case.x.swapaxes(0, 1), mx.float32), *states)
    return np.array(made[0] if kind is nn.LSTM else made).swapaxes(0, 1)


def facts() -> dict[str, str]:
    layer = nn.LSTM(60, 80)
    made = layer(mx.zeros((2, 5, 60)))
    assert [array.shape for array in made] == [(2, 5, 80)] * 2
    return {
        "precision": str(made[0].dtype).rpartition(".")[2],
        **starts(np.array(layer.Wx), np.array(layer.Wh), np.array(layer.bias)[80:160]),
        "returns": "LSTM: (all h, all c); RNN and GRU: all h",
    }


record(
    "mlx",
    version("mlx"),
    {
        "rnn": lambda case: run(nn.RNN, case),
        "relu_rnn": lambda case: run(nn.RNN, case, nonlinearity=nn.relu),
        "lstm": lambda case: run(nn.LSTM, case),
        "gru": lambda case: run(nn.GRU, case),
    },
    facts(),
)
