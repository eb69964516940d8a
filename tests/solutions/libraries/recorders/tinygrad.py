"""tinygrad, with its interpreter in Python: no compiler is needed."""
# /// script
# dependencies = ["tinygrad==0.14.0", "numpy==2.4.6"]
# ///

import os

os.environ.setdefault("DEV", "PYTHON")
from importlib.metadata import version

import numpy as np
from recording import Case, D, H, record, starts
from tinygrad import Tensor, nn


def lstm(case: Case) -> np.ndarray:
    cell = nn.LSTMCell(D, H)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(cell, name, Tensor(case.parameter(name, *getattr(cell, name).shape)))
    state = (Tensor(case.h_0), Tensor(case.c_0))
    h = []
    for x in case.x:
        state = cell(Tensor(x), state)
        h.append(state[0].numpy())
    return np.stack(h)


def facts() -> dict[str, str]:
    cell = nn.LSTMCell(30, 20)
    return {
        "precision": str(cell.weight_hh.numpy().dtype),
        **starts(cell.weight_ih.numpy(), cell.weight_hh.numpy(), cell.bias_ih.numpy()[20:40]),
        "returns": "a cell: (h, c); no layer over time",
    }


record("tinygrad", version("tinygrad"), {"lstm": lstm}, facts())
