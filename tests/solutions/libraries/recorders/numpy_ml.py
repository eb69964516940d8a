"""numpy-ml."""
# /// script
# dependencies = ["numpy-ml==0.1.2", "numpy==1.26.4", "scipy==1.17.1"]
# ///

import collections
import collections.abc
from importlib.metadata import version

collections.Hashable = collections.abc.Hashable  # type: ignore[attr-defined]  # the name that it still imports
import numpy as np  # noqa: E402
from numpy_ml.neural_nets.layers import LSTMCell, RNNCell  # noqa: E402
from recording import Case, H, record, starts  # noqa: E402


def rnn(case: Case) -> np.ndarray:
    cell = RNNCell(H)
    cell.forward(case.x[0])
    cell.flush_gradients()
    cell.parameters = {name: case.parameter(name, *array.shape) for name, array in cell.parameters.items()}
    cell.derived_variables["A"] = [case.h_0]
    return np.stack([cell.forward(x) for x in case.x])


def lstm(case: Case) -> np.ndarray:
    cell = LSTMCell(H)
    cell.forward(case.x[0])
    cell.parameters = {name: case.parameter(name, *array.shape) for name, array in cell.parameters.items()}
    cell.derived_variables["A"], cell.derived_variables["C"] = [case.h_0], [case.c_0]
    return np.stack([cell.forward(x)[0] for x in case.x])


def facts() -> dict[str, str]:
    np.random.seed(0)
    cell = LSTMCell(80)
    h, _ = cell.forward(np.zeros((1, 60)))
    of = cell.parameters
    W = np.concatenate([of[name].T for name in ("Wf", "Wu", "Wc", "Wo")])
    return {
        "precision": str(h.dtype),
        **starts(W[:, 80:], W[:, :80], of["bf"], joined=True),
        "returns": "a cell: (h, c), or h for the RNN; it begins at zero and keeps its states",
    }


record("numpy_ml", version("numpy-ml"), {"rnn": rnn, "lstm": lstm}, facts())
