"""The gated linear recurrence with a diagonal matrix in PyTorch; blocks i, a, n as in ``solutions.with_numpy.diagonal``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import uniform, zeros_like_states
from solutions.with_torch.scan import scan


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward(x: Tensor, h_0: Tensor, W_x: Tensor, b: Tensor, negative: bool = True) -> Tensor:
    """h_t = a * h_{t-1} + sigmoid(s_i) * s_n by a scan, a = tanh(s_a / 2) or sigmoid(s_a); returns h (T, N, H)."""
    s_i, s_a, n = (x @ W_x.T + b).chunk(3, dim=2)
    a = torch.tanh(s_a / 2) if negative else torch.sigmoid(s_a)
    return scan(a, torch.sigmoid(s_i) * n, h_0)


class Diagonal(nn.Module):
    """The diagonal linear recurrence with its weights: W_x (3H, D), b (3H,), uniform in +-1/sqrt(H)."""

    def __init__(
        self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None, negative: bool = True
    ) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 3 * hidden_size, input_size, dtype=dtype)
        self.b = uniform(hidden_size, 3 * hidden_size, dtype=dtype)
        self.negative = negative

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, len(self.b) // 3, 1)
        h = forward(x, h_0, self.W_x, self.b, self.negative)
        return h, (h[-1],)
