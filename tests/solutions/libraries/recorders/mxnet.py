"""MXNet's Gluon, which is not developed any more."""
# /// script
# dependencies = ["mxnet==1.9.1", "numpy==1.23.5"]
# ///

from typing import Any

import mxnet as mx
import numpy as np
from mxnet.gluon import rnn
from recording import Case, D, H, record, starts


def run(kind: Any, case: Case, **options: Any) -> np.ndarray:
    layer = kind(H, input_size=D, dtype="float64", **options)
    layer.initialize()
    for parameter in layer.collect_params().values():
        parameter.set_data(mx.nd.array(case.parameter(parameter.name.removeprefix(layer.prefix), *parameter.shape)))
    states = [
        mx.nd.array(state[None], dtype="float64")
        for state in ((case.h_0, case.c_0) if kind is rnn.LSTM else (case.h_0,))
    ]
    return layer(mx.nd.array(case.x, dtype="float64"), states)[0].asnumpy()


def facts() -> dict[str, str]:
    mx.random.seed(0)
    new = rnn.LSTM(80, input_size=60)
    new.initialize()
    W_x, W_h, b = (getattr(new, name).data().asnumpy() for name in ("l0_i2h_weight", "l0_h2h_weight", "l0_i2h_bias"))
    both = rnn.LSTM(H, input_size=D, bidirectional=True)
    both.initialize()
    y, (h, _) = both(mx.nd.random.normal(shape=(5, 2, D)), both.begin_state(2))
    assert np.allclose(h.asnumpy()[1], y.asnumpy()[0, :, H:])
    return {
        "precision": str(np.dtype(y.dtype)),
        **starts(W_x, W_h, b[80:160]),
        "returns": "all h; where states are given (all h, [h_T, c_T])",
        "backward direction": "in the input's order, side by side with the forward one",
    }


record(
    "mxnet",
    mx.__version__,
    {
        "rnn": lambda case: run(rnn.RNN, case, activation="tanh"),
        "relu_rnn": lambda case: run(rnn.RNN, case),
        "lstm": lambda case: run(rnn.LSTM, case),
        "gru": lambda case: run(rnn.GRU, case),
    },
    facts(),
)
