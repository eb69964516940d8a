"""The minimal GRU in PyTorch; blocks z, n as in ``solutions.with_numpy.min_gru``."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from solutions.arguments import takes
from solutions.with_torch.cells import uniform, zeros_like_states
from solutions.with_torch.positive import log_positive
from solutions.with_torch.scan import scan_log


@takes(x="T N D", h_0="N H", W_x="2H D", b="2H")
def forward(x: Tensor, h_0: Tensor, W_x: Tensor, b: Tensor) -> Tensor:
    """h_t = (1 - z) * h_{t-1} + z * g(a_n) with z = sigmoid(a_z), by a scan over logarithms; returns h (T, N, H)."""
    a_z, a_n = (x @ W_x.T + b).chunk(2, dim=2)
    log_b = functional.logsigmoid(a_z) + log_positive(a_n)
    return scan_log(functional.logsigmoid(-a_z), log_b, torch.log(h_0))


class MinGRU(nn.Module):
    """The minimal GRU with its weights: W_x (2H, D), b (2H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 2 * hidden_size, input_size, dtype=dtype)
        self.b = uniform(hidden_size, 2 * hidden_size, dtype=dtype)

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, len(self.b) // 2, 1)
        h = forward(x, h_0, self.W_x, self.b)
        return h, (h[-1],)
