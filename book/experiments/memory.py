"""How far back can a cell remember? Four tasks, six cells, five seeds each, within equal budgets."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from experiments import learning, models, tasks
from experiments.experiment import SEEDS, Experiment, Result, Row, Settings, Tell, values
from experiments.models import Sequences
from solutions.with_numpy.training import LossAndGradients, Weights

HELD_OUT = 256  # sequences on which the error is measured
TASKS: dict[str, dict[str, Any]] = {
    "first_step": {"lengths": (10, 30, 100, 300, 1000), "H": 32, "updates": 1000, "seconds": 40, "every": 25},
    "adding": {"lengths": (50, 100, 200, 400), "H": 32, "updates": 3000, "seconds": 40, "every": 25},
    "copying": {"lengths": (10, 20, 50), "H": 64, "updates": 3000, "seconds": 30, "every": 50},
    "temporal_order": {"lengths": (20, 50), "H": 32, "updates": 2000, "seconds": 30, "every": 25},
}
SCORES = {"first_step": 2, "adding": 1, "copying": tasks.SYMBOLS + 1, "temporal_order": 4}


def all_runs() -> list[Settings]:
    """Every task, length, cell and seed."""
    return [
        {"task": task, "length": length, "variant": variant, "seed": seed, "N": 20, "learning_rate": 0.01, "clip": 1.0}
        | {name: value for name, value in of_task.items() if name != "lengths"}
        for task, of_task in TASKS.items()
        for length in of_task["lengths"]
        for variant in models.VARIANTS
        for seed in SEEDS
    ]


def baseline(task: str, length: int) -> float:
    """The error of the best answer that remembers nothing."""
    return {
        "first_step": 1 / 2,
        "adding": 1 / 6,
        "copying": tasks.TO_COPY * math.log(tasks.SYMBOLS) / (length + 2 * tasks.TO_COPY),
        "temporal_order": 3 / 4,
    }[task]


def enough(task: str, length: int) -> float:
    """The error at which a task counts as solved: 0.01; in copying a tenth of the baseline."""
    return baseline(task, length) / 10 if task == "copying" else 0.01


def batches(settings: Settings, rng: np.random.Generator) -> Iterator[Sequences]:
    """One batch of new sequences after the other."""
    make = getattr(tasks, settings["task"])
    return (make(rng, settings["length"], settings["N"]) for _ in repeat(None))


def functions(settings: Settings, held_out: Sequences) -> tuple[LossAndGradients, Callable[[Weights], float]]:
    """The loss with its gradients, and the error: the share of wrong answers, or the loss where answers are numbers or many."""
    loss, error = {
        "first_step": (models.classify, models.error_rate),
        "adding": (models.regress, models.squared_error),
        "copying": (models.label_each, models.label_loss),
        "temporal_order": (models.classify, models.error_rate),
    }[settings["task"]]
    cell = models.cell_of(settings["variant"])
    return lambda weights, batch: loss(weights, cell, batch), lambda weights: error(weights, cell, held_out)


def trained(settings: Settings, tell: Tell) -> tuple[Weights, Result]:
    """Train one cell on one task from one seed: the best weights, and what is kept of the run."""
    task, length, seed = settings["task"], settings["length"], settings["seed"]
    rng = np.random.default_rng(seed)
    held_out = getattr(tasks, task)(np.random.default_rng([99, seed]), length, settings.get("held_out", HELD_OUT))
    T, _, D = held_out.x.shape
    weights = models.initial_weights(settings["variant"], D, settings["H"], SCORES[task], rng, longest=T)
    loss_and_gradients, error = functions(settings, held_out)
    return learning.learn(
        weights, loss_and_gradients, batches(settings, rng), learning.budget_of(settings), error, tell,
        settings["learning_rate"], settings["clip"], settings["every"], enough(task, length),
    )  # fmt: skip


def perform(settings: Settings, tell: Tell) -> Result:
    """Train, and keep how it went."""
    return trained(settings, tell)[1]


def solved(rows: Sequence[Row], task: str, length: int, variant: str) -> int:
    """How many seeds solved it."""
    return values(rows, "ended", task=task, length=length, variant=variant).count(learning.SOLVED)


def claims(rows: Sequence[Row]) -> dict[str, bool]:
    lag, default = solved(rows, "first_step", 1000, "lstm_lag"), solved(rows, "first_step", 1000, "lstm_0")
    longest = max(values(rows, "seconds", task="first_step", length=1000, variant="lstm_lag"))
    rnn = values(rows, "best_error", task="adding", length=200, variant="rnn")
    return {
        "Lag 1000: the LSTM with its bias set for the lag solves first-step memory in at least 4 of 5 seeds": lag >= 4,
        "Lag 1000: it takes at most 3 minutes a seed": longest <= 180,
        "Lag 1000: the LSTM with forget bias 0 solves it in no seed": default == 0,
        "Adding, 200 steps: the LSTM with its bias set for the lag solves it in at least 4 of 5 seeds": (
            solved(rows, "adding", 200, "lstm_lag") >= 4
        ),
        "Adding, 200 steps: the GRU solves it in at least 4 of 5 seeds": solved(rows, "adding", 200, "gru") >= 4,
        "Adding, 200 steps: the tanh RNN stays within a fifth of the baseline": min(rnn)
        >= 0.8 * baseline("adding", 200),
    }


EXPERIMENT = Experiment(
    "memory", "How far back can each cell remember?", all_runs(), perform, claims, {"updates": 3, "held_out": 8}
)
