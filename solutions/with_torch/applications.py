"""Two networks from PyTorch's parts, and what each of them learns from: one answer for a sequence, and another sequence."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Reader(nn.Module):
    """The parts of a network that reads a sequence and gives scores to classes: a GRU and a linear map."""

    def __init__(self, inputs: int, units: int, classes: int) -> None:
        super().__init__()
        self.gru = nn.GRU(inputs, units)
        self.scores = nn.Linear(units, classes)


class Translator(nn.Module):
    """The parts of an encoder and a decoder: for each a table of vectors and a GRU, and the map from states to scores."""

    def __init__(self, letters_in: int, letters_out: int, size: int, units: int) -> None:
        super().__init__()
        self.embed_in, self.embed_out = nn.Embedding(letters_in, size), nn.Embedding(letters_out, size)
        self.encoder, self.decoder = nn.GRU(size, units), nn.GRU(size, units)
        self.scores = nn.Linear(units, letters_out)
        for gru in (self.encoder, self.decoder):  # z near 1: from the first update on, the states are kept for a while
            nn.init.ones_(gru.get_parameter("bias_hh_l0")[units : 2 * units])


def reading_loss(model: Reader, x: Tensor, mask: Tensor, targets: Tensor) -> Tensor:
    """The mean cross-entropy of a batch, with scores from the state at each sequence's own last step.

    L = -1/N sum_n log softmax(y_n)[target_n]    with y_n = model.scores(h[length_n - 1, n])

    Parameters
    ----------
    model : Reader
        ``model.gru(x)`` returns all states (T, N, H) and the one after the last row; ``model.scores`` maps states to scores.
    x : (T, N, D)
        The inputs. Behind a sequence's end stands something else.
    mask : (T, N) booleans
        True where a step counts.
    targets : (N,) integers
        The right classes.

    Returns
    -------
    loss : a tensor of one number

    Source: Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 10.2 (figure 10.5).
    """
    h, _ = model.gru(x)
    last = h[mask.sum(dim=0) - 1, torch.arange(h.shape[1])]
    return nn.functional.cross_entropy(model.scores(last), targets)


def writing_loss(model: Translator, source: Tensor, mask: Tensor, target: Tensor, start: int) -> Tensor:
    """The mean cross-entropy of all letters to write, with teacher forcing.

    L = -1/(T N) sum_t sum_n log softmax(y_{t,n})[target_{t,n}]

    Parameters
    ----------
    model : Translator
        ``model.embed_in``, ``model.encoder``, ``model.embed_out``, ``model.decoder`` and ``model.scores``. A GRU takes inputs
        (T, N, D), and states (1, N, H) to begin with, where it is not to begin with zeros.
    source : (S, N) integers
        The letters to read. Behind a text's end stands padding.
    mask : (S, N) booleans
        True where a letter stands.
    target : (T, N) integers
        The letters to write, the sign for the end included.
    start : int
        The sign for the start.

    Returns
    -------
    loss : a tensor of one number

    Source: Sutskever, Vinyals and Le, "Sequence to sequence learning with neural networks", 2014; teacher forcing: Williams
    and Zipser, "A learning algorithm for continually running fully recurrent neural networks", 1989.
    """
    h, _ = model.encoder(model.embed_in(source))
    last = h[mask.sum(dim=0) - 1, torch.arange(h.shape[1])]
    before = torch.cat([torch.full_like(target[:1], start), target[:-1]])
    s, _ = model.decoder(model.embed_out(before), last[None])
    y = model.scores(s)
    return nn.functional.cross_entropy(y.flatten(0, 1), target.flatten())


def fit(
    model: nn.Module,
    loss_of: Callable[..., Tensor],
    make_batch: Callable[[], tuple[Any, ...]],
    updates: int,
    rate: float,
) -> list[float]:
    """Train a model with Adam, on a new batch for each update; the model is changed in place.

    In the last third of the updates the learning rate falls to zero in a straight line. The global norm of the gradients is
    clipped at 1.

    Parameters
    ----------
    model : torch.nn.Module
        What is trained.
    loss_of : callable
        ``loss_of(model, *batch)`` returns the loss of a batch.
    make_batch : callable
        Takes nothing; returns a new batch each time it is called.
    updates : int
        How many updates.
    rate : float
        Adam's learning rate.

    Returns
    -------
    losses : list of floats
        The loss of each batch, before its update. It is printed after every hundred updates.
    """
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for update in range(1, updates + 1):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, 3 * (1 - update / (updates + 1)))
        loss = loss_of(model, *make_batch())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        if update % 100 == 0:
            print(f"update {update}: loss {losses[-1]:.3f}")
    return losses
