"""All experiments, by name, in the order of the book."""

from experiments import memory
from experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {module.EXPERIMENT.name: module.EXPERIMENT for module in (memory,)}


def named(name: str) -> Experiment:
    """The experiment of that name."""
    return EXPERIMENTS[name]
