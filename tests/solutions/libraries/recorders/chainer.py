"""Chainer, which is not developed any more."""
# /// script
# dependencies = ["setuptools==65.5.0", "wheel==0.48.0", "numpy==1.23.5", "six==1.17.0", "filelock==4.3.1", "protobuf==7.36.2"]
# [tool.bare]
# dependencies = ["chainer==7.8.1", "typing-extensions==4.16.0"]
# arguments = ["--no-build-isolation"]
# ///

import warnings

warnings.simplefilter("ignore")  # it speaks of newer versions of Python and NumPy
from typing import Any  # noqa: E402

import chainer  # noqa: E402
import numpy as np  # noqa: E402
from chainer import links  # noqa: E402
from recording import Case, D, H, N, record, starts  # noqa: E402


def filled(link: Any, case: Case) -> Any:
    """The link with the case's parameters, under its own names."""
    for path, parameter in sorted(link.namedparams()):
        parameter.array = case.parameter(path.removeprefix("/").removeprefix("0/"), *parameter.shape)
    return link


def sequence(kind: Any, case: Case) -> np.ndarray:
    """A link that takes a list of sequences."""
    layer = filled(kind(1, D, H, 0.0), case)
    _, h = layer(case.h_0[None], [case.x[:, n] for n in range(N)])
    return np.stack([one.array for one in h], axis=1)


def lstm(case: Case) -> np.ndarray:
    cell, c, h = filled(links.StatelessLSTM(D, H), case), case.c_0, case.h_0
    found = []
    for x in case.x:
        c, h = cell(c, h, x)
        found.append(h.array)
    return np.stack(found)


def gru_reset_before(case: Case) -> np.ndarray:
    cell, h = filled(links.StatelessGRU(D, H), case), case.h_0
    found = []
    for x in case.x:
        h = cell(h, x)
        found.append(h.array)
    return np.stack(found)


def facts() -> dict[str, str]:
    np.random.seed(0)
    new = links.StatelessLSTM(60, 80)
    b = new.upward.b.array
    both = links.NStepBiLSTM(1, D, H, 0.0)
    x = [np.random.normal(size=(length, D)).astype(np.float32) for length in (5, 2)]
    h_T, _, y = both(None, None, x)
    assert [one.shape for one in y] == [(5, 2 * H), (2, 2 * H)]
    assert np.allclose(h_T.array[1, 0], y[0].array[0, H:])
    return {
        "precision": str(new.upward.W.array.dtype),
        **starts(new.upward.W.array, new.lateral.W.array, b[2::4]),
        "returns": "StatelessLSTM: (c, h); NStepLSTM: (h_T, c_T, a list of all h)",
        "past a length": "there is nothing: sequences are a list",
        "backward direction": "in the input's order, side by side with the forward one",
    }


record(
    "chainer",
    chainer.__version__,
    {
        "rnn": lambda case: sequence(links.NStepRNNTanh, case),
        "relu_rnn": lambda case: sequence(links.NStepRNNReLU, case),
        "lstm": lstm,
        "gru": lambda case: sequence(links.NStepGRU, case),
        "gru_reset_before": gru_reset_before,
    },
    facts(),
)
