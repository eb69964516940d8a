"""Layers on layers, and layers that read in both directions, of any of our cells in PyTorch."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from solutions.with_torch.cells import inputs_that_count, zeros_like_states
from solutions.with_torch.gru import GRU
from solutions.with_torch.gru_reset_before import GRUResetBefore
from solutions.with_torch.lstm import LSTM
from solutions.with_torch.padding import hold
from solutions.with_torch.peephole_lstm import PeepholeLSTM
from solutions.with_torch.relu_rnn import ReLURNN
from solutions.with_torch.rnn import RNN, step

States = tuple[Tensor, ...]


class TanhRNN(RNN):
    """The vanilla network with the same way to be called as the other cells: states as a tuple, and a mask."""

    def forward(  # type: ignore[override]
        self, x: Tensor, state: States | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, States]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        h = list(state or zeros_like_states(x, len(self.b), 1))
        for t, x_t in enumerate(inputs_that_count(x, mask)):
            h.append(hold(mask, t, step(x_t, h[-1], self.W_x, self.W_h, self.b), h[-1]))
        return torch.stack(h[1:]), (h[-1],)


CELLS = {
    "rnn": TanhRNN,
    "relu_rnn": ReLURNN,
    "lstm": LSTM,
    "peephole_lstm": PeepholeLSTM,
    "gru": GRU,
    "gru_reset_before": GRUResetBefore,
}


def cell_named(name: str) -> type[nn.Module]:
    """The module of that name; ValueError with the names of all if there is none."""
    if name not in CELLS:
        raise ValueError(f"There is no cell {name!r}. The cells are: {', '.join(CELLS)}.")
    return CELLS[name]


class Stacked(nn.Module):
    """Several layers of one cell, perhaps in both directions, with dropout between them while training.

    Source: Graves, Mohamed and Hinton, "Speech recognition with deep recurrent neural networks", 2013.
    """

    def __init__(
        self, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float = 0.0,
        bidirectional: bool = False, dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if layers < 1:
            raise ValueError(f"Stacked: the argument layers must be at least 1, but is {layers}.")
        directions = 2 if bidirectional else 1
        sizes = [input_size] + [directions * hidden_size] * (layers - 1)
        make = cell_named(cell)
        self.layers = nn.ModuleList(
            nn.ModuleList(make(size, hidden_size, dtype) for _ in range(directions)) for size in sizes
        )
        self.dropout = dropout

    def forward(
        self, x: Tensor, states: list[list[States]] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, list[list[States]]]:
        """y (T, N, H or 2H) and the last states of each layer and direction, from x (T, N, D)."""
        last: list[list[States]] = []
        for index, module in enumerate(self.layers):
            if index > 0:
                x = functional.dropout(x, self.dropout, self.training)
            outputs, ends = [], []
            for direction, cell in enumerate(module.children()):
                first = None if states is None else states[index][direction]
                flipped = None if mask is None else mask.flip(0)
                given, counts = (x.flip(0), flipped) if direction else (x, mask)
                h, end = cell(given, first, counts)
                outputs.append(h.flip(0) if direction else h)
                ends.append(end)
            x = torch.cat(outputs, dim=2)
            last.append(ends)
        return x, last
