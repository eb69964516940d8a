"""Does our NumPy code learn as PyTorch's layers do? The same digits, weights, batches and rule: the same losses."""

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from torch import nn

from experiments import learning, models
from experiments.applications import classification
from experiments.applications.digits import sequences
from experiments.data import digits
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.conversions import to_torch
from solutions.with_numpy import optimisers
from solutions.with_numpy.language_model import of_the_cell
from solutions.with_numpy.training import Weights, train

CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
EVERY = 5  # of the losses, one in so many is kept
FROZEN, LEARNING = "frozen", "learning"


def second_bias_gradient(cell: str, H: int) -> torch.Tensor:
    """What of PyTorch's second bias may learn: of a GRU the part inside the reset product, of the others nothing."""
    kept = torch.zeros({"rnn": 1, "lstm": 4, "gru": 3}[cell] * H)
    if cell == "gru":
        kept[2 * H :] = 1
    return kept


def torch_model(
    cell: str, weights: Weights, D: int, H: int, dtype: torch.dtype, second_bias: str
) -> tuple[nn.Module, nn.Linear]:
    """PyTorch's layer and the scores after it, with our weights."""
    layer, scores = CELLS[cell](D, H).to(dtype), nn.Linear(H, len(weights["b_y"])).to(dtype)
    layer.load_state_dict(to_torch(cell, of_the_cell(weights)))
    with torch.no_grad():
        scores.weight.copy_(torch.from_numpy(weights["W_y"]))
        scores.bias.copy_(torch.from_numpy(weights["b_y"]))
    if second_bias == FROZEN:
        kept = second_bias_gradient(cell, H).to(dtype)
        layer.bias_hh_l0.register_hook(lambda gradient: gradient * kept)
    return layer, scores


def torch_losses(settings: Settings, weights: Weights, batches: list[Sequences]) -> list[float]:
    """Train PyTorch's model on the batches."""
    torch.set_num_threads(1)
    D, H = batches[0].x.shape[2], settings["H"]
    layer, scores = torch_model(
        settings["cell"], weights, D, H, getattr(torch, settings["dtype"]), settings["second_bias"]
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


def our_losses(settings: Settings, weights: Weights, batches: list[Sequences]) -> list[float]:
    """Train our model on the same batches."""

    def rule(current: Weights, gradients: Weights, state: dict) -> tuple[Weights, dict]:
        return optimisers.sgd(current, gradients, state, settings["learning_rate"], settings["momentum"])

    cell = settings["cell"]
    _, history = train(
        weights, lambda w, some: models.classify(w, cell, some), batches, rule, len(batches), progress=False
    )
    return history.losses


def perform(settings: Settings, tell: Tell) -> Result:
    """Both, from the same weights, on the same batches; and how far the losses are apart, relative to ours."""
    training, _, _ = digits.load()
    data, rng = sequences(training, "rows"), np.random.default_rng(settings["seed"])
    data = data._replace(x=data.x.astype(settings["dtype"]))
    weights = models.initial_weights(settings["cell"], data.x.shape[2], settings["H"], 10, rng)
    weights = {name: array.astype(settings["dtype"]) for name, array in weights.items()}
    batches = list(islice(classification.batches(rng, data, settings["N"]), settings["updates"]))
    ours, theirs = our_losses(settings, weights, batches), torch_losses(settings, weights, batches)
    apart = [abs(a - b) / a for a, b in zip(ours, theirs, strict=True)]
    return {
        "first_losses": ours[: learning.FIRST],
        "ours": ours[::EVERY],
        "torch": theirs[::EVERY],
        "largest_difference": max(apart),
    }


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    exact = values(rows, "largest_difference", dtype="float64", second_bias=FROZEN)
    single = values(rows, "largest_difference", dtype="float32", second_bias=FROZEN)
    both = values(rows, "largest_difference", dtype="float64", second_bias=LEARNING)
    return {
        "In float64 the losses agree to 1e-9 at every update": max(exact) < 1e-9,
        "In float32 they agree to 1e-2": max(single) < 1e-2,
        "With both of PyTorch's biases learning they come at least 1 % apart": min(both) > 0.01,
    }


def runs() -> list[Settings]:
    common = {"H": 32, "N": 32, "learning_rate": 0.03, "momentum": 0.9, "updates": 300}
    kinds = (("float64", FROZEN), ("float32", FROZEN), ("float64", LEARNING))
    return [
        {"cell": cell, "dtype": dtype, "second_bias": second, "seed": seed, **common}
        for cell in CELLS
        for dtype, second in kinds
        for seed in SEEDS
    ]


EXPERIMENT = Experiment("agreement", "Does our code learn as PyTorch's does?", runs(), perform, claims, {"updates": 20})
