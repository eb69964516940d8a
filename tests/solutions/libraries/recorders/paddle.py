"""Paddle."""
# /// script
# dependencies = ["paddlepaddle==3.3.1", "numpy==2.4.6"]
# ///

from typing import Any

import numpy as np
import paddle
from paddle import nn
from recording import Case, D, H, record, starts


def run(kind: Any, case: Case, **options: Any) -> np.ndarray:
    paddle.set_default_dtype("float64")
    layer = kind(D, H, time_major=True, **options)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    for name in names:
        parameter = getattr(layer, name)
        parameter.set_value(case.parameter(name, *parameter.shape))
    h_0, c_0 = paddle.to_tensor(case.h_0[None]), paddle.to_tensor(case.c_0[None])
    return layer(paddle.to_tensor(case.x), (h_0, c_0) if kind is nn.LSTM else h_0)[0].numpy()


def facts() -> dict[str, str]:
    paddle.set_default_dtype("float32")
    new = nn.LSTM(60, 80)
    both = nn.LSTM(D, H, direction="bidirect")
    x = paddle.randn([2, 5, D])
    start = tuple(paddle.full([2, 2, H], value) for value in (0.3, -0.2))
    y, _ = both(x, start, sequence_length=paddle.to_tensor([5, 2]))
    past = "zeros" if not y.numpy()[1, 2:].any() else "something else"
    y, (h, _) = both(x)
    assert np.allclose(h.numpy()[1], y.numpy()[:, 0, H:])
    return {
        "precision": str(y.numpy().dtype),
        **starts(new.weight_ih_l0.numpy(), new.weight_hh_l0.numpy(), new.bias_ih_l0.numpy()[80:160]),
        "returns": "(all h, (h_T, c_T)); RNN and GRU (all h, h_T)",
        "past a length": past,
        "backward direction": "in the input's order, side by side with the forward one",
    }


record(
    "paddle",
    paddle.__version__,
    {
        "rnn": lambda case: run(nn.SimpleRNN, case),
        "relu_rnn": lambda case: run(nn.SimpleRNN, case, activation="relu"),
        "lstm": lambda case: run(nn.LSTM, case),
        "gru": lambda case: run(nn.GRU, case),
    },
    facts(),
)
