"""What the modules of all cells share: drawing weights, and holding the inputs of padding apart."""

import torch
from torch import Tensor, nn

from solutions.with_torch.padding import zero_padding


def uniform(hidden_size: int, *shape: int, dtype: torch.dtype | None = None) -> nn.Parameter:
    """A parameter of that shape, uniform in +-1/sqrt(H)."""
    bound = hidden_size**-0.5
    return nn.Parameter(torch.empty(*shape, dtype=dtype).uniform_(-bound, bound))


def inputs_that_count(x: Tensor, mask: Tensor | None) -> Tensor:
    """x (T, N, D) with zeros at padding, so that whatever stands there reaches no state and no gradient."""
    return x if mask is None else zero_padding(x, mask)


def zeros_like_states(x: Tensor, hidden_size: int, count: int) -> tuple[Tensor, ...]:
    """As many states (N, H) of zeros, for inputs x (T, N, D)."""
    return tuple(x.new_zeros(x.shape[1], hidden_size) for _ in range(count))
