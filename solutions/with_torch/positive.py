"""The logarithm of what minimal gated networks squash with, in PyTorch."""

import torch
from torch import Tensor
from torch.nn import functional


def log_positive(a: Tensor) -> Tensor:
    """log(a + 1/2) for a >= 0, log sigmoid(a) for a < 0; any shape."""
    return torch.where(a >= 0, torch.log(torch.relu(a) + 0.5), functional.logsigmoid(a))
