"""Dropout between layers, in PyTorch, with its randomness as an argument."""

from torch import Tensor

from solutions.arguments import takes
from solutions.with_numpy.dropout import check_probability


@takes(x="T N D", u="T N D")
def dropout(x: Tensor, u: Tensor, p: float) -> Tensor:
    """y = x / (1 - p) where u >= p, else 0, with x and u (T, N, D), u uniform from 0 to below 1; ValueError unless 0 <= p < 1."""
    check_probability("dropout", p)
    return x * (u >= p) / (1 - p)
