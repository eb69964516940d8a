"""What stands on the hidden states and before the inputs, in PyTorch, as in ``solutions.with_numpy.heads``."""

import torch
from torch import Tensor

from solutions.arguments import takes
from solutions.with_torch.padding import lengths_of


@takes(h="T N H", mask="bool T N", W_y="V H", b_y="V")
def many_to_one(h: Tensor, mask: Tensor, W_y: Tensor, b_y: Tensor) -> Tensor:
    """y[n] = W_y h[length_n - 1, n] + b_y, (N, V) from h (T, N, H); ValueError if a sequence has no step that counts."""
    lengths = lengths_of(mask)
    if bool((lengths == 0).any()):
        n = int(lengths.argmin())
        raise ValueError(f"many_to_one: the sequence {n} has no step that counts, so it has no last one.")
    return h[lengths - 1, torch.arange(len(lengths), device=h.device)] @ W_y.T + b_y


@takes(x="N D")
def one_to_many_inputs(x: Tensor, T: int) -> Tensor:
    """The vector x (N, D) at the first step and zeros after it, (T, N, D); ValueError if T is below 1."""
    if T < 1:
        raise ValueError(f"one_to_many_inputs: the argument T must be at least 1 step, but is {T}.")
    return torch.cat([x[None], x.new_zeros(T - 1, *x.shape)])
