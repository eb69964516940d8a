"""A network for the adding problem, and its training."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Adder(nn.Module):
    """An LSTM that reads the whole sequence, and a map from its last hidden state to one number."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2, hidden_size)
        self.sum = nn.Linear(hidden_size, 1)

    def forward(self, x: Tensor) -> Any:
        """One number for each sequence, (N, 1), from x (T, N, 2)."""
        output, _ = self.lstm(x)
        return self.sum(output[-1])


def clipped_gradients(
    model: nn.Module, x: Tensor, targets: Tensor, limit: float
) -> tuple[Tensor, Tensor, dict[str, Tensor | None]]:
    """The loss of a batch, and its gradients, clipped by their global norm.

    L = 1/N sum_n (y_n - target_n)^2    with y = model(x)

    Parameters
    ----------
    model : torch.nn.Module
        Makes predictions (N, 1) of x. Its parameters may hold gradients of an earlier batch, which must not count,
        even where they are infinite or NaN.
    x : (T, N, D)
        The inputs.
    targets : (N,)
        The right answers.
    limit : float
        The largest norm of all gradients together.

    Returns
    -------
    loss : a tensor of one number
        The mean squared error.
    norm : a tensor of one number
        The norm of all gradients together, before clipping.
    gradients : dict of tensors
        The gradients after clipping, by the names of the parameters. They also stay with the parameters, in ``grad``, for the
        optimiser.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.
    """
    predictions = model(x)[:, 0]
    loss = ((predictions - targets) ** 2).mean()
    model.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), limit)
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return loss.detach(), norm, gradients


def train(
    model: nn.Module, make_batch: Callable[[], tuple[Tensor, Tensor]], updates: int, rate: float, limit: float
) -> list[float]:
    """Train a model with Adam, on a new batch for each update; the model is changed in place.

    Parameters
    ----------
    model : torch.nn.Module
        As for ``clipped_gradients``.
    make_batch : callable
        Takes nothing; returns a new batch each time it is called, x (T, N, D) and targets (N,).
    updates : int
        How many updates.
    rate : float
        Adam's learning rate.
    limit : float
        The largest norm of all gradients together.

    Returns
    -------
    losses : list of floats
        The loss of each batch, before its update. The mean of the last hundred is printed after every hundred updates.
    """
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for update in range(1, updates + 1):
        x, targets = make_batch()
        loss, _, _ = clipped_gradients(model, x, targets, limit)
        optimiser.step()
        losses.append(float(loss))
        if update % 100 == 0:
            print(f"update {update}: {sum(losses[-100:]) / 100:.4f}")
    return losses
