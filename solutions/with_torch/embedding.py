"""Words as vectors, in PyTorch."""

import torch
from torch import Tensor, nn

from solutions.arguments import takes


@takes(ids="int T N < V", W_e="V D")
def embed(ids: Tensor, W_e: Tensor) -> Tensor:
    """x[t, n] = W_e[ids[t, n]], with ids (T, N) integers and W_e (V, D); returns x (T, N, D)."""
    return W_e[ids]


class Embedding(nn.Module):
    """A table of word vectors W_e (V, D), standard normal at the start."""

    def __init__(self, vocabulary_size: int, embedding_size: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.W_e = nn.Parameter(torch.randn(vocabulary_size, embedding_size, dtype=dtype))

    def forward(self, ids: Tensor) -> Tensor:
        """x (T, N, D) from ids (T, N)."""
        return embed(ids, self.W_e)
