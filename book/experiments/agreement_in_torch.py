"""PyTorch's side of the comparison of losses; apart from the other, so that whoever reads kept results need not load PyTorch."""

import torch
from torch import nn

from experiments.experiment import Settings
from experiments.models import Sequences
from solutions.conversions import to_torch
from solutions.with_numpy.language_model import of_the_cell
from solutions.with_numpy.training import Weights

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def second_bias_gradient(cell: str, H: int) -> torch.Tensor:
    """What of PyTorch's second bias may learn: of a GRU the part inside the reset product, of the others nothing."""
    kept = torch.zeros({"rnn": 1, "lstm": 4, "gru": 3}[cell] * H)
    if cell == "gru":
        kept[2 * H :] = 1
    return kept


def torch_model(
    cell: str, weights: Weights, D: int, H: int, dtype: torch.dtype, frozen: bool
) -> tuple[nn.Module, nn.Linear]:
    """PyTorch's layer and the scores after it, with our weights."""
    layer, scores = CELLS[cell](D, H).to(dtype), nn.Linear(H, len(weights["b_y"])).to(dtype)
    layer.load_state_dict(to_torch(cell, of_the_cell(weights)))
    with torch.no_grad():
        scores.weight.copy_(torch.from_numpy(weights["W_y"]))
        scores.bias.copy_(torch.from_numpy(weights["b_y"]))
    if frozen:
        kept = second_bias_gradient(cell, H).to(dtype)
        layer.bias_hh_l0.register_hook(lambda gradient: gradient * kept)
    return layer, scores


def torch_losses(settings: Settings, weights: Weights, batches: list[Sequences]) -> list[float]:
    """Train PyTorch's model on the batches."""
    torch.set_num_threads(1)
    D, H = batches[0].x.shape[2], settings["H"]
    layer, scores = torch_model(
        settings["cell"], weights, D, H, getattr(torch, settings["dtype"]), settings["second_bias"] == "frozen"
    )
    rule = torch.optim.SGD(
        [*layer.parameters(), *scores.parameters()], settings["learning_rate"], momentum=settings["momentum"]
    )
    losses = []
    for batch in batches:
        rule.zero_grad()
        h, _ = layer(torch.from_numpy(batch.x))
        loss = nn.functional.cross_entropy(scores(h[-1]), torch.from_numpy(batch.targets))
        loss.backward()
        rule.step()
        losses.append(float(loss.detach()))
    return losses
