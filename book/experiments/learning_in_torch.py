"""Models of equal size around a cell of PyTorch or of ``solutions.with_torch``, and their training. What the experiments on what
came after share.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from experiments import learning
from experiments.experiment import Result, Tell
from solutions.with_torch.attention import Attention
from solutions.with_torch.diagonal import Diagonal
from solutions.with_torch.min_gru import MinGRU

CELLS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "rnn": nn.RNN,
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "min_gru": MinGRU,
    "diagonal_positive": lambda D, H: Diagonal(D, H, negative=False),
    "diagonal": Diagonal,
    "attention": Attention,
}
Batch = tuple[Tensor, Tensor, Tensor]  # x (T, N, D), targets (T, N), and which of them count (T, N)


class Model(nn.Module):
    """A cell, and V scores at each step."""

    def __init__(self, variant: str, D: int, H: int, V: int) -> None:
        super().__init__()
        self.cell, self.scores = CELLS[variant](D, H), nn.Linear(H, V)

    def forward(self, x: Tensor) -> Any:
        """Scores (T, N, V) from x (T, N, D)."""
        return self.scores(self.cell(x)[0])


def parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def units(variant: str, D: int, V: int, most: int) -> int:
    """The largest number of units with which the model has at most so many parameters."""
    H = 1
    while parameters(Model(variant, D, H + 1, V)) <= most:
        H += 1
    return H


def right(model: nn.Module, batch: Batch) -> float:
    """The share of the targets that count whose score is the highest."""
    x, targets, counts = batch
    with torch.no_grad():
        return float((model(x).argmax(dim=2) == targets)[counts].double().mean())


def learn(model: nn.Module, make_batch: Callable[[], Batch], updates: int, rate: float, tell: Tell) -> Result:
    """Train with Adam; the rate falls to zero in a straight line in the last half. What is kept of the run."""
    optimiser, began, losses = torch.optim.Adam(model.parameters(), lr=rate), time.process_time(), []
    for update in range(updates):
        x, targets, counts = make_batch()
        optimiser.param_groups[0]["lr"] = rate * min(1.0, 2 * (1 - update / updates))
        loss = nn.functional.cross_entropy(model(x)[counts], targets[counts])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if update % 100 == 0:
            tell(f"update {update} of {updates}, loss {losses[-1]:.4g}")
    return {
        "updates": updates,
        "seconds": round(time.process_time() - began, 1),
        "parameters": parameters(model),
        "last_loss": sum(losses[-50:]) / len(losses[-50:]),
        "first_losses": losses[: learning.FIRST],
    }
