"""The vanilla recurrent network in PyTorch; the conventions are those of ``solutions.with_numpy.rnn``."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes


@takes(x="N D", h_prev="N H", W_x="H D", W_h="H H", b="H")
def step(x: Tensor, h_prev: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """One step: h_t = tanh(W_x x_t + W_h h_{t-1} + b), with x (N, D), h_prev (N, H); returns h (N, H)."""
    return torch.tanh(x @ W_x.T + h_prev @ W_h.T + b)


@takes(x="T N D", h_0="N H", W_x="H D", W_h="H H", b="H")
def forward(x: Tensor, h_0: Tensor, W_x: Tensor, W_h: Tensor, b: Tensor) -> Tensor:
    """The same step T times: x (T, N, D), h_0 (N, H); returns h (T, N, H), without h_0."""
    h = [h_0]
    for x_t in x:
        h.append(step(x_t, h[-1], W_x, W_h, b))
    return torch.stack(h[1:])


class RNN(nn.Module):
    """The vanilla recurrent network with its weights: W_x (H, D), W_h (H, H), b (H,), uniform in +-1/sqrt(H)."""

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        bound = hidden_size**-0.5
        self.W_x = nn.Parameter(torch.empty(hidden_size, input_size, dtype=dtype).uniform_(-bound, bound))
        self.W_h = nn.Parameter(torch.empty(hidden_size, hidden_size, dtype=dtype).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.empty(hidden_size, dtype=dtype).uniform_(-bound, bound))

    def forward(self, x: Tensor, h_0: Tensor | None = None) -> Tensor:
        """h (T, N, H) from x (T, N, D); h_0 (N, H) is zero where it is not given."""
        if h_0 is None:
            h_0 = x.new_zeros(x.shape[1], len(self.b))
        return forward(x, h_0, self.W_x, self.W_h, self.b)
