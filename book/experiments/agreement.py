"""Does our NumPy code learn as PyTorch's layers do? The same digits, weights, batches and rule: the same losses."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from experiments import learning, models
from experiments.applications import classification
from experiments.applications.digits import sequences
from experiments.data import digits
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.with_numpy import optimisers
from solutions.with_numpy.training import Weights, train

CELLS = ("rnn", "lstm", "gru")
EVERY = 5  # of the losses, one in so many is kept
FROZEN, LEARNING = "frozen", "learning"  # PyTorch's second bias


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
    from experiments.agreement_in_torch import torch_losses

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
