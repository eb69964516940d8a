"""All experiments, by name, in the order of the book."""

from experiments import agreement, gradients, lstm_paths, memory, one_bit, parity, recall
from experiments.applications import (
    captions,
    characters,
    dates,
    digits,
    messages,
    moving_digit,
    names,
    sentiment,
    speakers,
    turns,
)
from experiments.experiment import Experiment

MODULES = (
    gradients, lstm_paths, memory, one_bit, agreement, parity, recall, messages, characters, speakers, turns, digits,
    moving_digit, captions, names, sentiment, dates,
)  # fmt: skip
EXPERIMENTS: dict[str, Experiment] = {module.EXPERIMENT.name: module.EXPERIMENT for module in MODULES}


def named(name: str) -> Experiment:
    """The experiment of that name."""
    return EXPERIMENTS[name]
