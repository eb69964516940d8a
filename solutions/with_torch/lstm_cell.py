"""One step of an LSTM as a module: its weights, and the step that they make."""

import torch
from torch import Tensor, nn

from solutions.with_torch.cells import uniform


class LSTMCell(nn.Module):
    """One step of an LSTM, with its weights.

    i, f, o = sigmoid(a), g = tanh(a)    with a = W_x x_t + W_h h_{t-1} + b
    c_t = f * c_{t-1} + i * g,    h_t = o * tanh(c_t)

    The blocks of the weights are in the order i, f, o, g, and there is one bias.

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997; Gers, Schmidhuber and Cummins, "Learning to forget",
    2000.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        """Make the parameters W_x (4H, D), W_h (4H, H) and b (4H,), with D = input_size and H = hidden_size."""
        super().__init__()
        self.W_x = uniform(hidden_size, 4 * hidden_size, input_size)
        self.W_h = uniform(hidden_size, 4 * hidden_size, hidden_size)
        self.b = uniform(hidden_size, 4 * hidden_size)

    def forward(self, x: Tensor, h_prev: Tensor, c_prev: Tensor) -> tuple[Tensor, Tensor]:
        """The new states h (N, H) and c (N, H), from x (N, D) and the old states h_prev (N, H) and c_prev (N, H)."""
        a = x @ self.W_x.T + h_prev @ self.W_h.T + self.b
        i, f, o, g = a.chunk(4, dim=1)
        c = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, c
