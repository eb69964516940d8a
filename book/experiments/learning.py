"""Training within a budget of updates and of processor time, watched as it goes on."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.experiment import Result, Tell
from solutions.with_numpy import optimisers
from solutions.with_numpy.training import LossAndGradients, Optimiser, Weights, train

FIRST = 5  # so many losses are kept: the fingerprint by which a test notices that a run no longer begins as it did
KEPT = 21  # so many of the errors are kept at most, among them the first and the last
SOLVED, UPDATES, SECONDS, NOT_FINITE = "solved", "updates used up", "time used up", "not finite"


@dataclass(frozen=True)
class Budget:
    """What a run may use: so many updates, and so many seconds of one processor."""

    updates: int
    seconds: float


@dataclass
class Watch:
    """How a run goes: its error at some updates, the best weights so far, and how it ended."""

    error: Callable[[Weights], float]
    every: int
    enough: float
    budget: Budget
    tell: Tell
    began: float = field(default_factory=time.process_time)
    update: int = 0
    ended: str = ""
    errors: list[tuple[int, float]] = field(default_factory=list)
    best: Weights = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return time.process_time() - self.began

    def look(self, weights: Weights) -> None:
        """Measure the error, keep the weights if they are the best, and end the run if they are good enough."""
        error = float(self.error(weights))
        if not self.errors or error <= min(error for _, error in self.errors):
            self.best = dict(weights)
        self.errors.append((self.update, error))
        self.tell(f"update {self.update} of {self.budget.updates}, error {error:.4g}")
        if error <= self.enough:
            self.ended = SOLVED

    def before_update(self, weights: Weights) -> None:
        """Called with the weights that an update begins with."""
        if self.update % self.every == 0:
            self.look(weights)
        if not self.ended and self.seconds > self.budget.seconds:
            self.ended = SECONDS
        self.update += 1


def learn(
    weights: Weights, loss_and_gradients: LossAndGradients, batches: Iterable[Any], budget: Budget,
    error: Callable[[Weights], float], tell: Tell, learning_rate: float = 1e-2, clip: float | None = 1.0, every: int = 50,
    enough: float = -np.inf, optimiser: Optimiser | None = None,
) -> tuple[Weights, Result]:  # fmt: skip
    """Train with Adam until the error is small enough or the budget is used up.

    ``error`` is measured before the first update and then every so many; lower is better. The weights that come back
    are those with the lowest error. The result says how the run ended, after how many updates and seconds, and the errors.
    """
    watch = Watch(error, every, enough, budget, tell)
    losses: list[float] = []

    def watched(current: Weights, batch: Any) -> tuple[float, Weights]:
        watch.before_update(current)
        loss, gradients = loss_and_gradients(current, batch)
        losses.append(float(loss))
        return loss, gradients

    def until_ended() -> Iterator[Any]:
        for batch in batches:
            if watch.ended:
                return
            yield batch

    rule = optimiser or functools.partial(optimisers.adam, learning_rate=learning_rate)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite ends the run, and is kept as its end
            last, _ = train(weights, watched, until_ended(), rule, budget.updates, clip, progress=False)
            if not watch.ended:
                watch.look(last)
    except FloatingPointError:
        watch.ended = NOT_FINITE
    return watch.best, outcome(watch, losses)


def thinned(errors: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most ``KEPT`` of the errors, evenly spread."""
    chosen = np.unique(np.linspace(0, len(errors) - 1, min(KEPT, len(errors))).round().astype(int))
    return [errors[index] for index in chosen]


def outcome(watch: Watch, losses: list[float]) -> Result:
    """What is kept of a run."""
    return {
        "ended": watch.ended or UPDATES,
        "updates": watch.errors[-1][0] if watch.ended == SOLVED else watch.update,
        "seconds": round(watch.seconds, 1),
        "best_error": min(error for _, error in watch.errors),
        "errors": thinned(watch.errors),
        "first_losses": losses[:FIRST],
    }


def budget_of(settings: Mapping[str, Any]) -> Budget:
    """The budget that the settings state."""
    return Budget(settings["updates"], settings["seconds"])
