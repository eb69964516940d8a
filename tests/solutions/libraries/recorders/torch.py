"""PyTorch, as the course has it."""
# /// script
# dependencies = []
# [tool.course]
# packages = true
# ///

from typing import Any

import numpy as np
import torch
from recording import Case, D, H, record, starts
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def run(kind: Any, case: Case, **options: Any) -> np.ndarray:
    layer = kind(D, H, dtype=torch.float64, **options)
    layer.load_state_dict(
        {name: torch.tensor(case.parameter(name, *array.shape)) for name, array in layer.state_dict().items()}
    )
    h_0, c_0 = torch.tensor(case.h_0)[None], torch.tensor(case.c_0)[None]
    with torch.no_grad():
        return layer(torch.tensor(case.x), (h_0, c_0) if kind is nn.LSTM else h_0)[0].numpy()


def facts() -> dict[str, str]:
    torch.manual_seed(0)
    new = nn.LSTM(60, 80)
    both = nn.LSTM(D, H, bidirectional=True)
    x = torch.randn(5, 2, D)
    with torch.no_grad():
        y, _ = pad_packed_sequence(both(pack_padded_sequence(x, torch.tensor([5, 2])))[0])
        past = "zeros" if not y[2:, 1].any() else "something else"
        y, (h, _) = both(x)
    assert torch.allclose(h[1], y[0, :, H:])
    try:
        pack_padded_sequence(x, torch.tensor([5, 0]))
    except RuntimeError:
        empty = "refused: RuntimeError"
    else:
        empty = "taken"
    return {
        "precision": str(y.dtype).rpartition(".")[2],
        **starts(new.weight_ih_l0.detach(), new.weight_hh_l0.detach(), new.bias_ih_l0.detach()[80:160]),
        "returns": "(all h, (h_T, c_T)); RNN and GRU (all h, h_T)",
        "past a length": f"packed: {past}",
        "empty row": f"packed: {empty}",
        "backward direction": "in the input's order, side by side with the forward one",
    }


record(
    "torch",
    torch.__version__.partition("+")[0],
    {
        "rnn": lambda case: run(nn.RNN, case),
        "relu_rnn": lambda case: run(nn.RNN, case, nonlinearity="relu"),
        "lstm": lambda case: run(nn.LSTM, case),
        "gru": lambda case: run(nn.GRU, case),
    },
    facts(),
)
