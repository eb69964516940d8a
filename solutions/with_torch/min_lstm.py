"""The minimal LSTM in PyTorch; blocks i, f, g as in ``solutions.with_numpy.min_lstm``."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from solutions.arguments import takes
from solutions.with_torch.cells import uniform, zeros_like_states
from solutions.with_torch.positive import log_positive
from solutions.with_torch.scan import scan_log


@takes(x="T N D", h_0="N H", W_x="3H D", b="3H")
def forward(x: Tensor, h_0: Tensor, W_x: Tensor, b: Tensor) -> Tensor:
    """h_t = f / (i + f) * h_{t-1} + i / (i + f) * g(a_g), by a scan over logarithms; returns h (T, N, H)."""
    a_i, a_f, a_g = (x @ W_x.T + b).chunk(3, dim=2)
    d = functional.logsigmoid(a_f) - functional.logsigmoid(a_i)
    return scan_log(functional.logsigmoid(d), functional.logsigmoid(-d) + log_positive(a_g), torch.log(h_0))


class MinLSTM(nn.Module):
    """The minimal LSTM with its weights: W_x (3H, D), b (3H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, 3 * hidden_size, input_size, dtype=dtype)
        self.b = uniform(hidden_size, 3 * hidden_size, dtype=dtype)

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, len(self.b) // 3, 1)
        h = forward(x, h_0, self.W_x, self.b)
        return h, (h[-1],)
