"""The linear recurrence h_t = a_t h_{t-1} + b_t by scans, in PyTorch, as in ``solutions.with_numpy.scan``."""

import torch
from torch import Tensor

from solutions.arguments import takes


@takes(a="T N H", b="T N H", h_0="N H")
def scan(a: Tensor, b: Tensor, h_0: Tensor) -> Tensor:
    """The recurrence in ceil(log2 T) rounds: a and b (T, N, H), h_0 (N, H); returns h (T, N, H)."""
    b = torch.cat([b[:1] + a[:1] * h_0, b[1:]])
    back = 1
    while back < len(b):
        b = torch.cat([b[:back], torch.addcmul(b[back:], a[back:], b[:-back])])
        a = torch.cat([a[:back], a[back:] * a[:-back]])
        back = 2 * back
    return b


@takes(log_a="T N H", log_b="T N H", log_h_0="N H")
def scan_log(log_a: Tensor, log_b: Tensor, log_h_0: Tensor) -> Tensor:
    """The recurrence for positive numbers from their logarithms, log_h_0 may be -inf; returns the states h (T, N, H)."""
    s = torch.cumsum(log_a, dim=0)
    terms = torch.cat([log_h_0[None], log_b - s])
    return torch.exp(s + torch.logcumsumexp(terms, dim=0)[1:])
