"""labml's LSTM, on the course's PyTorch."""
# /// script
# dependencies = []
# [tool.course]
# packages = true
# [tool.bare]
# dependencies = ["labml-nn==0.5.1"]
# ///

from importlib.metadata import version

import numpy as np
import torch
from labml_nn.lstm import LSTM
from recording import Case, D, H, record, starts


def lstm(case: Case) -> np.ndarray:
    layer = LSTM(D, H, 1).double()
    cell = layer.cells[0]
    cell.load_state_dict(
        {name: torch.tensor(case.parameter(name, *array.shape)) for name, array in cell.state_dict().items()}
    )
    states = (torch.tensor(case.h_0)[None], torch.tensor(case.c_0)[None])
    with torch.no_grad():
        return layer(torch.tensor(case.x), states)[0].numpy()


def facts() -> dict[str, str]:
    torch.manual_seed(0)
    cell = LSTM(60, 80, 1).cells[0]
    return {
        "precision": str(cell.hidden_lin.weight.dtype).rpartition(".")[2],
        **starts(
            cell.input_lin.weight.detach(), cell.hidden_lin.weight.detach(), cell.hidden_lin.bias.detach()[80:160]
        ),
        "returns": "(all h, (h_T, c_T))",
    }


record("labml_nn", version("labml-nn"), {"lstm": lstm}, facts())
