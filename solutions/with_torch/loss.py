"""How wrong the predictions of a sequence are, in PyTorch."""

import torch
from torch import Tensor

from solutions.arguments import takes


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def cross_entropy(y: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax cross-entropy summed over the steps that count: y (T, N, V), targets and mask (T, N); returns a scalar."""
    log_p = y - torch.logsumexp(y, dim=-1, keepdim=True)
    loss = -log_p.gather(-1, targets[..., None])[..., 0]
    if mask is not None:
        loss = torch.where(mask, loss, 0)
    return loss.sum()


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def mean_cross_entropy(y: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """cross_entropy / M, where M is the number of steps that count; 0 if there are none."""
    count = targets.numel() if mask is None else int(mask.sum())
    return cross_entropy(y, targets, mask) / max(count, 1)


@takes(y="T N V", targets="int T N < V", mask="optional bool T N")
def perplexity(y: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
    """exp(L / M), where M is the number of steps that count; ValueError if there are none."""
    count = targets.numel() if mask is None else int(mask.sum())
    if count == 0:
        raise ValueError("perplexity: no step counts, so there is nothing to average over.")
    return torch.exp(cross_entropy(y, targets, mask) / count)
