"""Sequences of unequal length in one batch, in PyTorch; the conventions are those of ``solutions.with_numpy.padding``."""

import torch
from torch import Tensor

from solutions.arguments import takes


@takes(lengths="int N")
def mask_of(lengths: Tensor, T: int) -> Tensor:
    """mask[t, n] = t < lengths[n], (T, N) booleans from lengths (N,); ValueError for lengths below 0 or above T."""
    if lengths.numel() and (int(lengths.min()) < 0 or int(lengths.max()) > T):
        raise ValueError(
            f"mask_of: the argument lengths must hold numbers from 0 to T={T}, "
            f"but holds numbers from {int(lengths.min())} to {int(lengths.max())}."
        )
    return torch.arange(T, device=lengths.device)[:, None] < lengths


@takes(mask="bool T N")
def lengths_of(mask: Tensor) -> Tensor:
    """How many steps of each sequence count: (N,) integers from mask (T, N)."""
    return mask.sum(dim=0)


@takes(mask="optional bool T N", new="N H", old="N H")
def hold(mask: Tensor | None, t: int, new: Tensor, old: Tensor) -> Tensor:
    """The state (N, H) after step t: the new one where the step counts, else the old one."""
    return new if mask is None else torch.where(mask[t, :, None], new, old)


@takes(h="T N H", mask="bool T N")
def zero_padding(h: Tensor, mask: Tensor) -> Tensor:
    """h (T, N, H) with zeros where no step counts, as PyTorch returns the outputs of packed sequences."""
    return torch.where(mask[..., None], h, 0.0)
