"""From hidden states to scores, in PyTorch."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes


@takes(h="T N H", W_y="V H", b_y="V")
def affine(h: Tensor, W_y: Tensor, b_y: Tensor) -> Tensor:
    """y_t = W_y h_t + b_y, with h (T, N, H), W_y (V, H), b_y (V,); returns y (T, N, V)."""
    return h @ W_y.T + b_y


class Affine(nn.Module):
    """The affine map with its weights W_y (V, H) and b_y (V,), uniform in +-1/sqrt(H)."""

    def __init__(self, hidden_size: int, output_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        bound = hidden_size**-0.5
        self.W_y = nn.Parameter(torch.empty(output_size, hidden_size, dtype=dtype).uniform_(-bound, bound))
        self.b_y = nn.Parameter(torch.empty(output_size, dtype=dtype).uniform_(-bound, bound))

    def forward(self, h: Tensor) -> Tensor:
        """y (T, N, V) from h (T, N, H)."""
        return affine(h, self.W_y, self.b_y)
