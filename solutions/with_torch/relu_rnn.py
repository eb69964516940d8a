"""The vanilla network with a ReLU, in PyTorch; the conventions are those of ``solutions.with_numpy.relu_rnn``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import inputs_that_count, uniform, zeros_like_states
from solutions.with_torch.padding import hold


@takes(x="N D", h_prev="N H", W_x="H D", W_h="H H", b="H")
def step(x: Tensor, h_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """One step: h_t = max(0, W_x x_t + W_h h_{t-1} + b), with x (N, D), h_prev (N, H); returns h (N, H)."""
    return torch.relu(x @ W_x.T + h_prev @ W_h.T + b)


@takes(x="T N D", h_0="N H", W_x="H D", W_h="H H", b="H", mask="optional bool T N")
def forward(x: Tensor, h_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor, mask: Tensor | None = None) -> Tensor:
    """The same step T times; where the mask is False the state stays. x (T, N, D), h_0 (N, H); returns h (T, N, H)."""
    h = [h_0]
    for t, x_t in enumerate(inputs_that_count(x, mask)):
        h.append(hold(mask, t, step(x_t, h[-1], W_x, W_h, b), h[-1]))
    return torch.stack(h[1:])


class ReLURNN(nn.Module):
    """The ReLU network with its weights: W_x (H, D), W_h (H, H), b (H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_x = uniform(hidden_size, hidden_size, input_size, dtype=dtype)
        self.W_h = uniform(hidden_size, hidden_size, hidden_size, dtype=dtype)
        self.b = uniform(hidden_size, hidden_size, dtype=dtype)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None, mask: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """h (T, N, H) and the last state (h_T,) from x (T, N, D); the first state is zero where it is not given."""
        (h_0,) = state or zeros_like_states(x, len(self.b), 1)
        h = forward(x, h_0, self.W_x, self.W_h, self.b, mask)
        return h, (h[-1],)
