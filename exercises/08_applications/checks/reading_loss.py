"""`reading_loss`: challenges, worked cases, points, and what learners get wrong."""

# A misconception takes what the reference takes, whether it uses it or not.

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import nn

from autograder.exercise import Check, DrawnCase, Trained
from solutions.with_numpy import gru, heads
from solutions.with_numpy.moving_digit import moving_digits
from solutions.with_torch import applications

from .drawing import CLIP_UNITS

Generator = np.random.Generator
PICTURES = Path(__file__).parents[1] / "data" / "digits_judge.npz"


def draw_films(rng: Generator) -> list[DrawnCase]:
    """Films of pictures that students do not have."""
    with np.load(PICTURES) as kept:
        images = kept["images"] / 16
    x, mask, targets = moving_digits(images, rng, 1000)
    return [DrawnCase("1000 new films", {"x": x, "mask": mask, "targets": targets})]


def states_of(weights: dict, x: np.ndarray, name: str, h_0: np.ndarray) -> np.ndarray:
    """All states of one of the GRUs."""
    h, _ = gru.forward(x, h_0, *our_weights(weights, name))
    return h


def our_weights(weights: dict, name: str) -> tuple:
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return gru.from_pytorch(*(weights[f"{name}.{kind}_l0"].astype(np.float32) for kind in kinds))


def film_scores(weights: dict, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    h = states_of(weights, x, "gru", np.zeros((x.shape[1], CLIP_UNITS), np.float32))
    return heads.many_to_one(
        h, mask, weights["scores.weight"].astype(np.float32), weights["scores.bias"].astype(np.float32)
    )


def direction_accuracy(weights: dict, data: dict) -> float:
    """The share of films whose direction is found."""
    return float(np.mean(film_scores(weights, data["x"], data["mask"]).argmax(axis=1) == data["targets"]))


def gru_shapes(name: str, D: int, H: int) -> dict:
    kinds = {"weight_ih": (3 * H, D), "weight_hh": (3 * H, H), "bias_ih": (3 * H,), "bias_hh": (3 * H,)}
    return {f"{name}.{kind}_l0": shape for kind, shape in kinds.items()}


READ = Check(
    "applications.reading_loss", applications.reading_loss, draw_films, lambda rng: [], axes="", task="what the first network learns from; its weights are handed in", points=3,
    section="app-many-to-one: Reading the right last step",
    trained=Trained(
        "reader_weights", {**gru_shapes("gru", 144, CLIP_UNITS), "scores.weight": (4, CLIP_UNITS), "scores.bias": (4,)},
        direction_accuracy, 0.85, higher=True, measure="share of right directions on 1000 new films",
    ),
)  # fmt: skip


def accuracy_read(weights: dict, how: Callable) -> float:
    """The share of right directions on films of our own, read in another way: ``how`` makes a mask of the mask."""
    (case,) = draw_films(np.random.default_rng(8))
    return direction_accuracy(weights, case.inputs | {"mask": how(case.inputs["mask"])})


@READ.misconception(
    "The network answers better at the last row of the batch than at each film's own last frame. It looks as if h[-1] was read, although behind a film's end "
    "stands another film.",
    symptom=lambda weights, score: accuracy_read(weights, np.ones_like) > score + 0.05,
)
def last_row_read(model, x, mask, targets):
    h, _ = model.gru(x)
    return nn.functional.cross_entropy(model.scores(h[-1]), targets)
