"""Long short-term memory in PyTorch; blocks i, f, o, g as in ``solutions.with_numpy.lstm``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import inputs_that_count, uniform, zeros_like_states
from solutions.with_torch.padding import hold


@takes(x="N D", h_prev="N H", W_x="4H D", W_h="4H H", b="4H")
def gates(x: Tensor, h_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """i, f, o = sigmoid(a) and g = tanh(a), with a = W_x x_t + W_h h_{t-1} + b; returns them stacked, (4, N, H)."""
    i, f, o, g = (x @ W_x.T + h_prev @ W_h.T + b).chunk(4, dim=1)
    return torch.stack([torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(g)])


@takes(x="N D", h_prev="N H", c_prev="N H", W_x="4H D", W_h="4H H", b="4H")
def step(
    x: Tensor, h_prev: Tensor, c_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One step: c_t = f * c_{t-1} + i * g, h_t = o * tanh(c_t); returns h (N, H), c (N, H) and the gates (4, N, H)."""
    i, f, o, g = activations = gates(x, h_prev, W_x, W_h, b)
    c = f * c_prev + i * g
    h = o * torch.tanh(c)
    return h, c, activations


@takes(x="T N D", h_0="N H", c_0="N H", W_x="4H D", W_h="4H H", b="4H", mask="optional bool T N")
def forward(
    x: Tensor, h_0: Tensor, c_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The same step T times; returns h (T, N, H), c (T, N, H) and the gates (4, T, N, H)."""
    h, c, made = [h_0], [c_0], []
    for t, x_t in enumerate(inputs_that_count(x, mask)):
        h_t, c_t, activations = step(x_t, h[-1], c[-1], W_x, W_h, b)
        h.append(hold(mask, t, h_t, h[-1]))
        c.append(hold(mask, t, c_t, c[-1]))
        made.append(activations)
    return torch.stack(h[1:]), torch.stack(c[1:]), torch.stack(made, dim=1)


class LSTM(nn.Module):
    """The LSTM with its weights: W_x (4H, D), W_h (4H, H), b (4H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 4 * hidden_size, input_size, dtype=dtype)
        self.W_h = uniform(hidden_size, 4 * hidden_size, hidden_size, dtype=dtype)
        self.b = uniform(hidden_size, 4 * hidden_size, dtype=dtype)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last states (h_T, c_T) from x (T, N, D); the first are zero where they are not given."""
        h_0, c_0 = state or zeros_like_states(x, self.W_h.shape[1], 2)
        h, c, _ = forward(x, h_0, c_0, self.W_x, self.W_h, self.b, mask)
        return h, (h[-1], c[-1])
