"""Attention in PyTorch: the layer of ``solutions.with_numpy.attention``, and a small model around it."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes
from solutions.with_torch.cells import uniform


@takes(x="T N D", W_q="H D", W_k="H D", W_v="H D")
def forward(x: Tensor, W_q: Tensor, W_k: Tensor, W_v: Tensor) -> Tensor:
    """A mean of the values so far, weighted by softmax(q_t . k_s / sqrt(H)); x (T, N, D); returns y (T, N, H)."""
    q, k, v = x @ W_q.T, x @ W_k.T, x @ W_v.T
    fit = torch.einsum("tnh,snh->nts", q, k) / len(W_q) ** 0.5
    later = torch.ones(len(x), len(x), dtype=torch.bool, device=x.device).triu(1)
    return torch.einsum("nts,snh->tnh", fit.masked_fill(later, -torch.inf).softmax(dim=2), v)


def places(T: int, H: int, dtype: torch.dtype | None = None) -> Tensor:
    """Sines and cosines that tell the place of a step, (T, H): wavelengths from 2 pi to 10000 * 2 pi.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
    """
    frequencies = 10000 ** (-torch.arange(0, H, 2, dtype=torch.float64) / H)
    angles = torch.arange(T, dtype=torch.float64)[:, None] * frequencies
    made = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :H]
    return made.to(dtype or torch.get_default_dtype())


class Attention(nn.Module):
    """One layer of a small transformer: u = W_x x + places, then u + attention(u), then what a perceptron adds to it.

    There is one head, and no normalisation. W_x (H, D), W_q, W_k, W_v (H, H), W_1 (2H, H), b_1 (2H,), W_2 (H, 2H), all
    uniform in +-1/sqrt(H).

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.
    """

    def __init__(self, input_size: int, hidden_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        H = hidden_size
        self.W_x = uniform(H, H, input_size, dtype=dtype)
        self.W_q, self.W_k, self.W_v = (uniform(H, H, H, dtype=dtype) for _ in range(3))
        self.W_1, self.b_1 = uniform(H, 2 * H, H, dtype=dtype), uniform(H, 2 * H, dtype=dtype)
        self.W_2 = uniform(H, H, 2 * H, dtype=dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """y (T, N, H) and the last of it from x (T, N, D)."""
        u = x @ self.W_x.T + places(len(x), len(self.W_x), x.dtype)[:, None].to(x.device)
        u = u + forward(u, self.W_q, self.W_k, self.W_v)
        y = u + torch.relu(u @ self.W_1.T + self.b_1) @ self.W_2.T
        return y, (y[-1],)
