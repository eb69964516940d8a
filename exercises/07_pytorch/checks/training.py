"""`train`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

import numpy as np
import torch

from autograder.exercise import Check, DrawnCase, Trained
from solutions import conversions
from solutions.with_numpy import lstm
from solutions.with_numpy.adding import adding_problem
from solutions.with_torch import adding
from solutions.with_torch.adding import clipped_gradients

Generator = np.random.Generator


UNITS, STEPS, SEQUENCES = 32, 80, 500
SHAPES = {
    "lstm.weight_ih_l0": (4 * UNITS, 2), "lstm.weight_hh_l0": (4 * UNITS, UNITS), "lstm.bias_ih_l0": (4 * UNITS,),
    "lstm.bias_hh_l0": (4 * UNITS,), "sum.weight": (1, UNITS), "sum.bias": (1,),
}  # fmt: skip


def draw_train(rng: Generator) -> list[DrawnCase]:
    x, targets = adding_problem(rng, STEPS, SEQUENCES)
    return [DrawnCase("new data", {"x": x, "targets": targets})]


def squared_error(weights: dict, data: dict) -> float:
    """The mean squared error of the network with these weights, computed without PyTorch."""
    exact = {name: torch.from_numpy(np.array(array, dtype=np.float64)) for name, array in weights.items()}
    parameters = {name.removeprefix("lstm."): tensor for name, tensor in exact.items()}
    W = conversions.from_torch("lstm", parameters)
    zero = np.zeros((data["x"].shape[1], UNITS))
    h, _, _ = lstm.forward(data["x"].astype(np.float64), zero, zero, W["W_x"], W["W_h"], W["b"])
    said = h[-1] @ exact["sum.weight"].numpy()[0] + exact["sum.bias"].numpy()[0]
    return float(np.mean((said - data["targets"]) ** 2))


TRAIN = Check(
    "adding.train", adding.train, draw_train, lambda rng: [], axes="", task="a whole training; its weights are handed in", points=3, section="torch-training: Training",
    earlier=("clipped_gradients", "lag_biases"), tensors=True,
    trained=Trained(
        "weights", SHAPES, squared_error, 0.04, higher=False,
        measure="mean squared error on 500 new sequences of 80 steps",
    ),
)  # fmt: skip


def lstm_as_it_began(weights: dict) -> bool:
    """lag_biases sets these blocks to zero; one update of the LSTM is enough to move them."""
    return not weights["lstm.bias_hh_l0"][: 2 * UNITS].any()


@TRAIN.misconception(
    "The weights are those that the network began with: no update was made. Call optimiser.step() after the gradients of each batch.",
    symptom=lambda weights, score: lstm_as_it_began(weights) and score > 0.5,
)
def step_left_out(model, make_batch, updates, rate, limit):
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    losses = []
    for _ in range(updates):
        optimiser.zero_grad()
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        losses.append(loss.item())
    return losses


@TRAIN.misconception(
    "Only the map behind the LSTM was trained, and the LSTM is as it began. The optimiser has to know model.parameters(), which are all of them.",
    symptom=lambda weights, score: lstm_as_it_began(weights) and score <= 0.5,
)
def lstm_not_trained(model, make_batch, updates, rate, limit):
    optimiser = torch.optim.Adam(model.sum.parameters(), lr=rate)
    losses = []
    for _ in range(updates):
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        optimiser.step()
        losses.append(loss.item())
    return losses


def in_steps_of(size: float, weights: dict) -> bool:
    """Whether weights that began at zero are multiples of a number: Adam's first step has the same size everywhere."""
    steps = weights["lstm.bias_hh_l0"][: 2 * UNITS] / size
    return bool(np.abs(steps).max() > 1.5 and np.median(np.abs(steps - np.round(steps))) < 0.13)


@TRAIN.misconception(
    "All weights moved by steps of one size, as in Adam's first update. It looks as if the optimiser was made anew for each batch and forgot its earlier steps; make it once, before the loop.",
    symptom=lambda weights, score: in_steps_of(0.02, weights),
)
def optimiser_made_in_the_loop(model, make_batch, updates, rate, limit):
    losses = []
    for _ in range(updates):
        optimiser = torch.optim.Adam(model.parameters(), lr=rate)
        loss, _, _ = clipped_gradients(model, *make_batch(), limit)
        optimiser.step()
        losses.append(loss.item())
    return losses
